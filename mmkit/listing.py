"""The plugins that are installed, a row each: where it is from, whether it is left out, and why it is broken."""

import sys
from collections import Counter
from collections.abc import Collection
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint

import attrs

from mmkit import disabled, soundness
from mmkit.command_plugins import load as load_command
from mmkit.command_plugins import shadowed
from mmkit.errors import MmkitError
from mmkit.installed import BUILT_IN, COMMAND, PLACES, entries, origin, supplier
from mmkit.plugins import Offers, check_disabled, collision, without_files
from mmkit.rules import Role


@attrs.frozen
class Row:
    """One plugin: role is that of its rule, or "command"; broken: why it cannot be used, in one line, or None."""

    name: str
    role: str
    distribution: str
    version: str
    builtin: bool
    enabled: bool
    broken: str | None


def rows(role: str | None = None, *, load: bool = False, own_commands: Collection[str] = ()) -> list[Row]:
    """Returns every installed plugin, of one role or of all, in the order of the roles and by name.

    Nothing is imported unless `load`: then each enabled one is, and `broken` is what that found. own_commands: names of mmkit's own.
    Raises ConfigError where something is to be left out that is not installed.
    """
    every = entries()
    if disabled.asked():
        check_disabled(every)
    soundness.forget()
    offered = without_files(every) if load else None
    found = []
    for place in PLACES if role is None else (role,):
        left_out = [bool(disabled.disabled_by(place, each.name, origin(each).name)) for each in every[place]]
        there = [each for each, out in zip(every[place], left_out, strict=True) if not out]
        taken = Counter(each.name for each in there)
        for entry, out in zip(every[place], left_out, strict=True):
            rivals = [each for each in there if each.name == entry.name] if taken[entry.name] > 1 and not out else []
            found.append(
                _row(place, entry, not out, _fault(place, entry, rivals, own_commands, None if out else offered))
            )
    order = {place: at for at, place in enumerate(PLACES)}
    return sorted(found, key=lambda row: (order[row.role], row.name, row.distribution))


def _row(place: str, entry: EntryPoint, enabled: bool, fault: str) -> Row:
    whose = origin(entry)
    return Row(entry.name, place, whose.name, whose.version, whose.name == BUILT_IN, enabled, fault or None)


def _fault(
    place: str, entry: EntryPoint, rivals: list[EntryPoint], own_commands: Collection[str], offered: Offers | None
) -> str:
    if place == COMMAND and entry.name in own_commands:
        return shadowed(entry.name)
    if rivals:
        return collision(sorted(map(supplier, rivals)))
    if offered is not None:
        return _found_by_loading(place, entry, offered)
    return "" if origin(entry).name == BUILT_IN else soundness.fault(entry)


def _found_by_loading(place: str, entry: EntryPoint, offered: Offers) -> str:
    # What a plugin prints when it is imported is no part of the list.
    with redirect_stdout(sys.stderr):
        try:
            if place == COMMAND:
                load_command(entry)
            else:
                offered.load(Role(place), entry.name)
        except MmkitError as error:
            return str(error).partition("\n")[0].removeprefix(f'{place} "{entry.name}" of {supplier(entry)}: ')
    return ""
