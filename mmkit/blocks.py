"""Market events as blocks: runs of rows that one segment can hold, found for a whole array of rows at once."""

from typing import Any

import attrs
import numpy as np

from mmkit.tape import ASK, BID, CLEAR_ASKS, CLEAR_BIDS, GAP, LOCAL, RESET, VENUE, Events
from mmkit.window import EMPTY_ASK, EMPTY_BID


@attrs.frozen(eq=False)
class Blocks:
    """Columns with one entry per block, over kept rows `key` (from the window's base) and `lots`.

    A block of levels has one time, one stream, each key once and no bid at or above an ask. A trade, a clear, a GAP and
    a RESET are blocks of their own. start, end: its kept rows (levels outside the window, GAP and RESET have none);
    first_row: of the source; highest, lowest: bid and ask among its levels with a quantity; more_*: the same message
    goes on in the stream's next block.
    """

    kind: Any
    stream: Any
    exch_ts: Any
    local_ts: Any
    tick: Any
    start: Any
    end: Any
    first_row: Any
    highest: Any
    lowest: Any
    more_local: Any
    more_venue: Any
    key: Any
    lots: Any
    far_count: Any
    far_first: Any
    far_key: Any
    far_lots: Any

    def far(self, block: int) -> tuple[list[int], list[int]]:
        """Returns keys (tick * 2 + is_ask) and lots of a block's levels outside the window."""
        part = slice(self.far_first[block], self.far_first[block] + self.far_count[block])
        return self.far_key[part].tolist(), self.far_lots[part].tolist()

    def to_walk(self, base: int, window: int) -> list[int]:
        """Returns the blocks that change a book, and the trades at prices outside the window."""
        trade = (self.kind > ASK) & (self.kind < CLEAR_BIDS)
        outside = (self.tick < base) | (self.tick >= base + window)
        walked: list[int] = np.flatnonzero(~trade | outside).tolist()
        return walked

    def message_end(self, block: int) -> int:
        """Returns the end of the levels that follow a block at its times and in its streams."""
        at = block + 1
        while (
            at < len(self.kind)
            and self.kind[at] <= ASK
            and self.exch_ts[at] == self.exch_ts[block]
            and self.local_ts[at] == self.local_ts[block]
            and self.stream[at] == self.stream[block]
        ):
            at += 1
        return at


def blocks_of(rows: Events, base: int, window: int, longest: int) -> Blocks:
    """Returns the blocks of rows for a window of ticks from `base`, each of at most `longest` rows."""
    columns = ("exch_ts", "local_ts", "tick", "lots", "kind")
    exch_ts, local_ts, tick, lots, kind = (rows[name].copy() for name in columns)
    stream = rows["stream"] & (LOCAL | VENUE)
    level = kind <= ASK
    inside = level & (tick >= base) & (tick < base + window)
    clear = (kind == CLEAR_BIDS) | (kind == CLEAR_ASKS)
    kept = inside | (~level & (kind < GAP))
    key = (np.where(clear, np.clip(tick, base, base + window), tick) - base) * 2 + (kind & 1)

    edge = np.ones(len(rows) + 1, bool)
    edge[1:-1] = (exch_ts[1:] != exch_ts[:-1]) | (local_ts[1:] != local_ts[:-1]) | (stream[1:] != stream[:-1])
    edge[1:-1] |= ~level[1:] | ~level[:-1]
    bids = np.where(level & (kind == BID) & (lots > 0), tick, EMPTY_BID)
    asks = np.where(level & (kind == ASK) & (lots > 0), tick, EMPTY_ASK)
    first = np.flatnonzero(edge[:-1])
    doubtful = np.maximum.reduceat(bids, first) >= np.minimum.reduceat(asks, first)
    doubtful |= np.diff(first, append=len(rows)) > longest
    doubtful[_repeated(edge, key, inside, window)] = True
    for block in np.flatnonzero(doubtful).tolist():
        end = int(first[block + 1]) if block + 1 < len(first) else len(rows)
        _split(edge, int(first[block]), end, tick, kind, lots, longest)
    first = np.flatnonzero(edge[:-1])

    before = np.concatenate([[0], np.cumsum(kept)])
    bounds = np.append(first, len(rows))
    away = level & ~inside
    away_before = np.concatenate([[0], np.cumsum(away)])
    messages = (exch_ts[first], local_ts[first], kind[first], stream[first])
    return Blocks(
        kind=kind[first],
        stream=stream[first],
        exch_ts=exch_ts[first],
        local_ts=local_ts[first],
        tick=tick[first],
        start=before[bounds[:-1]],
        end=before[bounds[1:]],
        first_row=bounds,
        highest=np.maximum.reduceat(bids, first),
        lowest=np.minimum.reduceat(asks, first),
        more_local=_goes_on(*messages, LOCAL),
        more_venue=_goes_on(*messages, VENUE),
        key=key[kept],
        lots=lots[kept],
        far_count=away_before[bounds[1:]] - away_before[bounds[:-1]],
        far_first=away_before[bounds[:-1]],
        far_key=tick[away] * 2 + kind[away],
        far_lots=lots[away],
    )


def _repeated(edge: Any, key: Any, inside: Any, window: int) -> Any:
    """Returns the blocks in which a key comes twice."""
    shift = (2 * window).bit_length()
    codes = ((np.cumsum(edge[:-1]) - 1) << shift | key)[inside]
    codes.sort()
    return codes[1:][codes[1:] == codes[:-1]] >> shift


def _split(edge: Any, first: int, end: int, tick: Any, kind: Any, lots: Any, longest: int) -> None:
    """Marks where a run of levels has to be cut: at a key's second row, where a bid and an ask cross, for its length."""
    seen: set[tuple[int, int]] = set()
    start, highest, lowest = first, EMPTY_BID, EMPTY_ASK
    columns = (column[first:end].tolist() for column in (tick, kind, lots))
    for row, (price, side, quantity) in enumerate(zip(*columns, strict=True), first):
        crosses = quantity > 0 and (price >= lowest if side == BID else price <= highest)
        if (price, side) in seen or crosses or row - start >= longest:
            edge[row] = True
            seen.clear()
            start, highest, lowest = row, EMPTY_BID, EMPTY_ASK
        seen.add((price, side))
        if quantity > 0:
            if side == BID:
                highest = max(highest, price)
            else:
                lowest = min(lowest, price)


def _goes_on(exch_ts: Any, local_ts: Any, kind: Any, stream: Any, of: int) -> Any:
    """Returns which blocks of one stream are followed in it by more of the same message."""
    more = np.zeros(len(kind), bool)
    own = np.flatnonzero(stream & of)
    now, then = own[:-1], own[1:]
    book = (kind <= ASK) | (kind == CLEAR_BIDS) | (kind == CLEAR_ASKS) | (kind == RESET)
    more[now] = (exch_ts[now] == exch_ts[then]) & (local_ts[now] == local_ts[then]) & book[now] & book[then]
    return more
