"""Tardis.dev CSV files, plain or gzip: incremental_book_L2, and trades beside them.

Times are us: `timestamp` of the exchange, `local_timestamp` of arrival, by which the rows are sorted; at equal local times the
book comes before trades. Columns are found by the names in the first line. Where is_snapshot turns true the rows of
that time are the whole book. `amount` is the level's new quantity, 0 removes it; a trade's side is its aggressor's.
Trades of unknown side are left out: nothing tells which side of the book they met. (Tardis.dev, "Data types".)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl

import mmkit
from mmkit_plugins.market._recorded import END, LATEST, on_grid, pieces

COLUMNS = {
    **dict.fromkeys(("timestamp", "local_timestamp"), pl.Int64),
    **dict.fromkeys(("price", "amount"), pl.Float64),
    **dict.fromkeys(("symbol", "side", "is_snapshot"), pl.String),
}
BOOK = ("timestamp", "local_timestamp", "price", "amount", "symbol", "side", "is_snapshot")
TRADES = BOOK[:-1]
SIDES = {"bid": mmkit.BID, "ask": mmkit.ASK, "buy": mmkit.BUY, "sell": mmkit.SELL}


@attrs.frozen
class Params:
    """Which recordings, and what their clocks are worth."""

    path: tuple[Path, ...] = mmkit.field(doc="incremental_book_L2 files, one after the other in time")
    trades: tuple[Path, ...] = mmkit.field((), doc="trades files of the same time")
    base_latency: mmkit.Duration = mmkit.field(
        "0ms", unit="ns", at_least=0, doc="smallest latency, to which local times that precede the venue's are moved"
    )
    symbol: str = mmkit.field("", doc="the symbol; without it, that of the first row")


def events(params: Params, instrument: Any, rng: Any) -> Iterator[mmkit.Events]:
    """Yields book and trades by local time. Raises DataError with file and line."""
    shift = _shift(params)
    symbol = [params.symbol] if params.symbol else []
    book = _rows(params.path, BOOK, symbol, shift, instrument)
    trades = _rows(params.trades, TRADES, symbol, shift, instrument)
    yield from mmkit.two_clocks(_merged(book, trades), source=f"{params.path[0]}: ")


def _shift(params: Params) -> int:
    """Returns what is added to local times, ns, from the smallest latency up to the first fault."""
    least = 0
    for paths, columns in ((params.path, BOOK), (params.trades, TRADES)):
        try:
            for path in paths:
                for _, frame in _frames(path, columns):
                    latency = (frame["local_timestamp"] - frame["timestamp"]).min()
                    least = min(least, latency if isinstance(latency, int) else 0)
        except mmkit.DataError:
            continue
    return params.base_latency - 1000 * least if least < 0 else 0


def _frames(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yields the number of a table's first line and the table; null where a field cannot be read."""
    names: list[str] = []
    for line, text in pieces(path):
        if not names:
            head, _, text = text.partition(b"\n")
            names = head.decode("utf-8", "replace").strip().split(",")
            line = 2
            if missing := [name for name in columns if name not in names]:
                raise mmkit.DataError(f"{path}:1: has no column {', '.join(missing)}")
        if text.strip():
            yield (
                line,
                pl.read_csv(
                    text,
                    has_header=False,
                    schema={name: COLUMNS.get(name, pl.String) for name in names},
                    ignore_errors=True,
                    truncate_ragged_lines=True,
                ).select(columns),
            )


def _rows(
    paths: tuple[Path, ...], columns: tuple[str, ...], symbol: list[str], shift: int, instrument: Any
) -> Iterator[mmkit.Events]:
    """Yields rows in the order of the files; `symbol` holds the one that all must have, once it is known."""
    was_snapshot = False
    local = latest = -(2**62)
    for path in paths:
        for line, frame in _frames(path, columns):
            if not symbol:
                symbol.append(str(frame["symbol"][0]))
            good, fault = _first_fault(frame, symbol[0], local, latest)
            frame = frame[:good]
            kind = frame["side"].replace_strict(SIDES, default=mmkit.GAP, return_dtype=pl.UInt8).to_numpy()
            tick, lots, wrong, said = on_grid(frame["price"].to_numpy(), frame["amount"].to_numpy(), kind, instrument)
            if said:
                good, fault = wrong, said
            found = np.zeros(good, mmkit.EVENT)
            found["exch_ts"] = frame["timestamp"].to_numpy()[:good] * 1000
            found["local_ts"] = frame["local_timestamp"].to_numpy()[:good] * 1000 + shift
            found["tick"], found["lots"], found["kind"] = tick[:good], lots[:good], kind[:good]
            found["stream"] = mmkit.BOTH
            if columns is BOOK and good:
                snapshot = (frame["is_snapshot"] == "true").to_numpy()[:good]
                found = _with_resets(found, snapshot, was_snapshot)
                was_snapshot = bool(snapshot[-1])
            yield found[found["kind"] != mmkit.GAP]
            if fault:
                raise mmkit.DataError(f"{path}:{line + good}: {fault}")
            local = int(frame["local_timestamp"][-1])
            latest = max(latest, int(frame["timestamp"].max()))  # type: ignore[arg-type]


