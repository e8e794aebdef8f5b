"""One quote, step by step: the pricing rule's own computation with a listener in the place of `step`."""

import math
from collections.abc import Mapping
from typing import Any

import attrs

from mmkit.engine.binding import as_it_is, bind
from mmkit.engine.grid import ceil_to_grid, floor_to_grid
from mmkit.engine.records import MarketView
from mmkit.stack import Stack
from mmkit.steps import step


@attrs.frozen
class Step:
    """One step of a decision: what it is called, its value, and the unit."""

    name: str
    value: float
    unit: str


def explain_quote(stack: Stack, market: MarketView, numbers: Mapping[str, float]) -> list[Step]:
    """Returns the steps from the mid to the inner quotes, in the order in which they are applied.

    market: the situation, prices in quote currency and position in base currency; numbers: what is published, by source
    ("sigma.value").
    """
    pricing = stack.pricing
    rule: Any = pricing.rule
    found = [Step("mid", market.mid, "quote"), Step("position", market.position, "base")]
    listening = {step: lambda name, value, unit="": found.append(Step(name, value, unit))}
    arguments: list[Any] = [pricing.params, rule.state(), market]
    inputs: Any = None
    if rule.inputs is not None:
        inputs = rule.inputs()
        for name, source in pricing.wiring.items():
            setattr(inputs, name, numbers[source])
            unit = getattr(attrs.fields(rule.inputs), name).metadata["unit"]
            found.append(Step(f"{name} ({source})", numbers[source], unit))
        arguments.append(inputs)
    if rule.terms is not None:
        terms = rule.terms()
        arguments.append(terms)
        bind(rule.prepare, listening, as_it_is, {})(pricing.params, terms, **attrs.asdict(inputs))
    price, half_bid, half_ask = bind(rule.quote, listening, as_it_is, {})(*arguments)
    found.append(Step("reservation price", price, "quote"))
    for name, value in (("bid before rounding", price - half_bid), ("ask before rounding", price + half_ask)):
        found.append(Step(name, value, "quote"))
    if math.isfinite(price - half_bid) and math.isfinite(price + half_ask):
        found.append(Step("bid", floor_to_grid((price - half_bid) / market.tick_size) * market.tick_size, "quote"))
        found.append(Step("ask", ceil_to_grid((price + half_ask) / market.tick_size) * market.tick_size, "quote"))
    return found
