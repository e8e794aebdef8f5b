"""The rule under test: what it is tried with, and stacks in which it acts among plain rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from mmkit.contract import RESERVED
from mmkit.errors import ConfigError, MmkitError
from mmkit.plugins import offers
from mmkit.rules import Market, Optimization, Role, Rule
from mmkit.settings import made
from mmkit.stack import Slot, Stack
from mmkit.structure import structure
from mmkit.testing.feed import fed, feed, output_of
from mmkit.testing.given import SIMULATED, given, shortened, simulated
from mmkit.testing.observing import Call, Seen, heard, placed, watched
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.surroundings import (
    GROUPS,
    SUBJECT,
    built_in,
    document,
    filled,
    instrument,
    merged,
    needs_data,
    without_a_book,
)

__all__ = ["Call", "Failed", "Seen", "Skipped", "Subject", "given", "heard", "observed", "run", "simulated"]

TICK, LOT = 0.01, 0.001
"""The kit's grid, at a price of about 100."""

Tables = Mapping[str, Any]


@attrs.frozen(eq=False)
class Subject:
    """A rule and what it is tried with.

    supplier: who offers it; params: a table of parameters, as TOML has them, for what has no default.
    """

    rule: Rule
    supplier: str = "the rule under test"
    params: Tables = attrs.field(factory=dict)
    _stacks: dict[str, Stack] = attrs.field(factory=dict, init=False)
    _acting: Rule = attrs.field(default=attrs.Factory(lambda self: short(self.rule), takes_self=True), init=False)

    @property
    def name(self) -> str:
        """The rule as a user calls it: "pricing.fixed"."""
        return f"{self.rule.role.value}.{self.rule.name}"

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The tables of parameters that it is tried with: `params` and defaults, then with each of its examples."""
        rest = [merged(self.params, example) for example in self.rule.examples]
        return [filled(self.rule, self.params), *(filled(self.rule, table) for table in rest)]

    @property
    def fills_by_chance(self) -> bool:
        """Whether it acts in a world without a book."""
        return any(getattr(self.rule, name, None) is not None for name in ("paths", "fill_probability"))

    @property
    def hedges(self) -> bool:
        """Whether it trades a second instrument."""
        return getattr(self.rule, "hedge", None) is not None

    def stack(
        self,
        table: Tables | None = None,
        *,
        market: Market | None = None,
        tick_size: float = TICK,
        lot_size: float = LOT,
        optional: bool = True,
        more: Tables | None = None,
    ) -> Stack:
        """Returns a stack in which the rule acts, and every input of it is fed.

        table: its parameters (left out: the first of `tables`); market: what takes the place of the simulated book of every instrument
        (`given` makes one of arrays); optional: whether inputs that it does not require are fed as well; more: tables over those of the
        stack, by section. Raises ConfigError where that is no stack; Skipped where only files could be its market.
        """
        table = self.tables[0] if table is None else table
        lacking = needs_data(self.rule, table)
        if lacking:
            raise Skipped(f"reads files: give its parameter {' and '.join(lacking)} (params)")
        key = repr((table, tick_size, lot_size, optional, more))
        if key not in self._stacks:
            self._stacks[key] = self._made(dict(table), tick_size, lot_size, optional, more or {})
        stack = self._stacks[key]
        if market is not None:
            legs = {name: self._over(leg, market) for name, leg in stack.legs.items()}
            stack = attrs.evolve(stack, legs=legs)
        elif "H" in stack.legs:
            second = given(simulated(tick_size, lot_size, 1))
            stack = attrs.evolve(stack, legs={**stack.legs, "H": self._over(stack.legs["H"], second)})
        return stack

    def _over(self, leg: Any, market: Market) -> Any:
        if leg.market.rule.name != "given":
            return leg
        return attrs.evolve(leg, market=attrs.evolve(leg.market, rule=market, declared=market))

    def _made(self, table: dict[str, Any], tick_size: float, lot_size: float, optional: bool, more: Tables) -> Stack:
        tables = document(tick_size, lot_size)
        role, rule = self.rule.role, self.rule
        if isinstance(rule, Optimization):
            self._host(tables, {"use": rule.name, **table}, more)
        elif role in GROUPS:
            tables[GROUPS[role]][SUBJECT] = {"use": rule.name, **table}
        elif role in (Role.MARKET, Role.VENUE):
            if self.fills_by_chance:
                tables["instruments"]["X"] |= without_a_book()
            tables["instruments"]["X"][role.value] = {"use": rule.name, **table}
        else:
            tables[role.value] = {"use": rule.name, **table}
        if self.hedges:
            tables["instruments"]["H"] = instrument(tick_size, lot_size)
        tables = merged(tables, more)
        supplied: list[tuple[Rule, str]] = [(rule, self.supplier)]
        if role is not Role.MARKET or more:
            supplied.append((given(simulated(tick_size, lot_size)), "mmkit"))
        if rule.inputs is not None and role not in (Role.MARKET, Role.VENUE, Role.REPORT):
            self._feed(tables, table, lot_size, optional, supplied)
        stack = made(tables, supplied)
        return placed(stack, rule, self._acting)

    def _feed(
        self, tables: dict[str, Any], table: Tables, lot_size: float, optional: bool, supplied: list[tuple[Rule, str]]
    ) -> None:
        """Puts a signal before the rule, which provides what it reads and nobody else does."""
        role = self.rule.role
        sizing = built_in(Role.SIZING, tables["sizing"]["use"]) if role not in (Role.SIGNALS, Role.SIZING) else None
        known = frozenset(sizing.outputs if sizing else ())
        params = self.structured(table)
        wanted = fed(self.rule, params, known, optional)
        if not wanted:
            return
        own = tables[GROUPS[role]][SUBJECT] if role in GROUPS else tables[role.value]
        own["inputs"] = {each.name: f"feed.{output_of(each.name)}" for each in wanted} | own.get("inputs", {})
        tables["signals"] = {"feed": {"use": "feed"}, **tables["signals"]}
        supplied.append((feed(wanted, lot_size), "mmkit"))

    def put(self, stack: Stack, rule: Rule) -> Stack:
        """Returns one of its stacks with another rule in the place of the rule under test."""
        return placed(stack, self._acting, short(rule))

    def structured(self, table: Tables) -> Any:
        """Returns the rule's parameters from a table. Raises ConfigError, one line per fault."""
        params, faults = structure(self.rule.params, table, Path(), RESERVED)
        if faults:
            raise ConfigError(*(f"{self.name}.{key}: {text}" for key, text in faults))
        return params

    def _host(self, tables: dict[str, Any], entry: dict[str, Any], more: Tables) -> None:
        """Switches an optimization on for the first rule that it suits."""
        from mmkit.optimizing import unsuited

        rule = self.rule
        assert isinstance(rule, Optimization)
        for section in rule.applies:
            if section in ("log", "process"):
                tables[section] = {"optimizations": [entry]}
                return
            role = Role(section)
            for name in offers().names(role):
                try:
                    host = built_in(role, name)
                except MmkitError:
                    continue  # what nobody names may be broken
                if unsuited(rule, section, host) or needs_data(host, {}):
                    continue
                own = {"use": name, **filled(host, {}), "optimizations": [entry]}
                if "duration" in attrs.fields_dict(host.params):
                    own["duration"] = SIMULATED["duration"]
                if role in GROUPS:
                    tables[GROUPS[role]]["host"] = own
                elif role in (Role.MARKET, Role.VENUE):
                    tables["instruments"]["X"][section] = own
                else:
                    tables[section] = own
                self._inputs(host, own, tables)
                return
        raise Skipped(f"it suits no rule that is there in the roles {', '.join(rule.applies)}")

    def _inputs(self, host: Rule, own: dict[str, Any], tables: dict[str, Any]) -> None:
        """Puts in the signals that a host requires."""
        for each in attrs.fields(host.inputs) if host.inputs else ():
            if each.metadata.get("required") and each.name == "volatility":
                tables["signals"]["volatility"] = {"use": "volatility", "half_life": "10s", "warm_up": "1s"}


def short(rule: Rule) -> Rule:
    """Returns the rule as it acts in the kit's stacks: a market is over after some thousand rows."""
    return shortened(rule) if isinstance(rule, Market) else rule


def slots_of(stack: Stack, rule: Rule) -> list[Slot]:
    """Returns the places of a stack in which a rule acts."""
    every: Sequence[Slot] = (*stack.optimizable, *stack.reports, *stack.optimizations, *stack.process)
    return [slot for slot in (*every, *((stack.log,) if stack.log else ())) if slot.rule is rule]


def run(stack: Stack, engine: str = "python", **more: Any) -> Any:
    """Returns the finished run of a stack (mmkit.Run). Raises what ended it early."""
    from mmkit.runs import attempt

    done = attempt(stack, engine=engine, **more)
    if done.error is not None:
        raise done.error
    if done.interrupted:
        raise KeyboardInterrupt
    return done


def observed(subject: Subject, stack: Stack) -> tuple[Any, Seen]:
    """Returns the finished run of a stack in the plain engine, and what was seen of the rule under test. Raises what ended it early."""
    seen = Seen(subject.rule)
    return run(subject.put(stack, watched(subject.rule, seen.note))), seen
