"""Writes a stack's own module: plain Python in which the rules are called by name, in the order of their roles."""

import math
from collections.abc import Mapping
from typing import Any

from mmkit.engine import account, control, funds, grid
from mmkit.engine.calls import Calls, Lines, fields, function, identifier
from mmkit.engine.logs import LEG_COLUMNS, RECORD_COLUMNS, RISK_COLUMNS
from mmkit.engine.noting import written
from mmkit.engine.places import fresh_ladder
from mmkit.engine.recording import record_legs
from mmkit.engine.records import NO_QUOTES, RISK, SIGNAL
from mmkit.engine.replay import show
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack

STANDS_OUT = 0.1
"""Size from which a logged signal is noted."""

HEAD = '''"""Stack {name}, written by mmkit; do not edit: it is made anew whenever a rule changes.

{table}
"""
'''


class Writer(Calls):
    """Turns a stack into the text of its module and the names that the text uses."""

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
        for name, supplied in own_functions(slot.rule):
            self.scope[f"{own}_{name}"] = supplied
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
        places = {"rest": "ahead", "trade": "quantity", "depth_change": "previous, new", "through": "ticks"}
        for name, given in places.items():
            says = "return " if name == "through" else ""
            body: Lines = []
            for number, leg in enumerate(self.stack.all_legs):
                slot = leg.venue
                own = identifier(slot.path)
                rule = getattr(slot.rule, name)
                if rule is not None:
                    self.scope[f"{own}_{name}"] = rule
                    called = f"{says}{own}_{name}(s.{own}_params, s.{own}_state, order, {given})"
                    body += self.under(number, [self.noted(slot, name), called])
            if body and says:
                body.append("return True")
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
