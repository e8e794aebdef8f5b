"""Calls a plugin's function again as it was called when it failed: the file is what a run leaves behind."""

from pathlib import Path
from typing import Any

from mmkit.errors import ConfigError


def replay(path: str | Path) -> Any:
    """Calls the function of a run's fault.json with the state, market and inputs that are in it; returns and raises what it does.

    The plugin is loaded as it is now, from its file or by its name, with the optimizations that were on. The state is what the exception
    left: what the function had changed before it failed is changed. Raises ConfigError for what is no such file, or a rule that is gone.
    """
    from mmkit.fault_file import call, read

    fault = read(Path(path))
    return call(rule_of(fault, Path(path)), fault)


def rule_of(fault: dict[str, Any], path: Path) -> Any:
    """Returns the rule that failed: of the stack beside the file, as it ran, else by its own file or name."""
    from mmkit.named import named
    from mmkit.rules import Role
    from mmkit.settings import read

    about = fault["rule"]
    beside = path.parent / "stack.toml"
    if about["optimizations"] and beside.is_file():
        stack = read(beside)
        slots = (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches)
        found = next((slot.rule for slot in slots if slot.path == about["path"]), None)
        if found is not None:
            return found
    role = Role(about["role"])
    supplied = named(about["file"] or f"{role.value}.{about['name']}", role)
    rule = next((rule for rule, _ in supplied if rule.name == about["name"]), None)
    if rule is None:
        raise ConfigError(f'{about["file"]}: offers no {role.value} "{about["name"]}" any more')
    return rule
