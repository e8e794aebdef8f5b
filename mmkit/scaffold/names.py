"""What a new plugin can be called, and for which role it can be."""

import importlib.metadata
import importlib.util
import keyword
import re
import sys

from mmkit.errors import ConfigError, nearest
from mmkit.rules import Role

COMMAND = "command"
"""The role of a plugin that adds a command instead of a rule."""

ROLES = (*(role.value for role in Role), COMMAND)

LONGEST = 50
"""Most letters of a name: with more, lines of what is written would have to be broken otherwise."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def package_of(name: str) -> str:
    """Returns the name as Python spells it."""
    return name.replace("-", "_")


def check_role(role: str | None) -> None:
    """Raises ConfigError, one line, where no role is given or there is none of that name."""
    known = ", ".join(ROLES)
    if role is None:
        raise ConfigError(f"--role: which role the plugin is for; there are {known}")
    if role not in ROLES:
        raise ConfigError(f'--role: no role "{role}"{nearest(role, ROLES)}; there are {known}')


def check_name(name: str, role: str) -> None:
    """Raises ConfigError, one line, where a plugin of that role cannot be called so."""
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
    if name in ROLES:
        raise ConfigError(f'"{name}" cannot be a plugin\'s name: it is a role; say what the plugin does')
    offered = supplier_of(name, role)
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


def supplier_of(name: str, role: str) -> str:
    """Returns what offers a plugin of that role and name, or ''."""
    from mmkit.plugins import supplier

    if role == COMMAND and name in own_commands():
        return "mmkit itself"
    entries = importlib.metadata.entry_points(group=f"mmkit.{role}", name=name)
    return " and ".join(supplier(entry) for entry in entries)


def own_commands() -> set[str]:
    """Returns the names of the commands that mmkit has without any plugin."""
    from mmkit.cli import app

    below = [(group.name, group.typer_instance) for group in app.registered_groups]
    groups = [name or (group.info.name if group else "") for name, group in below]
    return {str(name) for name in (*groups, *(command.name for command in app.registered_commands))}


def installed(name: str) -> bool:
    """Returns whether a distribution of that name is installed."""
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
