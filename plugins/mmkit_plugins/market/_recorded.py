"""What text recordings have in common: plain or gzip by their first bytes, whole lines, prices and quantities on a grid."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import mmkit

PIECE = 4 << 20
"""Bytes of text handed out at once: a few megabytes stay in the cache."""

BLOCK = 1 << 16
"""Bytes read from a file at once."""

END = 2**62
"""Times from here on, ns, are none: the year 2116."""

MOST = 2.0**53
"""Ticks and lots up to which a float is exact."""

LATEST = 55 * 10**9
"""Nanoseconds by which a row may have happened before one known earlier; mmkit.two_clocks allows a little more."""


def pieces(path: Path, size: int = PIECE) -> Iterator[tuple[int, bytes]]:
    """Yields the number of a piece's first line, from 1, and its text.

    Raises DataError for a file that cannot be read, is empty or ends early, after the whole lines before.
    """
    line = 1
    rest = b""
    waiting: list[bytes] = []
    length = 0
    fault = ""
    blocks = _blocks(path)
    while True:
        try:
            block = next(blocks, b"")
        except (EOFError, zlib.error) as error:
            block, fault = b"", f"gzip is {'cut short' if isinstance(error, EOFError) else 'damaged'}"
        except OSError as error:
            raise mmkit.DataError(f"{path}: {error.strerror or error}") from None
        waiting.append(block)
        length += len(block)
        if block and length < size:
            continue
        text = rest + b"".join(waiting)
        cut = len(text) if not block and not fault else text.rfind(b"\n") + 1
        if cut:
            yield line, text[:cut]
            line += text.count(b"\n", 0, cut)
        if fault:
            raise mmkit.DataError(f"{path}:{line}: {fault}")
        if not block:
            break
        rest, waiting, length = text[cut:], [], 0
    if line == 1 and not cut:
        raise mmkit.DataError(f"{path}: is empty")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        block = file.read(BLOCK)
        if block[:2] != b"\x1f\x8b":
            while block:
                yield block
                block = file.read(BLOCK)
            return
        member = zlib.decompressobj(31)
        while block:
            if text := member.decompress(block):
                yield text
            if not member.eof:
                block = file.read(BLOCK)
            elif block := (member.unused_data or file.read(BLOCK)).lstrip(b"\0"):
                member = zlib.decompressobj(31)
        if not member.eof:
            raise EOFError


def on_grid(price: Any, quantity: Any, kind: Any, instrument: Any) -> tuple[Any, Any, int, str]:
    """Returns ticks and lots, the first wrong row and what is wrong with it ("" if nothing is).

    Prices are multiples of the tick size up to the rounding of a float; quantities go to the nearest lot, those of trades
    to one at least. Rows that are neither levels nor trades may have price 0.
    """
    trade = (kind == mmkit.BUY) | (kind == mmkit.SELL)
    priced = trade | (kind == mmkit.BID) | (kind == mmkit.ASK)
    with np.errstate(invalid="ignore", over="ignore"):  # of prices that are faults
        ticks, lots = price / instrument.tick_size, np.rint(quantity / instrument.lot_size)
        tick = np.rint(ticks)
        on = np.abs(ticks - tick) <= np.maximum(1e-6, 1e-13 * tick)
    faults = (
        (~(np.isfinite(price) & ((price > 0) | ~priced)), "price {0!r} is not above 0"),
        (~(np.isfinite(quantity) & (quantity >= 0)), "quantity {1!r} is not at least 0"),
        (~((ticks < MOST) & (lots < MOST)), "price {0!r} or quantity {1!r} is too large"),
        (trade & (quantity == 0), "quantity {1!r} of a trade is not above 0"),
        (~on, "price {0!r} is no multiple of tick_size {2!r}"),
    )
    found = [(int(wrong.argmax()), order, said) for order, (wrong, said) in enumerate(faults) if wrong.any()]
    if found:
        at, _, said = min(found)
        return tick, lots, at, said.format(float(price[at]), float(quantity[at]), instrument.tick_size)
    return tick, np.where(trade, np.maximum(lots, 1), lots), len(tick), ""
