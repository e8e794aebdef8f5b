"""Writes a stack's own module: plain Python in which the rules are called by name, in the order of their roles."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from mmkit.engine import account, control, funds, grid
from mmkit.engine.noting import written
from mmkit.engine.places import fresh_ladder
from mmkit.engine.recording import record_legs
from mmkit.engine.records import LEG_COLUMNS, NO_QUOTES, RECORD_COLUMNS, RISK, RISK_COLUMNS, SIGNAL
from mmkit.engine.replay import show
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack

STANDS_OUT = 0.1
"""Size from which a logged signal is noted."""

HEAD = '''"""Stack {name}, written by mmkit; do not edit: it is made anew whenever a rule changes.

{table}
"""
'''

Lines = list[str]


def identifier(path: str) -> str:
    """Returns the name under which a slot's objects stand in the session: "signals.sigma" becomes signals_sigma."""
    return re.sub(r"\W", "_", path)


def fields(cls: type) -> Any:
    """Returns the attrs fields of a class that is only known at run time to be one."""
    return attrs.fields(cls)


class Writer:
    """Turns a stack into the text of its module and the names that the text uses."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.slots = stack.slots
        self.by_name = {slot.name: slot for slot in stack.slots if slot.path in (f"signals.{slot.name}", "sizing")}
        self.scope: dict[str, Any] = {}

    def call(self, slot: Slot, function: str, *arguments: str, market: bool = True) -> str:
        """Returns the text of a call of a rule's function."""
        own = identifier(slot.path)
        name = f"{own}_{function}"
        self.scope[name] = getattr(slot.rule, function)
        given = [f"s.{own}_params", f"s.{own}_state"]
        if market:
            given.append(f"{self.stack.place_of(slot.instrument)}.market")
            declared = (part for part in ("inputs", "terms", "constants") if getattr(slot.rule, part, None) is not None)
            given += [f"s.{own}_{part}" for part in declared]
        given += arguments
        if slot.rule.depth:
            given.append("book")
        return f"{name}({', '.join(given)})"

    def noted(self, slot: Slot, function: str) -> str:
        """Returns the line that notes which call comes next: compiled code raises without a trace of it."""
        again = "".join(
            f"; show({self.stack.place_of(name)}.market)"
            for name in self.stack.leg_names
            if "mid" in self.stack.legs[name].market.rule.anew
        )
        return f"s.clock.at = {calls_of(self.stack).index((slot, function)) + 1}{again}"

    def assembled(self, slot: Slot) -> Lines:
        """Returns the lines that work a rule's constants out again, where they are not kept from the start."""
        rule: Any = slot.rule
        if rule.constants is None or "constants" not in rule.anew:
            return []
        own = identifier(slot.path)
        self.scope[f"{own}_assemble"] = rule.assemble
        return [self.noted(slot, "assemble"), f"{own}_assemble(s.{own}_params, s.{own}_constants)"]

    def wiring(self, slot: Slot) -> Iterator[str]:
        """Yields the lines that hand a rule its inputs."""
        own = identifier(slot.path)
        for name, source in slot.wiring.items():
            yield f"s.{own}_inputs.{name} = {self.source(source)}"

    def source(self, source: str) -> str:
        """Returns the text that reads a published number: a rule's output, or what is known of an instrument itself."""
        provider, _, output = source.rpartition(".")
        if provider in self.by_name:
            return f"s.{identifier(self.by_name[provider].path)}_state.{output}"
        return f"{self.stack.place_of(provider)}.market.{output}"

    def ready(self, slot: Slot) -> str:
        """Returns the condition under which a rule's required inputs are there, or ''."""
        own = identifier(slot.path)
        wanted = fields(slot.rule.inputs) if slot.rule.inputs else ()
        needed = [a.name for a in wanted if a.name in slot.wiring and a.metadata.get("required")]
        return " and ".join(f"isfinite(s.{own}_inputs.{name})" for name in needed)

    def keeps(self, slot: Slot, key: list[str]) -> str:
        """Returns the text that asks an optimization whether what was prepared still holds."""
        own = identifier(slot.path)
        rule: Any = slot.rule
        self.scope[f"{own}_keeps"] = rule.keeps
        return f"{own}_keeps(s.{own}_params, s.{own}_state, s.market, ({', '.join(key)},))"

    def signal_calls(self, function: str, *arguments: str, depth: bool | None = None) -> Lines:
        """Returns the lines that call every signal having `function`, under its instrument where there are several.

        depth: only those that read the book, or only the others.
        """
        lines: Lines = []
        for number, name in enumerate(self.stack.leg_names):
            own: Lines = []
            for slot in self.stack.signals:
                asked = getattr(slot.rule, function) is not None and slot.instrument == name
                if not asked or (depth is not None and slot.rule.depth != depth):
                    continue
                own += [*self.wiring(slot), self.noted(slot, function), self.call(slot, function, *arguments)]
            lines += self.under(number, own)
        return lines

    def under(self, number: int, lines: Lines) -> Lines:
        """Returns lines that only concern the instrument of that number."""
        if len(self.stack.legs) == 1 or not lines:
            return lines
        return [f"if leg.market.number == {number}:", *(f"    {line}" for line in lines)]

    def decide(self) -> Lines:
        """Returns the lines of one decision."""
        stack = self.stack
        pricing = stack.pricing
        own = identifier(pricing.path)
        lines: Lines = ["fresh_ladder(s)"] if "buffers" in stack.ladder.rule.anew else []
        lines.append("s.ladder.levels = 0")
        if stack.watchers:
            lines += [f"if s.control.level >= {NO_QUOTES}:", "    return"]
        indent = ""

        def step(slot: Slot, *calls: str) -> None:
            nonlocal indent
            lines.extend(indent + line for line in self.wiring(slot))
            condition = self.ready(slot)
            if condition:
                lines.append(f"{indent}if {condition}:")
                indent += "    "
            lines.extend(indent + line for line in calls)

        sizing: Any = stack.sizing.rule
        orders = ["s.desk"] if sizing.desk else []
        sizes = f"bid_qty, ask_qty = {self.call(stack.sizing, 'sizes', *orders)}"
        step(stack.sizing, self.noted(stack.sizing, "sizes"), sizes)
        rule: Any = pricing.rule
        prepare = []
        if rule.prepare is not None:
            self.scope[f"{own}_prepare"] = rule.prepare
            terms = [f"s.{own}_{name}" for name in ("terms", "constants") if getattr(rule, name)]
            names = [f"s.{own}_inputs.{a.name}" for a in fields(rule.inputs)] if rule.inputs else []
            prepare = [
                self.noted(pricing, "prepare"),
                f"{own}_prepare({', '.join([f's.{own}_params', *terms, *names])})",
            ]
            for cache in pricing.caches:
                prepare = [
                    self.noted(cache, "keeps"),
                    f"if not {self.keeps(cache, names)}:",
                    *(f"    {line}" for line in prepare),
                ]
        prepare = [*self.assembled(pricing), *prepare, self.noted(pricing, "quote")]
        widened = (
            ["half_bid, half_ask = half_bid * s.control.widen, half_ask * s.control.widen"] if stack.watchers else []
        )
        step(pricing, *prepare, f"price, half_bid, half_ask = {self.call(pricing, 'quote')}", *widened)
        step(
            stack.ladder,
            *self.assembled(stack.ladder),
            self.noted(stack.ladder, "levels"),
            self.call(stack.ladder, "levels", "s.ladder", "bid_qty", "ask_qty"),
            *(["s.ladder.levels = min(s.ladder.levels, s.control.most_levels)"] if stack.watchers else []),
        )
        lines.append(f"{indent}if sound(s, price, half_bid, half_ask, bid_qty, ask_qty):")
        indent += "    "
        lines.append(f"{indent}to_grid(s, price - half_bid, price + half_ask)")
        for slot in stack.risk:
            if slot.rule.limit is None:  # type: ignore[attr-defined]
                continue
            condition = self.ready(slot)
            calls = [self.noted(slot, "limit"), self.call(slot, "limit", "s.ladder", "s.desk")]
            if condition:  # a limit that cannot be worked out lets nothing pass
                calls = [f"if {condition}:", *(f"    {line}" for line in calls), "else:", "    s.ladder.levels = 0"]
            lines += [indent + line for line in (*self.wiring(slot), *calls)]
        if stack.watchers:
            lines.append(f"{indent}restrict(s)")
        if stack.leg.instrument.bounded:
            lines.append(f"{indent}afford(s)")
        if stack.leg.market.rule.paths is None:  # type: ignore[attr-defined]
            lines += [*self.wiring(stack.execution), self.noted(stack.execution, "act")]
            lines.append(self.call(stack.execution, "act", "s.ladder", "s.desk"))
        return lines

    def venue(self) -> Lines:
        """Returns the functions that the venue's rule supplies."""
        slot = self.stack.leg.venue
        own = identifier(slot.path)
        lines: Lines = []
        for name, function in own_functions(slot.rule):
            self.scope[f"{own}_{name}"] = function
            if name == "fill_probability":
                lines += [
                    "def fill_probability(s, distance, dt):",
                    f"    {self.noted(slot, name)}",
                    f"    return {own}_{name}(s.{own}_params, distance, dt)",
                ]
        return lines

    def queues(self) -> Lines:
        """Returns the functions of the venues' rules for orders that rest, each under its instrument."""
        lines: Lines = []
        for name, given in (("rest", "ahead"), ("trade", "quantity"), ("depth_change", "previous, new")):
            body: Lines = []
            for number, leg in enumerate(self.stack.all_legs):
                slot = leg.venue
                own = identifier(slot.path)
                rule = getattr(slot.rule, name)
                if rule is not None:
                    self.scope[f"{own}_{name}"] = rule
                    called = f"{own}_{name}(s.{own}_params, s.{own}_state, order, {given})"
                    body += self.under(number, [self.noted(slot, name), called])
            if body:
                lines += [f"def {name}(s, leg, order, {given}):", *(f"    {line}" for line in body)]
        return lines

    def text(self) -> str:
        """Returns the module's text."""
        ladder: Any = self.stack.ladder.rule
        self.scope |= {"isfinite": math.isfinite, "sound": grid.sound, "to_grid": ladder.to_grid or grid.to_grid}
        self.scope |= {"show": show, "fresh_ladder": fresh_ladder, "written": written}
        self.scope |= {"restrict": control.restrict, "afford": funds.afford, "record_legs": record_legs}
        venues = (leg.venue for leg in self.stack.all_legs)
        rows = [(slot.path, slot.rule.name, slot.distribution) for slot in (*self.slots, *venues)]
        rows += [(slot.path, slot.rule.name, slot.distribution) for slot in self.stack.caches]
        width = max(len(path) for path, _, _ in rows)
        table = "\n".join(f"  {path:<{width}}  {name}  ({origin})" for path, name, origin in rows)
        body = [HEAD.format(name=self.stack.name, table=table)]
        heard = {"depth": self.signal_calls("on_book", depth=True), "book": self.signal_calls("on_book", depth=False)}
        trade, fill, clock = (
            self.signal_calls(name, *given)
            for name, given in (("on_trade", ("leg.trade",)), ("on_fill", ("leg.fill",)), ("on_clock", ()))
        )
        body += function("on_book(s, leg, book)", "The best prices changed.", heard["book"])
        body += function("on_depth(s, leg, book)", "A level of the book changed.", heard["depth"])
        body += function("on_trade(s, leg, book)", "A trade happened.", trade)
        body += function("on_fill(s, leg, book)", "An execution of ours became known.", fill)
        body += function("on_clock(s, leg, book)", "A turn is due.", clock)
        body += self.turns()
        body += function("decide(s, book)", "One decision, in the order of the roles.", self.decide())
        noted = self.noted(self.stack.execution, "next_time")
        when = "return " + self.call(self.stack.execution, "next_time")
        if self.stack.execution.rule.depth:
            when = when.replace(", book)", ")")
        body += function("next_time(s)", "When the next timer decision is due.", [noted, when])
        body += function("record_signals(s, log, at)", "The published signals, behind the state.", self.published())
        body += function("note_signals(s, log)", "Signals that stand out and have changed.", self.logged())
        body += function("heard(s, kind, size)", "Whether an event is written into the log.", self.heard())
        body += [*self.venue(), *self.queues(), ""]
        return "\n".join(body)

    def turns(self) -> Lines:
        """Returns the functions of what is due beside decisions; those that a stack does not need are left out."""
        stack = self.stack
        body: Lines = []
        if stack.accounts:
            self.scope["enter"] = account.enter
            body += function("on_account(s, leg)", "Cost and profit of the quoted instrument.", ["enter(s, leg)"])
        candles = [
            f"s.{identifier(slot.path)}_state.{slot.rule.candle}"  # type: ignore[attr-defined]
            for slot in stack.signals
            if slot.rule.candle  # type: ignore[attr-defined]
        ]
        if candles:
            body += function("candles(s)", "Candles closed so far.", [f"return {' + '.join(candles)}"])
        if stack.watchers:
            body += function("watch(s, log)", "Risk rules that watch: the highest level counts.", self.watch())
        if len(stack.legs) > 1:
            body += function("record_others(s, log)", "The other instruments' money.", ["record_legs(s, log)"])
        if stack.hedges:
            slot = stack.hedging
            hedges = f"s.legs[:{len(stack.hedges)}]"
            calls = [self.noted(slot, "hedge"), self.call(slot, "hedge", "s.account", hedges)]
            condition = self.ready(slot)
            if condition:
                calls = [f"if {condition}:", *(f"    {line}" for line in calls)]
            self.scope["clear_desks"] = control.clear_desks
            self.scope |= {"mark": account.mark, "mark_legs": account.mark_legs}
            lines = [*self.wiring(slot), "mark(s)", "mark_legs(s)", "clear_desks(s)", *calls]
            body += function("hedge(s)", "Orders on other instruments against the position.", lines)
            when = [self.noted(slot, "next_time"), "return " + self.call(slot, "next_time")]
            body += function("hedge_time(s)", "When the hedging rule is asked next.", when)
        return body

    def watch(self) -> Lines:
        """Returns the lines that ask every risk rule that watches."""
        self.scope |= {"mark": account.mark, "ask_anew": control.ask_anew, "govern": control.govern}
        lines: Lines = ["mark(s)"]
        if len(self.stack.legs) > 1:
            self.scope["mark_legs"] = account.mark_legs
            lines.append("mark_legs(s)")
        lines += ["ask_anew(s.control)", "level, reason = 0, -1"]
        for number, slot in enumerate(self.stack.risk):
            if slot not in self.stack.watchers:
                continue
            asked = [
                self.noted(slot, "watch"),
                f"wanted = {self.call(slot, 'watch', 's.account', 's.desk', 's.control')}",
            ]
            condition = self.ready(slot)
            if condition:  # what cannot be judged fails closed
                asked = [f"if {condition}:", *(f"    {line}" for line in asked), "else:", f"    wanted = {NO_QUOTES}"]
            lines += [*self.wiring(slot), *asked]
            lines += ["if wanted > level:", f"    level, reason = wanted, {number}"]
        noted = "s.control.level, float(s.control.reason), float(s.control.step), s.market.position"
        lines.append(f"if govern(s, level, reason) and heard(s, {RISK}, 0.0):")
        return [*lines, f"    written(s, log, s.market.now, {RISK}, {noted})"]

    def logged(self) -> Lines:
        """Returns the lines that note a logged signal when it has changed and stands out."""
        lines: Lines = []
        for number, name in enumerate(logged_signals(self.stack)):
            slot, _, output = name.rpartition(".")
            value = f"s.{identifier(self.by_name[slot].path)}_state.{output}"
            lines += [f"if {value} != log.last[{number}]:", f"    log.last[{number}] = {value}"]
            lines += [f"    if abs({value}) > {STANDS_OUT} and heard(s, {SIGNAL}, 0.0):"]
            lines += [f"        written(s, log, s.market.now, {SIGNAL}, {number}, {value}, 0.0, 0.0)"]
        return lines

    def heard(self) -> Lines:
        """Returns the lines that ask the log's optimization, if there is one."""
        slot = self.stack.log
        if slot is None:
            return ["return True"]
        own = identifier(slot.path)
        rule: Any = slot.rule
        self.scope[f"{own}_samples"] = rule.samples
        return [f"return {own}_samples(s.{own}_params, s.{own}_state, kind, size)"]

    def published(self) -> Lines:
        """Returns the lines that write every signal, and the level of risk in force, into the record that starts at `at`."""
        first = RECORD_COLUMNS + LEG_COLUMNS * len(self.stack.legs)
        values = [
            f"s.{identifier(slot.path)}_state.{output}" for slot in self.stack.signals for output in slot.rule.outputs
        ]
        if self.stack.watchers:
            values += ["float(s.control.level)", "float(s.control.reason)", "float(s.control.step)"]
        return [f"log.record[at + {first + place}] = {value}" for place, value in enumerate(values)]


