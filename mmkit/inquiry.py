"""What is known of the plugins that a user names: each rule described among its neighbours, each command with its help."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint

import attrs

from mmkit import command_plugins
from mmkit.command_plugins import disabled_command as disabled_command
from mmkit.described import Described, describe, documented, home
from mmkit.errors import ConfigError, MmkitError, PluginError, nearest
from mmkit.installed import BUILT_IN, COMMAND, origin, same_distribution
from mmkit.named import called
from mmkit.plugins import Key, Offers
from mmkit.rules import Role, Rule

APART = (Role.MARKET, Role.VENUE, Role.REPORT)
"""Roles whose rules publish nothing that another rule reads, and bring heavy libraries along: only an optimization is about them."""


@attrs.frozen
class Found:
    """A rule that was asked for, and the distribution or the file's name that supplies it; version: '' of a file."""

    described: Described
    distribution: str
    version: str


def rules(text: str, role: Role | None = None) -> tuple[list[Found], list[MmkitError]]:
    """Returns the rules that `text` names as `mmkit.named` understands it, by role, and what is wrong with those that do not load.

    Raises ConfigError where nothing is called so, but for a command.
    """
    # What a plugin prints when it is imported is no part of the answer.
    with redirect_stdout(sys.stderr):
        offered, keys = called(text, role, command_plugins.commands() if role is None else ())
        supplying = {origin(entry).name for at, name in keys for entry in offered.entries[at] if entry.name == name}
        everywhere = any(at is Role.OPTIMIZATION for at, _ in keys)
        near = [at for at in Role if everywhere or at not in APART]
        neighbours = list(_neighbours(offered, supplying | {BUILT_IN}, near))
        found: list[Found] = []
        faults: list[MmkitError] = []
        for key in keys:
            try:
                found.append(_found(offered, key, neighbours))
            except MmkitError as error:
                faults.append(error)
        return found, faults


def commands(text: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Returns who offers the commands of plugins that `text` names, NAME, command.NAME or a distribution, by the command's name."""
    return {
        name: offered
        for name, offered in command_plugins.commands().items()
        if text in (name, f"{COMMAND}.{name}") or any(same_distribution(text, origin(entry).name) for entry in offered)
    }


def no_command(text: str) -> ConfigError:
    """Returns the fault of a name that no command has."""
    left_out = command_plugins.disabled_command(text)
    names = list(command_plugins.commands())
    there = ", ".join(names) or "none"
    return left_out or ConfigError(f'no {COMMAND} plugin "{text}"{nearest(text, names)}; there are: {there}')


def _found(offered: Offers, key: Key, neighbours: list[Rule]) -> Found:
    rule, supplier = offered.load(*key)
    whose = [entry for entry in offered.entries[key[0]] if entry.name == key[1]]
    module = whose[0].module if whose else home(rule)
    # Two loads give two objects of the same rule: the one at hand stands among its neighbours.
    others = [each for each in neighbours if (each.role, each.name) != key]
    try:
        described = describe(documented(rule, module), [*others, rule])
    except MmkitError:
        raise
    except Exception as error:  # declarations that pass every check and still mean nothing
        raise PluginError(f'{key[0].value} "{key[1]}" of {supplier}: {type(error).__name__}: {error}') from error
    if whose:
        return Found(described, origin(whose[0]).name, origin(whose[0]).version)
    return Found(described, supplier, "")


def _neighbours(offered: Offers, distributions: set[str], roles: list[Role]) -> Iterator[Rule]:
    """Yields every rule of these distributions and roles, and of files, that loads: a broken neighbour is not a rule's own fault."""
    yield from (rule for rule, _ in offered.files.values())
    for role in roles:
        for name in sorted({entry.name for entry in offered.entries[role] if origin(entry).name in distributions}):
            try:
                yield offered.load(role, name)[0]
            except MmkitError:
                continue
