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
    optimizations: what is switched on for the rule, path "pricing.spread-cache"; off: what is switched off although rules have it
    unless it is; declared: the rule before its optimizations.
    """

    name: str
    path: str
    rule: Rule
    params: Any
    wiring: Mapping[str, str]
    distribution: str
    optimizations: tuple["Slot", ...] = ()
    off: tuple["Slot", ...] = ()
    declared: Rule = attrs.field(default=attrs.Factory(lambda self: self.rule, takes_self=True))

    @property
    def caches(self) -> tuple["Slot", ...]:
        """Those of its optimizations that decide, during a run, whether something is done again."""
        return tuple(each for each in self.optimizations if getattr(each.rule, "keeps", None))


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
    read from; log: what chooses the events that are written (None: all are); process: what surrounds a run.
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
    log: Slot | None = None
    process: tuple[Slot, ...] = ()
    plugins: tuple[Path, ...] = ()
    file: Path | None = None

    @property
    def leg(self) -> Leg:
        """The instrument that is quoted."""
        return self.legs[self.quote]

    @property
    def optimizable(self) -> tuple[Slot, ...]:
        """Every rule that can have optimizations, the quoted instrument's market and venue last."""
        return (*self.slots, self.leg.venue, self.leg.market)

    @property
    def optimizations(self) -> tuple[Slot, ...]:
        """What is switched on, in the order of the rules."""
        return tuple(each for slot in self.optimizable for each in slot.optimizations)

    @property
    def caches(self) -> tuple[Slot, ...]:
        """Those optimizations that act during a run, in the order of the rules."""
        return (*(each for slot in self.slots for each in slot.caches), *((self.log,) if self.log else ()))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every rule but markets, venues and reports, in the order in which they act."""
        return (*self.signals, self.sizing, self.pricing, self.ladder, *self.risk, self.execution, self.hedging)
