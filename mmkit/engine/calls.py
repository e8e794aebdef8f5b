"""How a stack's module calls its rules: under which names, and what each call is handed."""

import re
from collections.abc import Iterator
from typing import Any

import attrs

from mmkit.declared import head
from mmkit.errors import MmkitError, PluginError, raised_at
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack

Lines = list[str]


def identifier(path: str) -> str:
    """Returns the name under which a slot's objects stand in the session: "signals.sigma" becomes signals_sigma."""
    return re.sub(r"\W", "_", path)


def fields(cls: type) -> Any:
    """Returns the attrs fields of a class that is only known at run time to be one."""
    return attrs.fields(cls)


def calls_of(stack: Stack) -> list[tuple[Slot, str]]:
    """Returns every function of every rule that a stack's module may call; `clock.at` counts them from 1."""
    slots = (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches)
    return [(slot, name) for slot in slots for name, _ in own_functions(slot.rule)]


def is_number(value: Any) -> bool:
    """Returns whether a value is a number, Python's or numpy's."""
    return hasattr(value, "__float__") and not hasattr(value, "__len__")


def asked(slot: Slot, name: str, *given: Any) -> int:
    """Returns the whole number that a rule answers with before a run. Raises PluginError where it raises or answers otherwise."""
    asking = getattr(slot.rule, name)
    who = f"{slot.path}: {slot.rule.name} ({slot.distribution}): {name}"
    try:
        answer = asking(slot.params, *given)
    except MmkitError:
        raise
    except Exception as error:
        raise PluginError(f"{who} raised {type(error).__name__}: {error} ({raised_at(error)})") from error
    if not is_number(answer) or answer != answer // 1:
        raise PluginError(f"{who} returned {answer!r}, no whole number{head(asking)}")
    return int(answer)


def function(head: str, doc: str, lines: Lines) -> Lines:
    """Returns a function's text: head, docstring, body."""
    return [f"def {head}:", f'    """{doc}"""', *(f"    {line}" for line in lines), "", ""]


class Calls:
    """A stack's rules as text that calls them; scope: the functions that the text names."""

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
