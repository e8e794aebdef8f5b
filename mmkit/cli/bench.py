"""mmkit bench: speed, latency, memory, and what each optimization gains and changes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mmkit.cli.options import Data, Disable, DisablePlugin, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit bench stack.toml --enable pricing.spread-cache --ablate"


def bench(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    disable_plugin: DisablePlugin = None,
    source: Annotated[bool, typer.Option("--source", help="Print the stack's own module and stop.")] = False,
    ablate: Annotated[bool, typer.Option("--ablate", help="Only what each optimization gains and changes.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what every rule has unless it is off, in the compiled engine: minutes.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, max=1000, help="Counted runs of each.")] = 5,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw what each optimization gains, as SVG.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a stack: rows per second engine by engine, a decision's latency, memory, and each optimization."""
    from mmkit.engine.session import program
    from mmkit.folder import as_json as json_text
    from mmkit.settings import read

    read_stack = read(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    if source:
        say(program(read_stack).source.rstrip())
        return
    if picture is not None and not picture.absolute().parent.is_dir():
        raise unwritable(picture, "no such folder")  # now, not after minutes
    from mmkit import benching

    def tell(text: str) -> None:
        typer.echo(text, err=True)

    found: dict[str, Any] = {"stack": read_stack.name}
    if not ablate:
        found["engines"] = benching.engines(read_stack, ["python", "compiled"], repeat, tell)
        found["decisions"] = [benching.latency(read_stack, engine, tell) for engine in ("python", "compiled")]
        if not read_stack.leg.market.rule.paths:  # type: ignore[attr-defined]
            from mmkit.calling import called_from_python

            found["called_from_python"] = called_from_python(read_stack, tell)
        found["memory"] = {**benching.memory(program(read_stack)), "peak_bytes": benching.peak_memory()}
    found["optimizations"] = {
        engine: benching.ablation(read_stack, engine, repeat, tell, everything) for engine in ("python", "compiled")
    }
    say(json_text(found) if as_json else told(found, repeat))
    if picture is not None:
        from mmkit.ablation_picture import svg

        try:
            picture.write_text(svg(read_stack.name, [row for rows in found["optimizations"].values() for row in rows]))
        except OSError as error:
            raise unwritable(picture, error.strerror or str(error)) from None


def unwritable(picture: Path, reason: str) -> Exception:
    """Returns the fault of a picture that has no place."""
    from mmkit.errors import ConfigError

    return ConfigError(f"--picture {picture}: cannot write there: {reason}")


def told(found: dict[str, Any], repeat: int) -> str:
    """Returns the measurements as text."""
    lines = [f"stack {found['stack']}: medians of {repeat} runs each, in turn (least to most)"]
    for row in found.get("engines", ()):
        rate, runs = row["rows_per_s"], row["run_s"]
        equal = "" if row["same_as_first"] else "  DIFFERENT from the first engine"
        lines.append(
            f"{row['engine']:<10} {rate['median'] / 1e6:8.2f} M rows/s ({rate['min'] / 1e6:.2f} to {rate['max'] / 1e6:.2f}), "
            f"{row['rows']} rows in {runs['median'] * 1e3:.1f} ms, compiled or loaded in {row['compile_s']:.2f} s{equal}"
        )
    for each in found.get("decisions", ()):
        if each["timed"]:
            lines.append(
                f"decision   {each['p50_us']:8.2f} us {each['engine']} (p99 {each['p99_us']:.2f}, max {each['max_us']:.2f}, "
                f"first {each['first_us']:.2f})"
            )
    called = found.get("called_from_python")
    if called:
        lines.append(
            f"decision   {called['p50_us']:8.2f} us compiled, called from Python event by event (p99 {called['p99_us']:.2f}, "
            f"max {called['max_us']:.2f})"
        )
    memory = found.get("memory")
    if memory:
        peak = f"; the whole process at its peak {memory['peak_bytes'] / 1e6:.0f} MB" if memory["peak_bytes"] else ""
        lines.append(
            f"memory     {memory['state_bytes']} bytes of state: {memory['rules_bytes']} rules, {memory['kernel_bytes']} kernel, "
            f"{memory['orders_bytes']} for {memory['orders']} orders; {memory['messages_bytes']} for messages under way{peak}"
        )
    rows = [row for each in found["optimizations"].values() for row in each]
    if rows:
        width = max(len(row["optimization"]) for row in rows)
        lines.append(
            f"{'optimization':<{width}}  engine    time on / off         hits   state bytes    log a decision  changes"
        )
    for row in rows:
        ratio, size, log = row["ratio"], row["state_bytes"], row["log_per_decision"]
        hits = f"{row['hit_ratio']:.1%}" if row["hit_ratio"] is not None else ""
        spread = f"{ratio['median']:.3f} ({ratio['min']:.3f}-{ratio['max']:.3f})"
        bytes_ = f"{size['on']}/{size['off']}"
        volume = "/".join(f"{log[name]:.3g}" if log[name] is not None else "-" for name in ("on", "off"))
        lines.append(
            f"{row['optimization']:<{width}}  {row['engine']:<8}  {spread:<20}  {hits:>5}  {bytes_:<13}  {volume:<14}  {change(row)}"
        )
    if not rows:
        lines.append("no optimization is on: mmkit optimizations list STACK says which apply")
    return "\n".join(lines)


def change(row: dict[str, Any]) -> str:
    """Says what an optimization changed."""
    if row["changed"] == "identical":
        return "quotes and fills identical"
    return (
        f"quotes differ at {row['differing']:.1%} of the times, by at most {row['largest_ticks']:g} ticks; "
        f"PnL by {row['pnl']:+.6g}"
    )
