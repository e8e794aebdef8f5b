"""A stack: which rules act where, with their parameters and their wiring, complete and checked."""

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit.fields import Duration, Rate, field
from mmkit.rules import Rule


class Kind(enum.IntEnum):
    """What a lot is, and in which currency it gains."""

    LINEAR = 0
    INVERSE = 1
    SPOT = 2


class Cost(enum.IntEnum):
    """What the part of a position that a fill closes has cost."""

    AVERAGE = 0
    FIFO = 1


@attrs.frozen
class Instrument:
    """What is traded: grid, fees, and what the venue and the account allow.

    balances: what the account at the instrument's venue starts with, by currency; None: it is never short of anything.
    """

    name: str
    tick_size: float = field(unit="quote", above=0, doc="smallest price step")
    lot_size: float = field(unit="base", above=0, doc="smallest quantity step")
    maker_fee: Rate = field(0.0, unit="fraction", above=-1, below=1, doc="fee of a resting order; negative = rebate")
    taker_fee: Rate = field(0.0, unit="fraction", above=-1, below=1, doc="fee of an order that takes")
    kind: Kind = field(
        Kind.LINEAR, doc="linear: gains in quote currency; inverse: in the coin; spot: owned, never short"
    )
    contract_size: float = field(
        1.0, above=0, doc="of a contract that lot_size counts: base currency (inverse: quote currency)"
    )
    min_quantity: float = field(0.0, unit="base", at_least=0, doc="least quantity of an order (inverse: contracts)")
    min_notional: float = field(0.0, unit="quote", at_least=0, doc="least price * quantity of an order")
    initial_margin: float = field(0.0, unit="fraction", at_least=0, at_most=1, doc="of notional, to open a position")
    maintenance_margin: float = field(0.0, unit="fraction", at_least=0, at_most=1, doc="of notional, below: liquidated")
    base_currency: str = field("", doc="what is traded; left out: the instrument's name")
    quote_currency: str = field("", doc="what it is paid with; left out: quote")
    funding: Path | None = None
    balances: Mapping[str, float] | None = None

    @property
    def inverse(self) -> bool:
        """Whether profit is in the coin."""
        return self.kind == Kind.INVERSE

    @property
    def bounded(self) -> bool:
        """Whether quotes can be too small, or more than the account can pay."""
        return self.min_quantity > 0 or self.min_notional > 0 or (self.kind == Kind.SPOT and self.balances is not None)

    @property
    def lot(self) -> float:
        """What a lot is: base currency, of an inverse contract quote currency."""
        return self.lot_size * self.contract_size if self.contract_size != 1.0 else self.lot_size

    @property
    def base(self) -> str:
        """The currency that is traded."""
        return self.base_currency or self.name

    @property
    def paid_in(self) -> str:
        """The currency that it is paid with."""
        return self.quote_currency or "quote"

    @property
    def gains_in(self) -> str:
        """The currency of profit and fees."""
        return self.base if self.inverse else self.paid_in


@attrs.frozen(eq=False)
class Slot:
    """One rule in its place.

    name: as in the TOML: "pricing", "sigma" (of signals.sigma), "limits" (of risk.limits), "market", "venue"; path: its key path,
    "signals.sigma"; params: an instance of rule.params; wiring: each input's source, "sigma.value" (slot name and output);
    an optional input without a source has no entry; distribution: name and version of what supplied the rule, or the file's name;
    instrument: of a signal, the one that it listens to; optimizations: what is switched on for the rule, path "pricing.spread-cache";
    off: what is switched off although rules have it unless it is; declared: the rule before its optimizations.
    """

    name: str
    path: str
    rule: Rule
    params: Any
    wiring: Mapping[str, str]
    distribution: str
    instrument: str = ""
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

    record_every: ns between records; watch_every: ns within which risk rules are asked at least once; fifo: cost is first in, first out
    instead of an average; hedges: names of the instruments that the hedging rule trades, in its order;
    plugins: single files that supplied rules, absolute; file: where the stack was
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
    watch_every: Duration = Duration(1_000_000_000)
    fifo: bool = False
    hedges: tuple[str, ...] = ()

    @property
    def leg_names(self) -> tuple[str, ...]:
        """The instruments in the order of their numbers: the quoted one, the hedges, the others."""
        others = (name for name in self.legs if name != self.quote and name not in self.hedges)
        return (self.quote, *self.hedges, *others)

    @property
    def all_legs(self) -> tuple[Leg, ...]:
        """The instruments with their markets and venues, in the order of their numbers."""
        return tuple(self.legs[name] for name in self.leg_names)

    def place_of(self, name: str) -> str:
        """Returns where the session has an instrument, as its module names it."""
        number = self.leg_names.index(name or self.quote)
        return f"s.legs[{number - 1}]" if number else "s"

    @property
    def watchers(self) -> tuple[Slot, ...]:
        """The risk rules that watch."""
        return tuple(slot for slot in self.risk if getattr(slot.rule, "watch", None) is not None)

    @property
    def accounts(self) -> bool:
        """Whether a rule sees the account."""
        return bool(self.watchers or self.hedges)

    @property
    def leg(self) -> Leg:
        """The instrument that is quoted."""
        return self.legs[self.quote]

    @property
    def optimizable(self) -> tuple[Slot, ...]:
        """Every rule that can have optimizations, the instruments' venues and markets last."""
        legs = self.all_legs
        return (*self.slots, *(leg.venue for leg in legs), *(leg.market for leg in legs))

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
