"""Binance's raw feeds as they were received: USD-M and coin-M futures and spot, plain or gzip, one message a line.

A line is `<local time> <message>`, the local time in ns (19 digits) or us (16). Diff depth and trades make the market; mark
prices with their funding rates are handed over beside it; any other stream is skipped. A venue time is T, of spot depth and
of marks E. Quantities of coin-M are contracts.

The book begins with a REST snapshot between the depth messages, which are kept until it comes. Futures: messages with
u < lastUpdateId are old, the first one used has pu <= lastUpdateId <= u, then each pu is the u before. Spot: u <=
lastUpdateId is old, the first has U <= lastUpdateId + 1 <= u, then each U is the u before + 1 (Binance, "How to manage
a local order book correctly"). A message that comes again, or after a newer one, is a fault; later snapshots are ignored
as long as the chain holds. Where it breaks the book is unknown until another snapshot fits. Messages that waited for a
snapshot are known when it is. A spot snapshot has no time and takes that of the depth message before it.

Prints with X other than MARKET (insurance fund, liquidation transfers) are no trades. Quantities go to the nearest lot: less
than half a lot is no level, a trade has at least one lot.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import orjson

import mmkit
from mmkit_plugins.market._recorded import END, LATEST, on_grid, pieces
from mmkit_plugins.market._update_ids import Chain, Message

HELD = 64 << 20
"""Bytes of messages kept from the pass that looks for the smallest latency; a longer recording is read a second time."""


@attrs.frozen
class Params:
    """Which recordings, and what their clocks are worth."""

    path: tuple[Path, ...] = mmkit.field(doc="files, one after the other in time")
    base_latency: mmkit.Duration = mmkit.field(
        "0ms",
        unit="ns",
        at_least=0,
        doc="smallest latency, to which local times that precede the venue's are moved",
    )
    symbol: str = mmkit.field("", doc="the symbol; without it, that of the first message")


def events(params: Params, instrument: Any, rng: Any) -> Iterator[mmkit.Events]:
    """Yields the recording's rows. Raises DataError with file and line."""
    yield from mmkit.two_clocks(_rows(params, instrument), source=f"{params.path[0]}: ")


def _rows(params: Params, instrument: Any) -> Iterator[mmkit.Events]:
    first = Recording(params.symbol)
    held: list[list[Message]] | None = []
    fault: mmkit.DataError | None = None
    try:
        for messages in first.messages(params.path):
            if held is not None:
                held.append(messages)
            if first.size > HELD:
                held = None
    except mmkit.DataError as error:
        fault = error
    shift = params.base_latency - first.least if first.least < 0 else 0
    chain = Chain(first.least)
    for messages in Recording(params.symbol).messages(params.path) if held is None else held:
        admitted = [kept for message in messages for kept in chain.admit(message)]
        try:
            rows = _events(admitted, shift, instrument)
        except ValueError:
            yield from _until_fault(admitted, shift, instrument)
        yield from _with_marks(rows, admitted, shift)
    if fault:
        raise fault
    if not chain.begun:
        raise mmkit.DataError(f"{params.path[-1]}: no snapshot fits the depth messages, so the book is never known")


