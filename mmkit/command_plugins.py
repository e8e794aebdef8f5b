"""Commands that plugins add: which there are, said without importing any, and the one that is asked for."""

from collections.abc import Container
from importlib.metadata import EntryPoint
from typing import Any

import typer

from mmkit import disabled
from mmkit.errors import ConfigError, PluginError
from mmkit.installed import COMMAND, entries, origin, supplier
from mmkit.plugins import collision, imported, told


def commands() -> dict[str, tuple[EntryPoint, ...]]:
    """Returns who offers each further command, by its name, in the order of the names; without what is disabled."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in sorted(entries([COMMAND])[COMMAND], key=lambda each: (each.name, supplier(each))):
        if not disabled.disabled_by(COMMAND, entry.name, origin(entry).name):
            found[entry.name] = (*found.get(entry.name, ()), entry)
    return found


def only(name: str, offered: tuple[EntryPoint, ...], own: Container[str] = ()) -> EntryPoint:
    """Returns the one that offers a command. Raises PluginError, one line, where several do, or where it is one of our own too."""
    if len(offered) > 1:
        raise PluginError(f'{COMMAND} "{name}" {collision(map(supplier, offered))}')
    if name in own:
        raise PluginError(f"{titled(offered[0])} {shadowed(name)}")
    return offered[0]


def shadowed(name: str) -> str:
    """Returns what is wrong with a command of a plugin that is called like one of our own."""
    return f"is shadowed by mmkit's own command {name}"


def disabled_command(name: str) -> ConfigError | None:
    """Returns what to say of a command that is there and left out; None for any other."""
    for entry in entries([COMMAND])[COMMAND] if disabled.asked() else ():
        by = disabled.disabled_by(COMMAND, entry.name, origin(entry).name) if entry.name == name else ""
        if by:
            return ConfigError(f'{COMMAND} "{name}" of {supplier(entry)} is disabled by {by}')
    return None


def titled(entry: EntryPoint) -> str:
    """Returns what a line about a command begins with."""
    return f'{COMMAND} "{entry.name}" of {supplier(entry)}'


def load(entry: EntryPoint) -> typer.Typer:
    """Returns an app whose one command is the plugin's: a function with typer's annotations, or a typer.Typer for a group of them.

    Raises PluginError, one line, where it cannot be imported, or is neither, or has annotations that typer does not take.
    """
    plugin = titled(entry)
    found: Any = imported(entry, plugin)
    # As our own: plain texts, and -h.
    app = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=entry.name)
    elif callable(found) and not isinstance(found, type):
        app.command(entry.name)(found)
    else:
        raise PluginError(f"{plugin}: {entry.value} is neither a function nor a typer.Typer")
    try:
        typer.main.get_group(app)
    except Exception as error:
        raise PluginError(f"{plugin}: {told(error, entry.module.partition('.')[0])}") from error
    return app
