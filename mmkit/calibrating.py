"""What a stack's data says about A, k, sigma and gamma, and the keys of the stack that take them."""

import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from mmkit import exposure, probing
from mmkit.calibration import Estimate, Intensity, Suggestion, fit_intensity, sigma_estimates, suggest_gamma
from mmkit.driver import chunks, generators
from mmkit.engine.session import program
from mmkit.errors import ConfigError, DataError, MmkitError
from mmkit.exposure import BLOCKS, Cells
from mmkit.settings import read
from mmkit.stack import Stack

MEANINGS = {
    "touch": "a quote fills when a trade reaches its price",
    "through": "a quote fills when a trade prints beyond its price",
    "queue": "an order of one lot fills when the stack's own venue executes it, latency and queue included",
}
"""The definitions of a fill."""

UNITS = {"gamma": "1/quote", "k": "1/price", "A": "1/s", "sigma": "price/sqrt(s)"}
"""What only data can tell, and in which unit it is told; a parameter of another unit is another thing."""

DISTANCES = {"touch": 16, "through": 16, "queue": 8}


@attrs.frozen
class Cell:
    """Quotes at one distance from the mid (quote currency): time exposed (s), fills, and how many the fit expects."""

    distance: float
    exposure_s: float
    fills: float
    expected: float


@attrs.frozen
class Calibration:
    """Estimates with how they were made.

    fill: the definition; every: ns between requotes; A_error, k_error: standard errors from the differences between stretches of time
    (the fit's own take every fill for independent); sigma: the estimate that gamma rests on, one of `sigmas`; keys: key path of the
    stack to value; fault: what ended the data early.
    """

    stack: Stack
    fill: str
    every: int
    span_s: float
    trades: int
    fit: Intensity
    A_error: float
    k_error: float
    cells: tuple[Cell, ...]
    sigma: Estimate
    sigmas: tuple[Estimate, ...]
    gamma: Suggestion
    keys: dict[str, float]
    notes: tuple[str, ...]
    fault: MmkitError | None = None


def calibrate(stack: Stack, *, fill: str = "touch", every: int = 10**8, farthest: float | None = None) -> Calibration:
    """Returns what a stack's market says.

    fill: "touch", "through" or "queue"; every: ns after which quotes are centred anew; farthest: largest distance from the mid, quote
    currency. Raises ConfigError for a market without a book, DataError where the data does not tell.
    """
    leg = stack.leg
    if leg.market.rule.paths is not None:  # type: ignore[attr-defined]
        raise ConfigError(
            f'{stack.file}: {leg.market.path}.use: "{leg.market.rule.name}" has no trades to calibrate from: its A and k '
            f"are those of {leg.venue.path}, its sigma its own"
        )
    tick = leg.instrument.tick_size
    with closing(chunks(leg, generators(stack)[0], lambda text: None)) as made:
        tape = exposure.read(made)
    distances = exposure.targets(tape, every, DISTANCES[fill], None if farthest is None else farthest / tick)
    if fill == "queue":
        cells = probing.executed(stack, every, distances)
    else:
        cells = exposure.imagined(tape, every, distances, through=fill == "through")
    fit, a_error, k_error, shown = fitted(cells, tick / 2.0)
    sigmas = tuple(sigma_estimates(tape.time, tape.mid * tick))
    sigma = chosen(sigmas)
    mid = float(np.nanmedian(tape.mid)) * tick
    gamma = suggestion(stack, sigma.value, fit, mid)
    return Calibration(
        stack=stack,
        fill=fill,
        every=every,
        span_s=tape.span_s,
        trades=len(tape.trade_time),
        fit=fit,
        A_error=a_error,
        k_error=k_error,
        cells=shown,
        sigma=sigma,
        sigmas=sigmas,
        gamma=gamma,
        keys=keys(stack, {"A": fit.A, "k": fit.k, "sigma": sigma.value}, gamma),
        notes=tuple(warnings(fit, sigma.value, every)),
        fault=tape.fault,
    )


def fitted(cells: Cells, step: float) -> tuple[Intensity, float, float, tuple[Cell, ...]]:
    """Returns the fit, the standard errors of A and k by leaving out one stretch of time after the other, and the cells.

    Quotes at several distances are filled by one and the same trade, and busy times come together: the information of the likelihood
    alone takes the fills for independent and says too small an error.
    """
    where, tau, n = cells.of(slice(None))
    fit = fit_intensity(where * step, tau, n)
    logs, ks = [], []
    for left_out in range(BLOCKS):
        some = cells.of([block for block in range(BLOCKS) if block != left_out])
        try:
            one = fit_intensity(some[0] * step, some[1], some[2])
        except DataError:
            continue
        logs.append(math.log(one.A))
        ks.append(one.k)
    errors = [_jackknife(logs), _jackknife(ks)] if len(ks) > 1 else [math.nan, math.nan]
    expected = fit.A * np.exp(-fit.k * where * step) * tau
    shown = tuple(
        Cell(*row) for row in zip((where * step).tolist(), tau.tolist(), n.tolist(), expected.tolist(), strict=True)
    )
    return fit, fit.A * errors[0], errors[1], shown


