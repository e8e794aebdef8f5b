"""Which plugins are left out, as if they were not installed: MMKIT_DISABLE_PLUGINS, to which --disable-plugin adds."""

import os
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from pathlib import PurePath

from mmkit.errors import ConfigError, nearest
from mmkit.installed import origin, same_distribution, spellings

VARIABLE = "MMKIT_DISABLE_PLUGINS"
FLAG = "--disable-plugin"

_flagged: set[str] = set()
"""Those names that this process's command line added to the variable: only what is said about them depends on it."""


class UnknownPluginError(ConfigError):
    """A name that is to be left out and that nothing has."""


def asked() -> list[str]:
    """Returns the names of what is left out, as they were given: NAME, ROLE.NAME, a distribution or a plugin file's name."""
    return [name for text in os.environ.get(VARIABLE, "").split(",") if (name := text.strip())]


def disable(names: Iterable[str]) -> None:
    """Leaves out what these names mean too, in this process and in those that it starts."""
    for name in names:
        _flagged.update(each.strip() for each in name.split(","))
        os.environ[VARIABLE] = ",".join([*asked(), name])


def disabled_by(role: str, name: str, supplier: str) -> str:
    """Returns by what a plugin is left out, "--disable-plugin NAME", or '' where it is not; supplier: its distribution or file's name."""
    for each in asked():
        if each in (name, f"{role}.{name}") or _is(supplier, each):
            return _how(each)
    return ""


def file_disabled(file: PurePath) -> bool:
    """Whether a plugin file is left out whole: it is not even read."""
    return any(_is(file.name, each) for each in asked())


def check(
    installed: Mapping[str, Iterable[EntryPoint]],
    of_files: Iterable[tuple[str, str]] = (),
    files: Iterable[str] = (),
) -> None:
    """Raises UnknownPluginError, a line each, for what is to be left out and is neither installed nor a plugin file's.

    installed: entry points by role; of_files: role and name of rules of plugin files; files: those files' names.
    """
    if not asked():
        return
    called = [(role, entry.name, origin(entry).name) for role, entries in installed.items() for entry in entries]
    called += [(role, name, "") for role, name in of_files]
    called += [("", "", name) for name in files]
    names, suppliers = spellings(called), {supplier for _, _, supplier in called if supplier}
    unknown = [each for each in asked() if each not in names and not any(_is(supplier, each) for supplier in suppliers)]
    if unknown:
        raise UnknownPluginError(
            *(f'{_how(each).partition(" ")[0]}: no plugin "{each}"{nearest(each, names)}' for each in unknown)
        )


def _is(supplier: str, text: str) -> bool:
    if supplier.endswith(".py"):
        return text.endswith(".py") and PurePath(text).name == supplier
    return same_distribution(text, supplier)


def _how(name: str) -> str:
    return f"{FLAG} {name}" if name in _flagged else f"{VARIABLE} ({name})"
