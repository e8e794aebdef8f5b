"""What a new plugin can be called, and for which role it can be."""

import importlib.metadata
import importlib.util
import keyword
import re
import sys
from collections.abc import Collection

from mmkit.errors import ConfigError, nearest
from mmkit.installed import COMMAND, PLACES, entries, supplier

LONGEST = 50
"""Most letters of a name: with more, lines of what is written would have to be broken otherwise."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def package_of(name: str) -> str:
    """Returns the name as Python spells it."""
    return name.replace("-", "_")


def check_role(role: str | None) -> None:
    """Raises ConfigError, one line, where no role is given or there is none of that name."""
    known = ", ".join(PLACES)
    if role is None:
        raise ConfigError(f"--role: which role the plugin is for; there are {known}")
    if role not in PLACES:
        raise ConfigError(f'--role: no role "{role}"{nearest(role, PLACES)}; there are {known}')


def check_name(name: str, role: str, own_commands: Collection[str]) -> None:
    """Raises ConfigError, one line, where a plugin of that role cannot be called so; own_commands: names of mmkit's own."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        better = corrected(name)
        hint = f' (did you mean "{better}"?)' if better and better != name else ""
        raise ConfigError(
            f'"{name}" cannot be a plugin\'s name{hint}: lowercase letters, digits and single hyphens, '
            f"a letter first, at most {LONGEST} in all"
        )
    package = package_of(name)
    if keyword.iskeyword(package):
        raise ConfigError(f'"{name}" cannot be a plugin\'s name: it is a keyword of Python')
    if name in PLACES:
        raise ConfigError(f'"{name}" cannot be a plugin\'s name: it is a role; say what the plugin does')
    offered = " and ".join(supplier(entry) for entry in entries([role])[role] if entry.name == name)
    if role == COMMAND and name in own_commands:
        offered = "mmkit itself"
    if offered:
        raise ConfigError(f'{role} "{name}" is already offered by {offered}: choose another name')
    if package in sys.stdlib_module_names:
        raise ConfigError(f"\"{name}\" cannot be a plugin's name: {package} is a module of Python's own library")
    if importlib.util.find_spec(package) is not None:
        raise ConfigError(f'"{name}" cannot be a plugin\'s name: a module {package} is installed already')
    if installed(name):
        raise ConfigError(f'"{name}" cannot be a plugin\'s name: a distribution {name} is installed already')


def corrected(name: str) -> str:
    """Returns the nearest name that can be one, or ''."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    plain = re.sub(r"[^a-z0-9]+", "-", spaced.lower())
    return re.sub(r"^[0-9-]+", "", plain)[:LONGEST].strip("-")


def installed(name: str) -> bool:
    """Returns whether a distribution of that name is installed."""
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
