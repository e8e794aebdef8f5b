"""What may come out of a rule, role by role: each look returns what is wrong with one call, or ''."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from mmkit.engine.records import AMENDING, CANCELLING, HALT, MARKET, NORMAL, WORKING
from mmkit.rules import Role, Rule
from mmkit.stack import Leg
from mmkit.testing.market_rows import unsound

Look = Callable[[str, dict[str, Any], Any, "Before"], str]
"""Given function, arguments by name, result and what was there before."""


class Before:
    """What a function may only lower, or adds to: the ladder's levels, and the number of the next order."""

    def __init__(self, given: dict[str, Any]) -> None:
        ladder = given.get("ladder")
        self.levels = ladder.levels if ladder is not None else 0
        self.ladder = {name: tuple(getattr(ladder, name)) for name in LOTS + TICKS} if ladder is not None else {}


LOTS = ("bid_lots", "ask_lots")
TICKS = ("bid_ticks", "ask_ticks")


def finite(value: Any) -> bool:
    """Returns whether a value is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


class Readiness:
    """Whether an output of a signal is a number, and how often the signal's functions had to be called for that, and how long (ns).

    first: its value before the first call; an output that still has that is not known to be ready.
    """

    def __init__(self, first: Any) -> None:
        self.first = first
        self.calls: Counter[str] = Counter()
        self.since = -1
        self.ready = False
        self.took: tuple[Counter[str], int] | None = None

    def stuck(self, name: str, value: float, market: Any) -> bool:
        """Notes a call after which the output is `value`; returns whether it was a number once, and does not become one again."""
        if not math.isfinite(market.mid):
            self.calls, self.since, self.ready = Counter(), -1, False
            return False
        if self.since < 0 or (self.ready and not finite(value)):
            self.calls, self.since = Counter(), market.now
        self.calls[name] += 1
        self.ready = finite(value) and (self.took is not None or value != self.first)
        long = market.now - self.since
        if self.ready:
            self.took = self.took or (+self.calls, long)
            return False
        if self.took is None or finite(value):
            return False
        calls, time = self.took
        return long > 2 * time and all(self.calls[each] > 2 * count for each, count in calls.items())


def signals(rule: Rule, ordinary: bool) -> Look:
    """Outputs stay numbers once they are, as long as there is a book."""
    fresh = rule.state()
    found = {output: Readiness(getattr(fresh, output)) for output in rule.outputs}

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        for output, readiness in found.items():
            value = getattr(given["state"], output)
            if not isinstance(value, int | float) or math.isinf(value):
                return f"{output} is {value!r}"
            if readiness.stuck(name, value, given["market"]):
                return f"{output} is nan, was a number before, and does not become one again"
        return ""

    return look


def sizing(rule: Rule, ordinary: bool) -> Look:
    """Quantities are there and not negative."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        for side, value in zip(("bid", "ask"), result, strict=True):
            if not finite(value) or value < 0.0:
                return f"{side} quantity {value!r}"
        return ""

    return look


def pricing(rule: Rule, ordinary: bool) -> Look:
    """Quotes are there and do not cross."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        if name != "quote":
            return ""
        price, half_bid, half_ask = result
        if not finite(price):
            return f"reservation price {price!r}"
        if ordinary and price <= 0.0:
            return f"reservation price {price!r} at a mid of {given['market'].mid!r}"
        for side, half in (("bid", half_bid), ("ask", half_ask)):
            if not isinstance(half, int | float) or math.isnan(half) or half == -math.inf:
                return f"half-spread to the {side} {half!r}"
        if half_bid + half_ask < 0.0 or price - half_bid > price + half_ask:
            return f"quotes cross: half-spreads {half_bid!r} to the bid, {half_ask!r} to the ask"
        return ""

    return look


def ladder(rule: Any, ordinary: bool) -> Look:
    """Levels go outwards, quantities are not negative."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        if name != "levels":
            return ""
        wanted = given["ladder"]
        room = len(wanted.offset_ticks)
        most = min(rule.most(given["params"]), room) if rule.most else room
        if not 0 <= wanted.levels <= most:
            return f"{wanted.levels} levels, there is room for {most}"
        last = 0
        for i in range(wanted.levels):
            offset = wanted.offset_ticks[i]
            if not finite(offset) or offset < last:
                return f"offset of level {i + 1} is {offset!r}, after {last!r}"
            last = offset
            for side in ("bid", "ask"):
                quantity = getattr(wanted, f"{side}_qty")[i]
                if not finite(quantity) or quantity < 0.0:
                    return f"{side} quantity of level {i + 1} is {quantity!r}"
        return ""

    return look


