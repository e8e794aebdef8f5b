"""Which optimizations a stack file switches on and off: lists of names and tables, each checked against its rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit import plugins
from mmkit.errors import ConfigError, PluginError, nearest
from mmkit.faults import Faults, joined
from mmkit.optimizing import optimized, unsuited
from mmkit.rules import Optimization, Role
from mmkit.stack import Slot
from mmkit.structure import structure


@attrs.frozen
class Switches:
    """Reads the lists of a document; what is wrong goes into `faults`."""

    faults: Faults
    offers: plugins.Offers
    folder: Path

    def slot(self, slot: Slot | None, wanted: Any) -> Slot | None:
        """Returns the slot with what is switched on and off for its rule."""
        if slot is None:
            return None
        on, off = self.read(slot.path, slot.rule.role.value, slot.rule, wanted)
        try:
            return optimized(attrs.evolve(slot, optimizations=tuple(on), off=tuple(off)))
        except PluginError as error:
            self.faults.add_plugin(error)
            return slot

    def read(self, path: str, role: str, rule: Any, wanted: Any) -> tuple[list[Slot], list[Slot]]:
        """Returns what is switched on and off; an entry is a name, or a table with `use`, perhaps `on`, and parameters."""
        key = f"{path}.optimizations"
        on: list[Slot] = []
        off: list[Slot] = []
        if not isinstance(wanted, list):
            self.faults.add(key, 'must be a list such as ["spread-cache"]')
            return on, off
        seen: set[str] = set()
        for table in self._entries(key, role, rule, wanted):
            if table["use"] in seen:
                self.faults.add(key, f'"{table["use"]}" is there twice')
                continue
            seen.add(table["use"])
            slot = self._optimization(path, key, role, rule, table)
            if slot is None:
                continue
            always = getattr(slot.rule, "without", None) is not None
            if table.get("on", True):
                on += [] if always else [slot]
            else:
                off += [slot] if always else []
        return on, off

    def _entries(self, key: str, role: str, rule: Any, wanted: list[Any]) -> list[dict[str, Any]]:
        """Returns the entries of a list as tables; "all" becomes every optimization that applies, unless it is named after it."""
        found: list[dict[str, Any]] = []
        meant: set[str] = set()
        for entry in wanted:
            table = {"use": entry} if isinstance(entry, str) else entry
            if not isinstance(table, dict):
                self.faults.add(key, 'an entry is a name, or {use = "NAME", …}')
            elif not isinstance(table.get("on", True), bool):
                self.faults.add(f"{key}.on", "must be true or false")
            elif not isinstance(table.get("use"), str):
                self._supplied(key, table)
            elif table["use"] == "all":
                switch = {"on": table.get("on", True)}
                found = [each | switch for each in found]
                known = {each["use"] for each in found}
                meant |= {*known, *self._applying(role, rule)}
                found += [{"use": name} | switch for name in self._applying(role, rule) if name not in known]
            else:
                if table["use"] in meant:
                    found = [each for each in found if each["use"] != table["use"]]
                    meant.remove(table["use"])
                found.append(table)
        return found

    def _applying(self, role: str, rule: Any) -> list[str]:
        """Returns the optimizations that apply to a rule; a broken plugin is not among them."""
        found = []
        for name in self.offers.names(Role.OPTIMIZATION):
            try:
                each = self.offers.load(Role.OPTIMIZATION, name)[0]
            except PluginError:
                continue
            if isinstance(each, Optimization) and not unsuited(each, role, rule):
                found.append(name)
        return found

    def _optimization(self, path: str, key: str, role: str, rule: Any, table: dict[str, Any]) -> Slot | None:
        supplied = self._supplied(key, table)
        if supplied is None:
            return None
        found, distribution = supplied
        assert isinstance(found, Optimization)
        reason = unsuited(found, role, rule)
        if reason:
            self.faults.add(key, reason)
        params, faults = structure(found.params, table, self.folder, ("use", "on"))
        self.faults.look_for_outdated(key, found.params, table)
        for name, text in faults:
            self.faults.add(joined(key, name), text)
        if reason or faults:
            return None
        return Slot(found.name, f"{path}.{found.name}", found, params, wiring={}, distribution=distribution)

    def apart(self, section: str, table: Mapping[str, Any]) -> list[Slot]:
        """Returns the optimizations of a section that has no rule: [log], [process]."""
        for key in table:
            if key != "optimizations":
                self.faults.add(joined(section, key), f"unknown key{nearest(key, ['optimizations'])}")
        return self.read(section, section, None, table.get("optimizations", []))[0]

    def _supplied(self, key: str, table: Mapping[str, Any]) -> plugins.Supplied | None:
        """Returns the optimization that an entry names, and what supplied it."""
        use = table.get("use")
        if not isinstance(use, str):
            known = ", ".join(self.offers.names(Role.OPTIMIZATION)) or "none"
            self.faults.add(f"{key}.use", f"required: the name of an optimization plugin; there are: {known}")
            return None
        try:
            return self.offers.load(Role.OPTIMIZATION, use)
        except ConfigError as error:
            self.faults.add(f"{key}.use", str(error))
        except PluginError as error:
            self.faults.add_plugin(error)
        return None
