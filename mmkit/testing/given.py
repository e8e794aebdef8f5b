"""Markets of the kit's own: given arrays of events, and a simulated book of some seconds, made once."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from mmkit.rules import Market, Role

SIMULATED = {
    "duration": "20s",
    "sigma": 0.01,
    "common_sigma": 0.03,
    "limit_rate": 90.0,
    "cancel_rate": 90.0,
    "market_rate": 12.0,
}
"""The `book` of the kit: about 4,000 rows, and a moving price."""

SEED = 20


def given(events: Iterable[Any]) -> Market:
    """Returns a market rule that hands over these arrays of mmkit.EVENT, in every run anew."""
    arrays = tuple(events)

    def handed_over(params: Any, instrument: Any, rng: Any) -> Any:
        return iter(arrays)

    return Market("given", events=handed_over)


@cache
def simulated(tick_size: float = 0.01, lot_size: float = 0.001, number: int = 0, seed: int = SEED) -> Sequence[Any]:
    """Returns the arrays of a simulated book: the second instrument (number 1) shares most of the moves of the first; times are ns.

    The price is 10,000 ticks, a mean order 1,000 lots, whatever the grid.
    """
    import numpy as np

    from mmkit.plugins import offers
    from mmkit.stack import Instrument
    from mmkit.structure import structure

    rule, _ = offers().load(Role.MARKET, "book")
    scale = tick_size / 0.01
    prices = {
        "start_price": 100.0 * scale,
        "sigma": SIMULATED["sigma"] * scale,  # type: ignore[operator]
        "common_sigma": SIMULATED["common_sigma"] * scale,  # type: ignore[operator]
    }
    sizes = {"limit_size": 1000.0 * lot_size, "market_size": 500.0 * lot_size}
    params, faults = structure(rule.params, {**SIMULATED, **prices, **sizes}, Path())
    assert not faults, faults
    # As the driver does: an instrument's stream is the second of two that its place in the stack has.
    stream = np.random.SeedSequence(seed).spawn(4)[2 * number]
    instrument = Instrument("X", tick_size=tick_size, lot_size=lot_size)
    return tuple(rule.events(params, instrument, np.random.default_rng(stream)))  # type: ignore[attr-defined]


@attrs.frozen(eq=False)
class Loop:
    """The simulated book as a piece of tape that can follow itself; rows: how many; length: ns from one beginning to the next."""

    chunk: Any
    rows: int
    length: int

    def market(self, times: int) -> Market:
        """Returns a market rule that hands it over so many times; each time the book begins anew."""

        def chunks(params: Any, instrument: Any) -> Iterator[Any]:
            for number in range(times):
                streams = {name: getattr(self.chunk, name).copy() for name in ("local", "venue")}
                for segments in streams.values():
                    segments["ts"] += number * self.length
                yield attrs.evolve(self.chunk, **streams)

        return Market("given", chunks=chunks)


@cache
def loop(number: int = 0) -> Loop:
    """Returns the simulated book of an instrument as a loop, converted once: converting a million rows takes longer than their replay."""
    import numpy as np

    from mmkit.conversion import chunks
    from mmkit.tape import CLEAR_ASKS, CLEAR_BIDS, EVENT

    once = np.concatenate(simulated(number=number))
    clear = np.zeros(2, EVENT)
    clear["kind"], clear["tick"], clear["stream"] = (CLEAR_BIDS, CLEAR_ASKS), (0, 1 << 30), once["stream"][0]
    for name in ("exch_ts", "local_ts"):
        clear[name] = once[name][0]
    [chunk] = chunks(iter([np.concatenate([clear, once])]))
    return Loop(
        chunk,
        len(once) + 2,
        1_000_000 + max(int(np.concatenate(simulated(number=each))["local_ts"][-1]) for each in (0, 1)),
    )


def shortened(rule: Market, rows: int = 4000, paths: int = 4) -> Market:
    """Returns a market rule that hands over what `rule` does until so many rows, or paths; of a tape its first chunk."""

    def events(params: Any, instrument: Any, rng: Any) -> Iterator[Any]:
        count = 0
        for array in rule.events(params, instrument, rng):  # type: ignore[misc]
            yield array[: rows - count] if array.dtype.names and "lots" in array.dtype.names else array
            count += len(array)
            if count >= rows:
                return

    def chunks(params: Any, instrument: Any) -> Iterator[Any]:
        yield from islice(rule.chunks(params, instrument), 1)  # type: ignore[misc]

    def some_paths(params: Any, instrument: Any, rng: Any) -> Iterator[Any]:
        yield from islice(rule.paths(params, instrument, rng), paths)  # type: ignore[misc]

    own: dict[str, Any] = {"events": events, "chunks": chunks, "paths": some_paths}
    for function in own.values():
        function.__module__ = ""  # what belongs to no file is not kept as the recording's tape
    return attrs.evolve(rule, **{name: each for name, each in own.items() if getattr(rule, name) is not None})