def _first_fault(frame: pl.DataFrame, symbol: str, local: int, latest: int) -> tuple[int, str]:
    """Returns how many rows can be read and what is wrong with the next."""
    sides = ("bid", "ask") if "is_snapshot" in frame.columns else ("buy", "sell", "unknown")
    arrived, happened = frame["local_timestamp"], frame["timestamp"]
    faults = [(frame[name].is_null(), f"{name} cannot be read") for name in frame.columns]
    faults += [
        (~column.is_between(1, END // 1000), f"{column.name} is no time in us") for column in (happened, arrived)
    ]
    faults += [
        (frame["symbol"] != symbol, f"the row is not of symbol {symbol}"),
        (~frame["side"].is_in(sides), f"side is not {', '.join(sides[:-1])} or {sides[-1]}"),
        (arrived < arrived.shift(1, fill_value=local), "local_timestamp is before that of the row ahead"),
        (
            happened < happened.cum_max().clip(lower_bound=latest) - LATEST // 1000,
            f"timestamp is more than {LATEST * 1e-9:g} s before that of a row ahead",
        ),
    ]
    if "is_snapshot" in frame.columns:
        faults.append((~frame["is_snapshot"].is_in(["true", "false"]), "is_snapshot is not true or false"))
    found = [(int(mask.fill_null(False).arg_max() or 0), said) for mask, said in faults if mask.any()]
    return min(found, key=lambda fault: fault[0], default=(len(frame), ""))


def _with_resets(rows: mmkit.Events, snapshot: Any, was_snapshot: bool) -> mmkit.Events:
    """Returns the rows with a RESET where snapshots begin."""
    begins = np.flatnonzero(snapshot & ~np.concatenate([[was_snapshot], snapshot[:-1]]))
    marks = rows[begins]
    marks["tick"], marks["lots"], marks["kind"], marks["stream"] = 0, 0, mmkit.RESET, mmkit.BOTH | mmkit.ADDED
    return np.insert(rows, begins, marks)


def _merged(*sources: Iterator[mmkit.Events]) -> Iterator[mmkit.Events]:
    """Yields the rows of sources that are sorted by local time, by local time, at equal ones in the order of the sources.

    A fault of one source is raised once the others have come to where it is.
    """
    held = [np.zeros(0, mmkit.EVENT) for _ in sources]
    over = [False for _ in sources]
    end = 2**63 - 1
    fault: mmkit.DataError | None = None

    def fetch(number: int) -> None:
        nonlocal end, fault
        try:
            piece = next(sources[number], None)
        except mmkit.DataError as error:
            piece = None
            if seen[number] < end:
                end, fault = seen[number], error
        over[number] = piece is None
        if piece is not None and len(piece):
            held[number] = np.concatenate([held[number], piece])
            seen[number] = int(piece["local_ts"][-1])

    seen = [-(2**63) for _ in sources]
    while True:
        # What is before the end of every piece at hand can be put in order.
        open_ends = [seen[number] for number in range(len(sources)) if not over[number]]
        until = min([*open_ends, end + 1]) if open_ends or fault else end
        counts = [int(np.searchsorted(rows["local_ts"], until)) for rows in held]
        ready = np.concatenate([rows[:count] for rows, count in zip(held, counts, strict=True)])
        held = [rows[count:] for rows, count in zip(held, counts, strict=True)]
        yield ready[np.argsort(ready["local_ts"], kind="stable")]
        if not open_ends or until > end:
            break
        fetch(min((number for number in range(len(sources)) if not over[number]), key=lambda number: seen[number]))
    if fault:
        raise fault


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    return mmkit.Market("tardis", params=Params, events=events)