class Recording:
    """Reads messages; `least` is the smallest local minus venue time so far, in ns, `size` the bytes read."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol.upper()
        self.least = 2**62
        self.size = 0
        self.local = self.latest = self.depth = -(2**62)
        self.trade = self.update = -1

    def messages(self, paths: tuple[Path, ...]) -> Iterator[list[Message]]:
        """Yields messages, piece by piece; DataError at a line that is none, after those before it."""
        for path in paths:
            for number, text in pieces(path):
                found: list[Message] = []
                lines = text.split(b"\n")
                for at in self._wanted(lines):
                    try:
                        message = self._message(lines[at], (path, number + at))
                    except KeyError as error:
                        fault = f"the message has no {error}"
                    except (TypeError, AttributeError):
                        fault = "a field of the message is of a wrong type"
                    except ValueError as error:
                        fault = str(error)
                    else:
                        if message:
                            self.size += len(lines[at])
                            found.append(message)
                        continue
                    yield found
                    raise mmkit.DataError(f"{path}:{number + at}: {fault}")
                yield found

    def _wanted(self, lines: list[bytes]) -> Iterator[int]:
        """Yields the lines to look into. Most are best quotes, which the book does not need: one glance each."""
        first = 0
        while not self.symbol and first < len(lines) - 1:
            yield first
            first += 1
        quote = f'{{"stream":"{self.symbol.lower()}@bookTicker"'.encode()
        yield from [
            at
            for at in range(first, len(lines))
            if lines[at] and not (quote in lines[at][:80] and lines[at][-2:] == b"}}")
        ]

    def _message(self, line: bytes, where: tuple[Path, int]) -> Message | None:
        stamp, _, text = line.partition(b" ")
        if len(stamp) not in (16, 19) or not stamp.isdigit():
            raise ValueError("does not begin with a local time of 19 digits (ns) or 16 (us)")
        local = int(stamp) * (1 if len(stamp) == 19 else 1000)
        if not self.local <= local < END:
            raise ValueError(f"local time {local} is before {self.local}" if local < END else f"local time {local}")
        self.local = local
        # The levels of a depth message are left as text: see docs/decisions/0003-orjson.md.
        head, _, levels = text.partition(b',"b":[')
        bids, mark, asks = levels.partition(b'],"a":[')
        plain = bool(mark) and asks.endswith(b"]}}")
        message = _loaded(head + b"}}" if plain else text)
        if not isinstance(message, dict):
            raise ValueError("is no message")
        data = message.get("data", message)
        self._check_symbol(data.get("s", data.get("symbol")))
        if "lastUpdateId" in data:
            return self._snapshot(data, local, where)
        event = data.get("e")
        if event == "trade":
            return self._trade(data, local, where)
        if event == "markPriceUpdate":
            return self._mark(data, local, where)
        stream = message.get("stream", "@depth").partition("@")[2]
        if event != "depthUpdate" or not (stream == "depth" or stream.startswith("depth@")):
            return None
        exch = self._venue_time(data["T"] if "T" in data else data["E"], local)
        self.depth = exch
        ids = (int(data["U"]), int(data["u"]), int(data["pu"]) if "pu" in data else None)
        if ids[1] <= self.update:
            raise ValueError(f"depth update {ids[1]} comes after update {self.update}")
        self.update = ids[1]
        sides = (bids, asks[:-3]) if plain else (_text(data["b"]), _text(data["a"]))
        return Message(where, exch, local, [(mmkit.BID, sides[0]), (mmkit.ASK, sides[1])], ids)

    def _trade(self, data: dict[str, Any], local: int, where: tuple[Path, int]) -> Message | None:
        number = int(data["t"])
        if data.get("X", "MARKET") != "MARKET":
            return None
        if number <= self.trade:
            raise ValueError(f"trade {number} comes after trade {self.trade}")
        exch = self._venue_time(data["T"], local)
        self.trade = number
        side = mmkit.SELL if data["m"] else mmkit.BUY
        return Message(where, exch, local, [(side, b'["%b","%b"]' % (data["p"].encode(), data["q"].encode()))])

    def _mark(self, data: dict[str, Any], local: int, where: tuple[Path, int]) -> Message:
        # It is no row: neither how late it is nor when it happened may move the rows.
        exch = self._in_time(data["E"])
        price = float(data["p"])
        if not 0 < price < math.inf:
            raise ValueError(f"mark price {data['p']} is not above 0")
        # Contracts that expire have no rate (an empty text) and no settlement (0).
        rate, settles = data.get("r"), data.get("T")
        if rate and not math.isfinite(float(rate)):
            raise ValueError(f"funding rate {rate} is no number")
        mark = (price, float(rate) if rate else math.nan, _ns(settles) if settles else 0)
        return Message(where, exch, local, [], mark=mark)

    def _snapshot(self, data: dict[str, Any], local: int, where: tuple[Path, int]) -> Message:
        bids, asks = data["bids"], data["asks"]
        if bids and asks:
            bid, ask = max(float(level[0]) for level in bids), min(float(level[0]) for level in asks)
            if bid >= ask:
                raise ValueError(f"crossed snapshot: best bid {bid} is not below best ask {ask}")
        time = data.get("T", data.get("E"))
        exch = self.depth if time is None else self._venue_time(time, local)
        parts = [(mmkit.RESET, b'["0","0"]'), (mmkit.BID, _text(bids)), (mmkit.ASK, _text(asks))]
        return Message(where, exch, local, parts, snapshot=int(data["lastUpdateId"]))

    def _in_time(self, time: int) -> int:
        exch = _ns(time)
        if exch < self.latest - LATEST:
            raise ValueError(f"venue time {exch} comes after {self.latest}, more than {LATEST * 1e-9:g} s late")
        return exch

    def _venue_time(self, time: int, local: int) -> int:
        exch = self._in_time(time)
        if exch > self.latest:
            self.latest = exch
        if local - exch < self.least:
            self.least = local - exch
        return exch

    def _check_symbol(self, symbol: str | None) -> None:
        if symbol is not None and symbol != self.symbol:
            if self.symbol:
                raise ValueError(f"the message is of symbol {symbol}, not {self.symbol}")
            self.symbol = symbol


def _ns(time: int) -> int:
    found = int(time) * 1_000_000
    if not 0 < found < END:
        raise ValueError(f"venue time {time} is no time in ms")
    return found


def _loaded(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"broken JSON: {error}") from None


def _text(levels: Any) -> bytes:
    return orjson.dumps(levels)[1:-1]


def _until_fault(messages: list[Message], shift: int, instrument: Any) -> Iterator[mmkit.Events]:
    """Yields the messages before the first whose levels are wrong, and raises what is wrong with it."""
    for at, message in enumerate(messages):
        try:
            _events([message], shift, instrument)
        except ValueError as error:
            yield from _with_marks(_events(messages[:at], shift, instrument), messages[:at], shift)
            raise mmkit.DataError(f"{message.where[0]}:{message.where[1]}: {error}") from None


def _with_marks(rows: mmkit.Events, messages: list[Message], shift: int) -> Iterator[mmkit.Events]:
    """Yields the marks among messages, if any, local times moved by `shift` and none before its venue's; then the rows."""
    found = [
        (message.exch, max(message.local + shift, message.exch), *message.mark)
        for message in messages
        if message.mark is not None
    ]
    if found:
        yield np.array(found, mmkit.MARK)
    yield rows


