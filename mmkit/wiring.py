"""Which published number feeds which input: by an explicit line, or by name where exactly one fits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from mmkit.errors import nearest
from mmkit.rules import Role
from mmkit.stack import Slot

Report = Callable[[str, str], None]
"""Notes a fault: key path, text."""

KNOWN = {"bid": "quote", "ask": "quote", "mid": "quote", "position": "base"}
"""What every instrument publishes without a signal, and its unit."""


def wire(
    slots: Sequence[Slot],
    explicit: Mapping[str, Mapping[str, Any]],
    known_signals: Sequence[str],
    fault: Report,
    quote: str = "",
    instruments: Sequence[str] = (),
) -> dict[str, dict[str, str]]:
    """Returns, by slot path, each input's source: slot name and output, "sigma.value", or an instrument's own, "SPOT.mid".

    slots: in the order in which they act; params is None where they are at fault. explicit: the `inputs` tables by
    slot path; known_signals: names of signal rules that a fault may recommend; quote: the instrument that is quoted.
    """
    wired: dict[str, dict[str, str]] = {}
    for place, slot in enumerate(slots):
        earlier = [s for s in slots[:place] if s.rule.role in (Role.SIGNALS, Role.SIZING)]
        later = [s for s in slots[place:] if s.rule.role in (Role.SIGNALS, Role.SIZING)]
        reading = _Inputs(slot, earlier, later, known_signals, fault, quote, instruments)
        wired[slot.path] = reading.wire(explicit.get(slot.path, {}))
    return wired


def unit_of(source: str, slots: Sequence[Slot]) -> str:
    """Returns the unit of a source such as "sigma.value"."""
    name, _, output = source.rpartition(".")
    of_slot = (s.rule.outputs[output] for s in slots if s.name == name and output in s.rule.outputs)
    return next(of_slot, KNOWN.get(output, ""))


@attrs.frozen
class _Inputs:
    slot: Slot
    earlier: list[Slot]
    later: list[Slot]
    known_signals: Sequence[str]
    fault: Report
    quote: str
    instruments: Sequence[str]

    def wire(self, explicit: Mapping[str, Any]) -> dict[str, str]:
        declared = attrs.fields_dict(self.slot.rule.inputs) if self.slot.rule.inputs else {}
        for name in explicit:
            if name not in declared:
                text = f'unknown input of "{self.slot.rule.name}"{nearest(name, declared)}'
                if not declared:
                    text = f'rule "{self.slot.rule.name}" has no inputs'
                self.fault(f"{self.slot.path}.inputs.{name}", text)
        wiring = {}
        for name, field in declared.items():
            replaced = self._replaced(field)
            if replaced and name in explicit:
                text = f"{self.slot.path}.{field.metadata['unless']} is given and takes its place: leave one out"
                self.fault(f"{self.slot.path}.inputs.{name}", text)
            elif not replaced:
                source = self._stated(name, explicit[name]) if name in explicit else self._by_name(name, field)
                if source and self._unit_fits(name, field, source):
                    wiring[name] = source
        return wiring

    def _replaced(self, field: "attrs.Attribute[Any]") -> bool:
        """Whether a parameter stands in for the input: it differs from its default (a default of NaN means absent)."""
        unless = field.metadata.get("unless")
        if not unless or self.slot.params is None:
            return False
        value, default = getattr(self.slot.params, unless), attrs.fields_dict(self.slot.rule.params)[unless].default
        return bool(value != default and value == value)

    def _stated(self, name: str, source: Any) -> str | None:
        path = f"{self.slot.path}.inputs.{name}"
        if not isinstance(source, str) or source.count(".") != 1:
            self.fault(path, 'must be a signal and its output, such as "sigma.value"')
            return None
        of, output = source.split(".")
        if of in self.instruments and of not in [s.name for s in self.earlier]:
            return self._of_instrument(path, of, output)
        slot = next((s for s in self.earlier if s.name == of), None)
        if slot is None:
            if any(s.name == of for s in self.later):
                what = "itself" if of == self.slot.name else f'"{of}", which comes later'
                self.fault(path, f"reads {what}; a rule reads only what is declared before it")
            else:
                known = [*(s.name for s in self.earlier), *self.instruments]
                self.fault(path, f'there is no signal "{of}"{nearest(of, known)}')
            return None
        if output not in slot.rule.outputs:
            outputs = slot.rule.outputs
            there = ", ".join(outputs) or "nothing"
            self.fault(path, f'"{of}" publishes no "{output}"{nearest(output, outputs)}; it publishes {there}')
            return None
        return source

    def _of_instrument(self, path: str, instrument: str, wanted: str) -> str | None:
        """Returns the source that "SPOT.microprice" means: a signal of that instrument by its name or rule, one of its outputs, or
        what is known of the instrument itself."""
        own = [s for s in self.earlier if s.instrument == instrument]
        found = [
            f"{s.name}.{'value' if 'value' in s.rule.outputs else next(iter(s.rule.outputs), '')}"
            for s in own
            if wanted in (s.name, s.rule.name)
        ]
        found = found or [f"{s.name}.{wanted}" for s in own if wanted in s.rule.outputs]
        if not found and wanted in KNOWN:
            return f"{instrument}.{wanted}"
        if len(found) == 1:
            return found[0]
        if found:
            self.fault(path, f'"{instrument}.{wanted}" fits more than one: {", ".join(found)}')
            return None
        known = [*KNOWN, *(s.name for s in own), *(output for s in own for output in s.rule.outputs)]
        self.fault(
            path, f'"{instrument}" has no "{wanted}"{nearest(wanted, known)}; it has {", ".join(dict.fromkeys(known))}'
        )
        return None

    def _by_name(self, name: str, field: "attrs.Attribute[Any]") -> str | None:
        # Another instrument's signal never fits by name alone: it has to be asked for.
        here = [s for s in self.earlier if s.instrument in ("", self.slot.instrument or self.quote)]
        found = [f"{s.name}.{name}" for s in here if name in s.rule.outputs]
        found += [
            f"{s.name}.value"
            for s in here
            if s.rule.role is Role.SIGNALS and name in (s.rule.name, s.name) and "value" in s.rule.outputs
        ]
        found = list(dict.fromkeys(found))
        if len(found) > 1:
            line = f'inputs = {{ {name} = "{found[0]}" }}'
            self.fault(f"{self.slot.path}.inputs.{name}", f"fits more than one: {', '.join(found)}; say which, {line}")
        elif not found and field.metadata.get("required"):
            self._unprovided(name, field)
        return found[0] if len(found) == 1 else None

    def _unprovided(self, name: str, field: "attrs.Attribute[Any]") -> None:
        unless = field.metadata.get("unless")
        if unless and self.slot.params is None:
            return  # whether it is required depends on a parameter that is itself at fault
        ways = [f'a signal with use = "{name}"'] if name in self.known_signals else []
        ways += [f'an output of this unit: inputs = {{ {name} = "{s}" }}' for s in self._of_unit(field)]
        ways += [f"the parameter {self.slot.path}.{unless}"] if unless else []
        ways = ways or [f'a signal with an output "{name}"']
        unit = f" ({field.metadata['unit']})" if field.metadata.get("unit") else ""
        doc = f": {field.metadata['doc']}" if field.metadata.get("doc") else ""
        text = f"required{unit}{doc}; nothing provides it; what could: {', or '.join(ways)}"
        self.fault(f"{self.slot.path}.inputs.{name}", text)

    def _of_unit(self, field: "attrs.Attribute[Any]") -> list[str]:
        unit = field.metadata.get("unit")
        published = [(f"{s.name}.{output}", given) for s in self.earlier for output, given in s.rule.outputs.items()]
        return [source for source, given in published if unit and given == unit]

    def _unit_fits(self, name: str, field: "attrs.Attribute[Any]", source: str) -> bool:
        expected, given = field.metadata.get("unit", ""), unit_of(source, self.earlier)
        if expected and given and expected != given:
            others = [each for each in self._of_unit(field) if each != source]
            hint = f"; of that unit there is {', '.join(others)}" if others else ""
            self.fault(f"{self.slot.path}.inputs.{name}", f"expects {expected}, {source} gives {given}{hint}")
            return False
        return True
