"""Event files of hftbacktest 2 (.npz with the member "data", or .npy), read as they are.

A row is of 64 bytes: ev u8, exch_ts i8, local_ts i8 (both ns), px f8, qty f8, order_id u8, ival i8, fval f8. Of `ev`, bit 31
puts the row in the venue's stream, bit 30 in the local one, 29 is a bid or a buyer, 28 an ask or a seller; the low byte is 1 a
level's new quantity, 2 a trade, 3 the removal of levels, 4 a level of a snapshot (hftbacktest's documentation, "Data").

Prices and quantities go to the nearest tick and lot, as there; less than half a lot is no level, a trade has at least one
lot. A removal of one side takes the bids at or above px, the asks at or below px; a removal that names no side takes
everything. (After a removal of bids hftbacktest knows no best bid until the next one comes; here it is the next below.)
Left out: rows in neither stream, levels and trades that name no side, and best-quote or custom rows, which the book does
not need. Events of single orders are a fault.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import numpy as np

import mmkit
from mmkit_plugins.market._recorded import MOST

ROW = np.dtype(
    [
        *(("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8")),
        *(("qty", "f8"), ("order_id", "u8"), ("ival", "i8"), ("fval", "f8")),
    ]
)
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
ORDERS = (10, 13)
"""First and last kind of events of single orders."""

PIECE = 1 << 16
"""Rows read at once."""


@attrs.frozen
class Params:
    """Which recordings."""

    path: tuple[Path, ...] = mmkit.field(doc="files, one after the other in time")


def events(params: Params, instrument: Any, rng: Any) -> Iterator[mmkit.Events]:
    """Yields the rows in the order of the files. Raises DataError with file and row, counted from 0."""
    clocks = {mmkit.LOCAL: -(2**63), mmkit.VENUE: -(2**63)}
    for path in params.path:
        first = 0
        for rows in _pieces(path):
            good, fault = _check(rows, clocks, instrument)
            yield _converted(rows[:good], instrument.tick_size, instrument.lot_size)
            if fault:
                raise mmkit.DataError(f"{path}: row {first + good}: {fault}")
            first += len(rows)


def _pieces(path: Path) -> Iterator[Any]:
    """Yields a file's rows in pieces, whole rows before the fault where it ends early."""
    done = 0
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                yield from _rows(path, file)
                return
            file.seek(0)
            with zipfile.ZipFile(file) as archive, archive.open("data.npy") as member:
                for rows in _rows(path, member):
                    done += len(rows)
                    yield rows
    except KeyError:
        raise mmkit.DataError(f'{path}: has no member "data"') from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise mmkit.DataError(f"{path}: row {done}: damaged or cut short ({error or 'ends early'})") from None
    except OSError as error:
        raise mmkit.DataError(f"{path}: {error.strerror or error}") from None


def _rows(path: Path, file: Any) -> Iterator[Any]:
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
    except ValueError:
        raise mmkit.DataError(f"{path}: is not a .npz or .npy file") from None
    if dtype != ROW or len(shape) != 1:
        raise mmkit.DataError(f"{path}: holds {dtype} of shape {shape}, not a list of hftbacktest 2 events")
    if not shape[0]:
        raise mmkit.DataError(f"{path}: is empty")
    for first in range(0, shape[0], PIECE):
        wanted = min(PIECE, shape[0] - first)
        data = _read(file, wanted * ROW.itemsize)
        yield np.frombuffer(data[: len(data) // ROW.itemsize * ROW.itemsize], ROW)
        if len(data) < wanted * ROW.itemsize:
            raise mmkit.DataError(f"{path}: row {first + len(data) // ROW.itemsize}: cut short")


def _read(file: BinaryIO, size: int) -> bytes:
    """Returns up to `size` bytes, fewer only at the end."""
    data = io.BytesIO()
    while data.tell() < size:
        part = file.read(size - data.tell())
        if not part:
            break
        data.write(part)
    return data.getvalue()


def _check(rows: Any, clocks: dict[int, int], instrument: Any) -> tuple[int, str]:
    """Returns how many rows are good and what is wrong with the next one; moves the clocks on."""
    kind, px, qty = rows["ev"] & np.uint64(0xFF), rows["px"], rows["qty"]
    sided = rows["ev"] >> np.uint64(28) & np.uint64(3) != 0
    priced = (kind >= DEPTH) & (kind <= SNAPSHOT) & sided
    level = priced & (kind != CLEAR)
    wrong = [
        (priced & ~((px > 0) & (px < MOST * instrument.tick_size)), "price", px),
        (level & ~((qty >= 0) & (qty < MOST * instrument.lot_size)), "quantity", qty),
        (level & (kind == TRADE) & (qty == 0), "quantity of a trade", qty),
        ((kind >= ORDERS[0]) & (kind <= ORDERS[1]), "event of a single order, not of a level: kind", kind),
    ]
    faults = [(int(mask.argmax()), f"{what} {values[mask.argmax()]}") for mask, what, values in wrong if mask.any()]
    for stream, column, bit in ((mmkit.LOCAL, "local_ts", 30), (mmkit.VENUE, "exch_ts", 31)):
        own = np.flatnonzero(rows["ev"] >> np.uint64(bit) & np.uint64(1))
        times = np.concatenate([[clocks[stream]], rows[column][own]])
        back = np.flatnonzero(times[1:] < times[:-1])
        if len(back):
            faults.append((int(own[back[0]]), f"{column} {times[back[0] + 1]} is before {times[back[0]]}"))
        clocks[stream] = int(times[-1])
    return min(faults, default=(len(rows), ""))


def _converted(rows: Any, tick_size: float, lot_size: float) -> mmkit.Events:
    ev = rows["ev"]
    bits = (ev >> np.uint64(28)).astype(np.uint8)
    kind = (ev & np.uint64(0xFF)).astype(np.uint8)
    buy, sided = bits & 2 != 0, bits & 3 != 0
    level, trade, clear = (kind == DEPTH) | (kind == SNAPSHOT), kind == TRADE, kind == CLEAR
    found = np.zeros(len(rows), mmkit.EVENT)
    found["exch_ts"], found["local_ts"] = rows["exch_ts"], rows["local_ts"]
    priced = sided & (level | trade | clear)
    found["tick"] = np.rint(np.where(priced, rows["px"], 0.0) / tick_size)
    found["lots"] = np.rint(np.where(priced & ~clear, rows["qty"], 0.0) / lot_size)
    found["lots"][trade] = np.maximum(found["lots"][trade], 1)
    of_level, of_trade, of_clear = (
        np.where(buy, bid, ask)
        for bid, ask in ((mmkit.BID, mmkit.ASK), (mmkit.BUY, mmkit.SELL), (mmkit.CLEAR_BIDS, mmkit.CLEAR_ASKS))
    )
    found["kind"] = np.select([level, trade, clear & sided], [of_level, of_trade, of_clear], mmkit.RESET)
    found["stream"] = (bits >> 3 & 1) * mmkit.VENUE | (bits >> 2 & 1) * mmkit.LOCAL
    return found[(found["stream"] != 0) & ((sided & (level | trade)) | clear)]


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    return mmkit.Market("hftbacktest", params=Params, events=events)