def _jackknife(values: Sequence[float]) -> float:
    count = len(values)
    mean = math.fsum(values) / count
    return math.sqrt((count - 1) / count * math.fsum((value - mean) ** 2 for value in values))


def chosen(sigmas: Sequence[Estimate]) -> Estimate:
    """Returns the estimate that is used: realised at the longest sampling known to a tenth or better, so that bounce counts least."""
    sampled = [each for each in sigmas if each.name.startswith("realised, every") and each.value > 0.0]
    if not sampled:
        raise DataError("the mid never moved: sigma cannot be told")
    precise = [each for each in sampled if each.standard_error <= 0.1 * each.value]
    return precise[-1] if precise else min(sampled, key=lambda each: each.standard_error / each.value)


def suggestion(stack: Stack, sigma: float, fit: Intensity, mid: float) -> Suggestion:
    """Returns a gamma for the stack's order size, limit, tick and fee."""
    if fit.k <= 0.0:
        raise DataError(f"k is {fit.k:g}: fills do not become rarer with distance here; look farther out (--farthest)")
    instrument = stack.leg.instrument
    size = order_size(stack)
    horizon = getattr(stack.pricing.params, "horizon", 0)
    return suggest_gamma(
        sigma=sigma,
        A=fit.A,
        k=fit.k,
        mid=mid,
        tick_size=instrument.tick_size,
        order_size=size,
        max_position=max_position(stack, size),
        maker_fee=instrument.maker_fee,
        horizon_s=horizon * 1e-9 if horizon else 60.0,
    )


def order_size(stack: Stack) -> float:
    """Returns what the sizing rule publishes before the first event, else its parameter, else one lot (base currency)."""
    published = getattr(program(stack, orders=1, messages=1).session().sizing_state, "order_size", 0.0)
    for found in (published, getattr(stack.sizing.params, "quantity", 0.0)):
        if math.isfinite(found) and found > 0.0:
            return float(found)
    return stack.leg.instrument.lot_size


def max_position(stack: Stack, size: float) -> float:
    """Returns the smallest limit that a risk or sizing rule of the stack has (`max_position`), else ten orders (base currency)."""
    limits = [getattr(slot.params, "max_position", 0.0) for slot in (*stack.risk, stack.sizing)]
    return float(min((limit for limit in limits if 0.0 < limit < math.inf), default=10.0 * size))


def keys(stack: Stack, found: dict[str, float], gamma: Suggestion) -> dict[str, float]:
    """Returns which keys of the stack's pricing take what was found: by name and unit; sigma only where no signal is wired for it.

    A rule that asks for A and knows no horizon is an asymptotic one: it gets the gamma of `glft`.
    """
    fields: Any = attrs.fields_dict(stack.pricing.rule.params)
    asymptotic = "A" in fields and "horizon" not in fields
    values = {"gamma": gamma.gamma_glft if asymptotic else gamma.gamma, **found}
    inputs: Any = attrs.fields(stack.pricing.rule.inputs) if stack.pricing.rule.inputs else ()
    wired = {each.metadata.get("unless") for each in inputs if each.name in stack.pricing.wiring}
    return {
        f"pricing.{name}": float(f"{values[name]:.6g}")
        for name, unit in UNITS.items()
        if name in fields and fields[name].metadata.get("unit") == unit and name not in wired
    }


def warnings(fit: Intensity, sigma: float, every: int) -> list[str]:
    """Returns what a reader must know before believing the figures."""
    found = []
    moved = fit.k * sigma * math.sqrt(every * 1e-9)
    if moved > 0.5:
        found.append(
            f"between requotes the mid moves by {moved:.2g} / k: fills that the mid itself brings make k look smaller; "
            "requote more often (--every)"
        )
    if fit.p_value < 0.01:
        found.append(
            "the fills do not fall off as exp(-k d) (p < 0.01, which also counts that one trade fills several quotes): "
            "look at the picture, and fit the distances at which you quote (--farthest)"
        )
    if fit.fills < 200:
        found.append(f"only {fit.fills:.0f} fills: below some 200 the standard errors are themselves rough")
    return found


def uncalibrated(file: Path, **options: Any) -> Stack:
    """Reads a stack that may not have its gamma, k, A and sigma yet: they are what is looked for."""
    overrides = list(options.pop("overrides", ()))
    given: dict[str, str] = {}
    while True:
        try:
            return read(file, overrides=[*overrides, *given.values()], **options)
        except ConfigError as error:
            # Whether an input needs sigma shows only once the parameters are sound.
            lacking = {
                name: f"pricing.{name}=1.0"
                for name in UNITS
                for line in error.faults
                if f" pricing.{name}: required" in line or f"the parameter pricing.{name}" in line
            }
            if len(lacking) < len(error.faults) or not lacking.keys() - given.keys():
                raise
            given |= lacking
