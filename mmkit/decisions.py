"""The decision log as text: made after a run from rows of numbers, each with the time of its event."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mmkit.engine.module import logged_signals
from mmkit.engine.records import (
    DECISION,
    EXECUTION,
    KINDS_OF_ANSWER,
    NOT_AMENDED,
    REFUSED,
    RISK,
    SIGNAL,
    STARTED,
    TROUBLE,
)
from mmkit.money import grid_price
from mmkit.results import Collector
from mmkit.stack import Stack

LEVELS = ("normal", "widen", "reduce-only", "no-quotes", "flatten", "halt")
"""What risk rules ask for, by its number."""


def lines(collector: Collector) -> Iterator[str]:
    """Yields a line per event: UTC time to the nanosecond, its class, what happened."""
    stack = collector.stack
    for rows, values in zip(collector.events_noted, collector.event_values, strict=True):
        times = np.datetime_as_string(rows[:, 0].astype("datetime64[ns]"), unit="ns")
        for time, (_, kind, code, path), numbers in zip(times.tolist(), rows.tolist(), values.tolist(), strict=True):
            where = f" path {path}" if stack.leg.market.rule.paths else ""  # type: ignore[attr-defined]
            yield f"{time}Z{where} {said(stack, kind, code, *numbers)}"


def said(stack: Stack, kind: int, code: int, first: float, second: float, third: float) -> str:
    """Returns what happened, prices in quote currency and quantities in base currency."""
    number = {EXECUTION: abs(code) - 1, TROUBLE: code // KINDS_OF_ANSWER}.get(kind, 0)
    instrument = stack.all_legs[number].instrument
    where = f" {instrument.name}" if number else ""

    def price(value: float) -> str:
        return "none" if value != value else f"{on_grid(value, instrument.tick_size):.12g}"

    def quantity(value: float) -> str:
        return f"{value:+.12g}" if instrument.inverse else f"{on_grid(value, instrument.lot):+.12g}"

    if kind == STARTED:
        return f"start {stack.name}: {stack.quote}, mid {first:.12g}"
    if kind == DECISION:
        return f"decision {code}: bid {price(first)} ask {price(second)} position {quantity(third)}"
    if kind == SIGNAL:
        return f"signal {logged_signals(stack)[code]} {first:+.6g}"
    if kind == RISK:
        by = f" by {stack.risk[int(first)].path}" if first >= 0 else ""
        step = f", step {int(second)} of the recovery" if second else ""
        return f"risk {LEVELS[code]}{by}{step}, position {quantity(third)}"
    if kind == EXECUTION:
        return f"fill{where} {quantity(second)} at {price(first)}, position {quantity(third)}"
    what = {REFUSED: "refused", NOT_AMENDED: "not amended"}.get(code % KINDS_OF_ANSWER, "lapsed")
    return f"error order{where} {int(third)} {what}: {quantity(second)} at {price(first)}"


def on_grid(value: float, step: float) -> Any:
    """Returns a value without the rounding of its multiplication by the step."""
    return grid_price(round(value / step), step)