def risk(rule: Rule, ordinary: bool) -> Look:
    """What is proposed only shrinks; levels exist."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        if name == "watch":
            return watched(given["control"], result)
        wanted = given["ladder"]
        if not 0 <= wanted.levels <= before.levels:
            return f"{wanted.levels} levels of {before.levels} that were proposed"
        for side in LOTS:
            for i, (was, lots) in enumerate(zip(before.ladder[side], getattr(wanted, side), strict=True)):
                if i < wanted.levels and not 0 <= lots <= max(was, 0):
                    return f"{side}[{i}] is {lots!r}, {was!r} were proposed"
        for side in TICKS:
            if before.ladder[side] != tuple(getattr(wanted, side)):
                return f"{side} are not those that were proposed"
        return ""

    return look


def watched(control: Any, level: Any) -> str:
    """Returns what is wrong with what a rule that watches asks for."""
    if not isinstance(level, int) or not NORMAL <= level <= HALT:
        return f"asks for the level {level!r}, there are {NORMAL} to {HALT}"
    if not finite(control.widen) or control.widen < 1.0:
        return f"control.widen is {control.widen!r}"
    if control.patience <= 0:
        return f"control.patience is {control.patience!r}"
    if control.most_levels < 0:
        return f"control.most_levels is {control.most_levels!r}"
    return ""


def orders(rule: Rule, ordinary: bool) -> Look:
    """Orders have lots and a price, and do not meet each other; time goes on."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        if name == "next_time":
            now = given["market"].now
            return "" if isinstance(result, int) and result > now else f"returns {result!r}, which is not after now"
        desks = [given["desk"]] if "desk" in given else [leg.desk for leg in given.get("hedges", ())]
        return next((said for said in map(sent, desks) if said), "")

    return look


def sent(desk: Any) -> str:
    """Returns what is wrong with the orders of a desk."""
    best: dict[int, int] = {}
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.state > WORKING or order.request == CANCELLING:
            continue
        if order.side not in (1, -1):
            return f"an order of side {order.side!r}"
        lots = order.asked_lots if order.request == AMENDING else order.lots
        if not finite(lots) or lots <= 0:
            return f"an order of {lots!r} lots"
        if order.kind == MARKET:
            continue
        if not finite(order.asked_tick) or order.asked_tick < 1:
            return f"an order at tick {order.asked_tick!r}"
        own = best.get(order.side, order.asked_tick)
        best[order.side] = max(own, order.asked_tick) if order.side > 0 else min(own, order.asked_tick)
    if len(best) == 2 and best[1] >= best[-1]:
        return f"a bid at tick {best[1]} meets our own ask at {best[-1]}"
    return ""


def venue(rule: Rule, ordinary: bool) -> Look:
    """Queues and probabilities are numbers."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        if name == "fill_probability":
            return "" if finite(result) and 0.0 <= result <= 1.0 else f"returns {result!r}"
        order = given["order"]
        if not finite(order.front) or (name == "rest" and order.front < 0.0):
            return f"quantity in front {order.front!r}"
        return "" if finite(order.traded) else f"quantity traded {order.traded!r}"

    return look


def optimization(rule: Rule, ordinary: bool) -> Look:
    """Answers are true or false."""

    def look(name: str, given: dict[str, Any], result: Any, before: Before) -> str:
        return "" if isinstance(result, bool) else f"returns {result!r}"

    return look


LOOKS: dict[Role, Callable[[Any, bool], Look]] = {
    Role.VENUE: venue,
    Role.SIGNALS: signals,
    Role.SIZING: sizing,
    Role.PRICING: pricing,
    Role.LADDER: ladder,
    Role.RISK: risk,
    Role.EXECUTION: orders,
    Role.HEDGING: orders,
    Role.OPTIMIZATION: optimization,
}


def market_faults(leg: Leg) -> tuple[int, str]:
    """Returns how many rows (or steps) an instrument's market hands over, and what is wrong with the first that is not right."""
    import numpy as np

    from mmkit.driver import chunks
    from mmkit.tape import MARK

    rule: Any = leg.market.rule
    rng = np.random.default_rng(0)
    count = 0
    if rule.paths is not None:
        for path in rule.paths(leg.market.params, leg.instrument, rng):
            count += len(path)
            if not (np.isfinite(path).all() and (np.asarray(path) > 0).all()):
                return count, "a mid that is not a positive number"
        return count, ""
    if rule.events is None:
        return sum(chunk.events for chunk in chunks(leg, rng, lambda text: None)), ""
    for piece in rule.events(leg.market.params, leg.instrument, rng):
        said = "" if piece.dtype == MARK else wrong_rows(piece)
        count += len(piece)
        if said:
            return count, f"events: {said}"
    return count, ""


def wrong_rows(piece: Any) -> str:
    """Returns what is wrong with an array of EVENT but for its times, at which the check `look-ahead` looks."""
    from mmkit.tape import ADDED, BOTH, EVENT, RESET

    if piece.dtype != EVENT:
        return f"an array of {piece.dtype}, neither of mmkit.EVENT nor of mmkit.MARK"
    if not len(piece):
        return ""
    for wrong, what in (
        (piece["kind"] > RESET, "is of a kind that does not exist"),
        ((piece["stream"] & BOTH == 0) | (piece["stream"] > BOTH | ADDED), "is in no stream that exists"),
    ):
        if wrong.any():
            return f"row {int(wrong.argmax())} {what}"
    return unsound(piece)
