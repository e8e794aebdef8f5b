"""Which plugins are left out, as if they were not installed: MMKIT_DISABLE_PLUGINS, to which --disable-plugin adds."""

import os
from collections.abc import Iterable
from pathlib import PurePath

from mmkit.errors import ConfigError, nearest
from mmkit.installed import same_distribution

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


def check(known: Iterable[str], suppliers: Iterable[str]) -> None:
    """Raises UnknownPluginError, a line each, for names that nothing has.

    known: every name as it is spelled; suppliers: those of them that are distributions or plugin files.
    """
    names, whose = set(known), set(suppliers)
    unknown = [each for each in asked() if each not in names and not any(_is(supplier, each) for supplier in whose)]
    if unknown:
        raise UnknownPluginError(
            *(f'{_how(each).partition(" ")[0]}: no plugin "{each}"{nearest(each, sorted(names))}' for each in unknown)
        )


def _is(supplier: str, text: str) -> bool:
    if supplier.endswith(".py"):
        return text.endswith(".py") and PurePath(text).name == supplier
    return same_distribution(text, supplier)


def _how(name: str) -> str:
    return f"{FLAG} {name}" if name in _flagged else f"{VARIABLE} ({name})"
