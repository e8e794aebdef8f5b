"""Which row of the market was being handled when something went wrong: found afterwards, so that the loop keeps no count."""

from collections.abc import Sequence
from typing import Any

from mmkit.blame import locals_of
from mmkit.called import OF_THE_VENUE
from mmkit.engine.replay import run_local, run_venue
from mmkit.tape import MORE, TRADE_BUY, TRADE_SELL
from mmkit.track import Track


def row_of(tracks: Sequence[Track], number: int, function: str, error: BaseException | None) -> int | None:
    """Returns the row of an instrument's market that a rule's function was called for, or the last one before, counted from 1.

    That is its place among the rows that the market handed over. Where a chunk holds rows of its own (the removals of a snapshot, rows
    that each stream has elsewhere) it is the row at the same part of the chunk. None before the first row, and where it is not known.
    """
    track = tracks[number]
    if function in OF_THE_VENUE:
        inside = locals_of(error, run_venue.__code__)
        return track.row("venue", int(inside["i"])) if "i" in inside else None
    reading = track.view.reading
    inside = locals_of(error, run_local.__code__)
    if function in ("on_trade", "on_book"):
        at = int(inside["i"]) if "i" in inside else heard(track, function)
        return track.row("local", at) if at is not None else None
    return track.row("local", int(reading.local) - 1)


def heard(track: Track, function: str) -> int | None:
    """Returns the number of the local segment that compiled code was telling the signals of: the first that fits what they see."""
    view = track.view
    market, local = view.market, track.local
    for at in range(int(view.reading.local), local.count):
        segment = local.segments[at]
        ts, kind, flag = (int(_of(segment, name)) for name in ("ts", "kind", "flag"))
        if ts > market.now:
            return None
        trades = kind in (TRADE_BUY, TRADE_SELL)
        if ts < market.now or trades != (function == "on_trade"):
            continue
        if trades:
            row = int(_of(segment, "start"))
            key, lots = track.rows["local"]
            side = 1 if kind == TRADE_BUY else -1
            if (side, market.base + (int(key[row]) >> 1), int(lots[row])) == (
                view.trade.side,
                view.trade.price_ticks,
                view.trade.qty_lots,
            ):
                return at
        elif not flag & MORE and market.bid_ticks - market.base == int(_of(segment, "bid")):
            if market.ask_ticks - market.base == int(_of(segment, "ask")):
                return at
    return None


def _of(segment: Any, name: str) -> Any:
    return getattr(segment, name) if hasattr(segment, name) else segment[name]