def calls_of(stack: Stack) -> list[tuple[Slot, str]]:
    """Returns every function of every rule that a stack's module may call; `clock.at` counts them from 1."""
    slots = (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches)
    return [(slot, name) for slot in slots for name, _ in own_functions(slot.rule)]


def function(head: str, doc: str, lines: Lines) -> Lines:
    """Returns a function's text: head, docstring, body."""
    return [f"def {head}:", f'    """{doc}"""', *(f"    {line}" for line in lines), "", ""]


def generate(stack: Stack) -> tuple[str, Mapping[str, Any]]:
    """Returns the module's text, and the functions that it calls by name."""
    writer = Writer(stack)
    return writer.text(), writer.scope


def logged_signals(stack: Stack) -> list[str]:
    """Returns the signals that the decision log has, in the order of their numbers: "candles.momentum"."""
    return [f"{slot.name}.{output}" for slot in stack.signals for output in slot.rule.logged]  # type: ignore[attr-defined]


def record_width(stack: Stack) -> int:
    """Returns how many numbers a record has."""
    watched = RISK_COLUMNS if stack.watchers else 0
    return RECORD_COLUMNS + LEG_COLUMNS * len(stack.legs) + len(signal_names(stack)) + watched


def signal_names(stack: Stack) -> list[str]:
    """Returns the published signals in the order in which records have them: "sigma.value"."""
    return [f"{slot.name}.{output}" for slot in stack.signals for output in slot.rule.outputs]
