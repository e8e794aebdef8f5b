"""mmkit data: recordings become tapes; what is in a recording or a tape, and what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkit.cli.options import Json
from mmkit.cli.printing import say
from mmkit.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mmkit.manifest import Manifest
    from mmkit.stack import Leg
    from mmkit.survey import Survey
    from mmkit.tape import Chunk

GRID = "--market binance-raw --tick 0.1 --lot 0.001"
EXAMPLE = f"Example: mmkit data convert btcusdt.gz {GRID} --out btcusdt.tape"

app = typer.Typer(
    name="data",
    help="Make tapes of recordings, see what is in them, check them; alone: where runs keep their tapes.",
    epilog=EXAMPLE,
    invoke_without_command=True,
    rich_markup_mode=None,
)

Market = Annotated[
    str | None,
    typer.Option("--market", metavar="NAME", help="The market plugin that reads the recording.", show_default=False),
]
Tick = Annotated[
    float | None,
    typer.Option("--tick", metavar="PRICE", help="Tick size, in quote currency.", show_default=False),
]
Lot = Annotated[
    float | None,
    typer.Option("--lot", metavar="QUANTITY", help="Lot size, in base currency.", show_default=False),
]
Name = Annotated[
    str, typer.Option("--name", metavar="NAME", help="The instrument's name; else the file's.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A parameter of the market: --set base_latency=5ms"),
]
Given = Annotated[Path, typer.Argument(metavar="PATH", help="A tape or a recording.", show_default=False)]


@app.callback()
def where(context: typer.Context, as_json: Json = False) -> None:
    """Make tapes of recordings, see what is in them, check them; alone: where runs keep their tapes.

    A run over a recording keeps its tape in the cache folder (MMKIT_CACHE names another); any of them may be deleted.
    """
    if context.invoked_subcommand is not None:
        return
    from mmkit.folder import as_json as json_text
    from mmkit.kept import tapes_folder
    from mmkit.manifest import is_tape

    folder = tapes_folder()
    tapes = [tape for tape in sorted(folder.iterdir()) if is_tape(tape)] if folder.is_dir() else []
    size = sum(file.stat().st_size for tape in tapes for file in tape.iterdir())
    if as_json:
        say(json_text({"folder": str(folder), "tapes": len(tapes), "bytes": size}))
    else:
        say(f"{folder}: {len(tapes)} {'tape' if len(tapes) == 1 else 'tapes'}, {size / 1e6:,.1f} MB")


@app.command("convert", epilog=EXAMPLE)
def convert(
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Files, one after the other in time.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The tape's folder, a new one.")],
    market: Market = None,
    tick: Tick = None,
    lot: Lot = None,
    name: Name = "",
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Convert a recording to a tape and print its folder. A fault in the recording (exit code 3) ends the tape there."""
    from mmkit import tapes
    from mmkit.folder import as_json as json_text
    from mmkit.kept import about

    leg = _leg(source, market, tick, lot, name, overrides)
    made = tapes.write(out, _converted(leg), about(leg))
    say(json_text(_document(made)) if as_json else str(out))
    if made.fault is not None:
        raise DataError(made.fault)


