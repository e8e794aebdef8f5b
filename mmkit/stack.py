"""A stack: which rules act where, with their parameters and their wiring, complete and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit.fields import Duration, Rate, field
from mmkit.rules import Rule


@attrs.frozen
class Instrument:
    """What is traded: grid and fees."""

    name: str
    tick_size: float = field(unit="quote", above=0, doc="smallest price step")
    lot_size: float = field(unit="base", above=0, doc="smallest quantity step")
    maker_fee: Rate = field(0.0, unit="fraction", above=-1, below=1, doc="fee of a resting order; negative = rebate")
    taker_fee: Rate = field(0.0, unit="fraction", above=-1, below=1, doc="fee of an order that takes")


@attrs.frozen(eq=False)
class Slot:
    """One rule in its place.

    name: as in the TOML: "pricing", "sigma" (of signals.sigma), "limits" (of risk.limits), "market", "venue"; path: its key path,
    "signals.sigma"; params: an instance of rule.params; wiring: each input's source, "sigma.value" (slot name and output);
    an optional input without a source has no entry; distribution: name and version of what supplied the rule, or the file's name;
    optimizations: what is switched on for the rule, path "pricing.spread-cache".
    """

    name: str
    path: str
    rule: Rule
    params: Any
    wiring: Mapping[str, str]
    distribution: str
    optimizations: tuple["Slot", ...] = ()


@attrs.frozen(eq=False)
class Leg:
    """An instrument of a stack with its market and venue."""

    instrument: Instrument
    market: Slot
    venue: Slot


@attrs.frozen(eq=False)
class Stack:
    """Everything that a run needs to know, resolved.

    record_every: ns between records; plugins: single files that supplied rules, absolute; file: where the stack was
    read from.
    """

    name: str
    seed: int
    quote: str
    record_every: Duration
    legs: Mapping[str, Leg]
    signals: tuple[Slot, ...]
    sizing: Slot
    pricing: Slot
    ladder: Slot
    risk: tuple[Slot, ...]
    execution: Slot
    hedging: Slot
    reports: tuple[Slot, ...]
    plugins: tuple[Path, ...] = ()
    file: Path | None = None

    @property
    def leg(self) -> Leg:
        """The instrument that is quoted."""
        return self.legs[self.quote]

    @property
    def optimizations(self) -> tuple[Slot, ...]:
        """What is switched on, in the order of the rules."""
        return tuple(each for slot in self.slots for each in slot.optimizations)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every rule but markets, venues and reports, in the order in which they act."""
        return (*self.signals, self.sizing, self.pricing, self.ladder, *self.risk, self.execution, self.hedging)
