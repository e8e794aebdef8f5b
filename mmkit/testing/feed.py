"""A signal of the kit's own: for each input of a rule a number of plausible size that moves slowly and is always finite.

It moves with every decision: on every change of the book it would cost more than what it feeds.
"""

import math
from typing import Any

import attrs

from mmkit.rules import Rule, Signal

PRICES = ("price", "fair", "mid", "bid", "ask", "mark")
"""Words in the name of an input in quote currency that is a price and not a distance."""

SIZES = {
    "price/sqrt(s)": 1.2e-4,
    "price/s": 1e-6,
    "price": 1e-4,
    "quote": 1e-4,
    "quote/base": 1e-4,
}
"""What such a number is as a share of the price."""

AMOUNTS = {
    "fraction/sqrt(day)": 0.03,
    "fraction/sqrt(s)": 1.2e-4,
    "fraction": 0.1,
    "1/s": 1.5,
    "1/price": 100.0,
    "1/quote": 1.0,
    "s": 5.0,
    "ns": 5e9,
    "ticks": 2.0,
    "lots": 100.0,
}
"""What others are; without a unit a number goes back and forth between -0.8 and 0.8."""

HEAD = """def on_clock(params, state, market):
    seconds = (market.now - market.start) * 1e-9
    if math.isfinite(market.mid) and market.mid > 0.0:
        state.price = market.mid
    if state.price > 0.0:
"""


def output_of(name: str) -> str:
    """Returns the name of the output that feeds an input; no rule is wired to it by accident."""
    return f"for_{name}"


def feed(inputs: "list[attrs.Attribute[Any]]", lot_size: float, name: str = "feed") -> Signal:
    """Returns a signal with an output for each input, whole lots where it counts base currency; NaN until there is a price."""
    fields: dict[str, Any] = {"price": attrs.field(default=0.0, type=float)}
    text = HEAD
    for number, each in enumerate(inputs):
        unit = each.metadata.get("unit", "")
        # Every input has a period of its own, so that no two of them move together.
        wave = f"math.sin({number + 1}.0 + seconds * {1.1 + 0.37 * number!r})"
        if unit == "quote" and any(word in each.name for word in PRICES):
            value = f"state.price * (1.0 + 0.0002 * {wave})"
        elif unit in SIZES:
            value = f"state.price * {SIZES[unit]!r} * (1.0 + 0.5 * {wave})"
        elif unit == "base":
            value = f"{100 * lot_size!r} * (1.0 + 0.5 * {wave})"
        elif unit in AMOUNTS:
            value = f"{AMOUNTS[unit]!r} * (1.0 + 0.5 * {wave})"
        else:
            value = f"0.8 * {wave}" if not unit else f"1.0 + 0.5 * {wave}"
        text += f"        state.{output_of(each.name)} = {value}\n"
        fields[output_of(each.name)] = attrs.field(default=math.nan, type=float)
    scope: dict[str, Any] = {"math": math, "__name__": __name__}
    exec(compile(text, "<the kit's feed>", "exec"), scope)
    update = scope["on_clock"]
    outputs = {output_of(each.name): each.metadata.get("unit", "") for each in inputs}
    state = attrs.make_class("Fed", fields, slots=True, eq=False)
    return Signal(name, state=state, outputs=outputs, on_clock=update)


def fed(rule: Rule, params: Any, known: "frozenset[str]", optional: bool) -> "list[attrs.Attribute[Any]]":
    """Returns the inputs of a rule that are to be fed: those that no parameter replaces and that are not `known` from elsewhere."""
    found = []
    for each in attrs.fields(rule.inputs) if rule.inputs else ():
        unless = each.metadata.get("unless")
        replaced = False
        if unless:
            value, default = getattr(params, unless), attrs.fields_dict(rule.params)[unless].default
            replaced = bool(value != default and value == value)
        if not replaced and each.name not in known and (optional or each.metadata.get("required")):
            found.append(each)
    return found