def _events(messages: list[Message], shift: int, instrument: Any) -> mmkit.Events:
    """Returns the rows of messages, local times moved by `shift`; ValueError for a price or quantity that is none."""
    parts = [(message.exch, message.local, kind, text) for message in messages for kind, text in message.parts if text]
    counts = [text.count(b'["') for *_, text in parts]
    text = b",".join(text for *_, text in parts)
    rows = np.zeros(sum(counts), mmkit.EVENT)
    if not text.count(b'","') == text.count(b'"]') == len(rows):
        raise ValueError("levels are not pairs of decimal strings")
    try:
        numbers = np.array(orjson.loads(b"[" + text.translate(None, b'[]"') + b"]"), float)
    except ValueError:
        raise ValueError("a price or quantity is no number") from None
    if len(numbers) != 2 * len(rows):
        raise ValueError("levels are not pairs of decimal strings")
    price, quantity = numbers[::2], numbers[1::2]
    rows["exch_ts"] = np.repeat([exch for exch, *_ in parts], counts)
    rows["local_ts"] = np.repeat([local + shift for _, local, *_ in parts], counts)
    kind = np.repeat([kind for _, _, kind, _ in parts], counts)
    tick, lots, _, fault = on_grid(price, quantity, kind, instrument)
    if fault:
        raise ValueError(fault)
    rows["tick"], rows["lots"], rows["kind"] = tick, lots, kind
    mark = (kind == mmkit.GAP) | (kind == mmkit.RESET)
    rows["stream"] = np.where(mark, mmkit.BOTH | mmkit.ADDED, mmkit.BOTH)
    return rows


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    return mmkit.Market("binance-raw", params=Params, events=events)
