"""mmkit bench: speed, latency, memory, and what each optimization gains and changes."""

from typing import Annotated, Any

import typer

from mmkit.cli.options import Data, Disable, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit bench stack.toml --enable pricing.spread-cache --ablate"


def bench(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    source: Annotated[bool, typer.Option("--source", help="Print the stack's own module and stop.")] = False,
    ablate: Annotated[bool, typer.Option("--ablate", help="Only what each optimization gains and changes.")] = False,
    repeat: Annotated[int, typer.Option(min=1, max=1000, help="Counted runs of each.")] = 5,
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
    from mmkit import benching

    def tell(text: str) -> None:
        typer.echo(text, err=True)

    found: dict[str, Any] = {"stack": read_stack.name}
    if not ablate:
        found["engines"] = benching.engines(read_stack, ["python", "compiled"], repeat, tell)
        found["decision_python"] = benching.latency(read_stack)
        found["memory"] = benching.memory(program(read_stack))
    found["optimizations"] = {
        engine: benching.ablation(read_stack, engine, repeat, tell) for engine in ("python", "compiled")
    }
    say(json_text(found) if as_json else told(found, repeat))


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
    decision = found.get("decision_python")
    if decision:
        lines.append(
            f"decision   {decision['p50_us']:8.1f} us in Python (p99 {decision['p99_us']:.1f}, max {decision['max_us']:.1f}, "
            f"first {decision['first_us']:.1f})"
        )
    memory = found.get("memory")
    if memory:
        lines.append(
            f"memory     {memory['rules_bytes']} bytes for the rules, {memory['kernel_bytes']} for the kernel, "
            f"{memory['orders_bytes']} for {memory['orders']} orders and their messages"
        )
    for engine, rows in found["optimizations"].items():
        for row in rows:
            ratio = row["ratio"]
            hits = f", hits {row['hit_ratio']:.1%}" if row["hit_ratio"] is not None else ""
            lines.append(
                f"{row['optimization']} ({engine}): time on / off {ratio['median']:.3f} "
                f"({ratio['min']:.3f} to {ratio['max']:.3f}){hits}; {change(row)}"
            )
    if not any(found["optimizations"].values()):
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