@app.command("info", epilog=f"Example: mmkit data info btcusdt.gz {GRID}")
def info(
    path: Given,
    market: Market = None,
    tick: Tick = None,
    lot: Lot = None,
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Say what is in a tape (its manifest), or with --market in a recording (rows, times, book at the end, trades, marks)."""
    from mmkit.folder import as_json as json_text
    from mmkit.manifest import is_tape, manifest
    from mmkit.survey import survey

    if _reads_tape(path, market, is_tape(path)):
        document = _document(manifest(path))
    else:
        leg = _leg([str(path)], market, tick, lot, "", overrides)
        found = survey(_converted(leg))
        document = {"market": leg.market.rule.name, "sources": [str(path)], **_contents(found, leg)}
    say(json_text(document) if as_json else _table(document))


@app.command("check", epilog="Example: mmkit data check btcusdt.tape")
def check(
    path: Given,
    market: Market = None,
    tick: Tick = None,
    lot: Lot = None,
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Look for what is wrong with a tape or a recording: damage, gaps, crossed books, times out of order; a line each.

    Exit code 0: nothing found; 1: something found; 3: it cannot be read.
    """
    from mmkit import tapes
    from mmkit.folder import as_json as json_text
    from mmkit.manifest import is_tape, manifest
    from mmkit.survey import survey

    lines: list[str] = []
    if _reads_tape(path, market, is_tape(path)):
        for one in manifest(path).files:
            try:
                now = tapes.digest_of(path / one.path).sha256
            except OSError as error:
                raise DataError(f"{path / one.path}: {error.strerror or error}") from None
            if now != one.sha256:
                lines.append(f"{one.path}: is not what was written: SHA-256 {now}, the manifest says {one.sha256}")
        # Of damaged files nothing else can be said.
        found = None if lines else survey(tapes.read(path))
    else:
        found = survey(_converted(_leg([str(path)], market, tick, lot, "", overrides)))
    lines += found.lines() if found is not None else []
    if as_json:
        say(json_text({"path": str(path), "events": found.events if found is not None else None, "found": lines}))
    else:
        events = found.events if found is not None else 0
        say("\n".join(f"{path}: {line}" for line in lines) or f"{path}: nothing wrong in {events:,} rows")
    if lines:
        raise typer.Exit(1)


def _reads_tape(path: Path, market: str | None, there: bool) -> bool:
    """Returns whether a path is read as a tape. Raises DataError for one that is neither a tape nor read by a market."""
    if market is not None:
        return False
    if there:
        return True
    if not path.exists():
        raise DataError(f"{path}: no such file or tape")
    if path.is_dir():
        raise DataError(f"{path}: is no tape: it has no manifest.json")
    raise ConfigError("--market: required: the market plugin that reads a recording")


def _converted(leg: "Leg") -> "Iterator[Chunk]":
    import numpy as np

    from mmkit.driver import converted

    return converted(leg, np.random.default_rng(0))


def _leg(
    sources: list[str],
    market: str | None,
    tick: float | None,
    lot: float | None,
    name: str,
    overrides: list[str] | None,
) -> "Leg":
    """Returns an instrument whose market reads these files. Raises ConfigError, a line for every option at fault."""
    from mmkit.overrides import toml_value
    from mmkit.plugins import offers
    from mmkit.rules import Role
    from mmkit.stack import Instrument, Leg, Slot
    from mmkit.structure import structure

    needed = {
        "--market": (market, "the market plugin that reads a recording"),
        "--tick": (tick, "tick size, in quote currency"),
        "--lot": (lot, "lot size, in base currency"),
    }
    lacking = [f"{option}: required: {what}" for option, (value, what) in needed.items() if value is None]
    if lacking:
        raise ConfigError(*lacking)
    offered = offers()
    try:
        rule, distribution = offered.load(Role.MARKET, str(market))
    except ConfigError as error:
        raise ConfigError(f"--market: {error}") from None
    if rule.events is None:  # type: ignore[attr-defined]
        raise ConfigError(f'--market: "{market}" makes no market events')
    table: dict[str, Any] = {"path": sources if len(sources) > 1 else sources[0]}
    faults = []
    for text in overrides or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            faults.append(f"--set {text}: is written KEY=VALUE, such as --set base_latency=5ms")
        else:
            table[key.strip()] = toml_value(value.strip())
    params, wrong = structure(rule.params, table, Path.cwd())
    reads_none = f'market "{market}" reads no file'
    faults += [
        f"{key}: {reads_none if key == 'path' and text.startswith('unknown key') else text}" for key, text in wrong
    ]
    grid = {"name": name or Path(sources[0]).name.split(".")[0], "tick_size": tick, "lot_size": lot}
    instrument, wrong = structure(Instrument, grid, Path.cwd())
    options = {"tick_size": "--tick", "lot_size": "--lot", "name": "--name"}
    faults += [f"{options.get(key, key)}: {text}" for key, text in wrong]
    if faults:
        raise ConfigError(*faults)
    slot = Slot(name="market", path="market", rule=rule, params=params, wiring={}, distribution=distribution)
    return Leg(instrument, slot, slot)


def _document(made: "Manifest") -> dict[str, Any]:
    import attrs

    return attrs.asdict(made)


def _contents(found: "Survey", leg: "Leg") -> dict[str, Any]:
    """Returns a survey in the instrument's units."""
    import attrs

    tick, lot = leg.instrument.tick_size, leg.instrument.lot_size
    return {
        "events": found.events,
        "first": found.first,
        "last": found.last,
        "best_bid": _on_grid(found.bid, tick),
        "best_ask": _on_grid(found.ask, tick),
        "bid_levels": found.bid_levels,
        "ask_levels": found.ask_levels,
        "trades": found.trades,
        "volume": _on_grid(found.volume, lot),
        "gaps": len(found.gaps),
        "marks": found.marks,
        "settlements": [attrs.asdict(one) for one in found.settlements],
        "fault": found.fault,
    }


def _on_grid(count: int | None, size: float) -> float | None:
    """Returns a multiple of a tick or lot size without the digits that a float adds."""
    return None if count is None else float(f"{count * size:.12g}")


def _table(document: dict[str, Any]) -> str:
    """Returns a document as lines of key and value; chunks are counted, files, sources and settlements take a line each."""
    lines = []
    for key, value in document.items():
        if value is None or key == "byte_order":
            continue
        if key == "chunks":
            lines.append((key, str(len(value))))
        elif key in ("first", "last"):
            lines.append((key, f"{value} ns ({_utc(value)})"))
        elif isinstance(value, list | tuple):
            lines += [(key, _entry(one)) for one in value]
        elif isinstance(value, dict):
            lines += [(f"{key}.{name}", str(entry)) for name, entry in value.items()]
        else:
            lines.append((key, f"{value:,}" if isinstance(value, int) else str(value)))
    width = max(len(key) for key, _ in lines)
    return "\n".join(f"{key:<{width}}  {value}" for key, value in lines)


def _entry(one: Any) -> str:
    """Returns a file, a settlement or a path as text."""
    if not isinstance(one, dict):
        return str(one)
    if "rate" in one:
        return f"{one['time']} ns ({_utc(one['time'])})  rate {one['rate']:.8g}  mark {one['mark']:.12g}"
    return f"{one['path']}  {one['size']:,} bytes  sha256 {one['sha256']}"


def _utc(ns: int) -> str:
    from datetime import UTC, datetime, timedelta

    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return "beyond the calendar"
