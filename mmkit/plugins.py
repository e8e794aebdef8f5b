"""Finding the rules that plugins offer, and loading the ones that a stack names: nothing else is imported."""

import hashlib
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

import attrs
import pluggy

from mmkit import contract, declared, hookspecs
from mmkit.errors import ConfigError, PluginError, nearest
from mmkit.rules import API_VERSION, ROLES, Role, Rule, hook_name

Supplied = tuple[Rule, str]
"""A rule and what supplied it: a distribution's name and version, or a file's name."""


_read: dict[int, tuple[Distribution, str]] = {}
"""Name and version of distributions, whose metadata is parsed anew each time that either is asked for; by identity, which lasts as long."""


@attrs.frozen
class Offers:
    """What is on offer: entry points of installed distributions, not imported, and the rules of single files, loaded.

    files: the rules that single files beside a stack supplied, by role and name.
    """

    entries: Mapping[Role, tuple[EntryPoint, ...]]
    files: Mapping[tuple[Role, str], Supplied] = attrs.field(factory=dict)

    def names(self, role: Role) -> list[str]:
        """Returns the names of all rules of a role, sorted."""
        return sorted({entry.name for entry in self.entries[role]} | {name for at, name in self.files if at is role})

    def load(self, role: Role, name: str) -> Supplied:
        """Returns the rule of that role and name, imported and checked, and what supplied it.

        Raises ConfigError, one line, if nobody offers it; PluginError, one line per fault, if what offers it is
        broken, or if two do.
        """
        if (role, name) in self.files:
            return self.files[role, name]
        found = [entry for entry in self.entries[role] if entry.name == name]
        if not found:
            known = self.names(role)
            there = ", ".join(known) or "none"
            raise ConfigError(f'no {role.value} plugin "{name}"{nearest(name, known)}; there are: {there}')
        if len(found) > 1:
            raise PluginError(f'{role.value} "{name}" is offered by both {" and ".join(map(supplier, found))}')
        (entry,) = found
        plugin = f'{role.value} "{name}" of {supplier(entry)}'
        module = _imported(entry, plugin)
        rules = [rule for rule in _rules(module, plugin, [role]) if isinstance(rule, Rule)]
        named = [rule for rule in rules if rule.name == name]
        if not named:
            others = ", ".join(f'"{rule.name}"' for rule in rules)
            raise PluginError(f"{plugin}: {hook_name(role)} gives a rule of another name: {others}")
        return named[0], supplier(entry)


def offers(files: Iterable[Path] = ()) -> Offers:
    """Returns what installed distributions and these files offer.

    Raises ConfigError for a file that is not there; PluginError, one line per fault, for one that is broken or that
    offers a rule of the same role and name as another plugin.
    """
    installed = entry_points()
    entries = {role: tuple(installed.select(group=f"mmkit.{role.value}")) for role in Role}
    taken: dict[tuple[Role, str], Supplied] = {}
    missing = [f"{path}: no such plugin file" for path in files if not path.is_file()]
    if missing:
        raise ConfigError(*missing)
    for path in files:
        for rule in _rules(_executed(path), f"plugin file {path}", list(Role)):
            key = (rule.role, rule.name)
            rivals = [supplier(entry) for entry in entries[rule.role] if entry.name == rule.name]
            rivals += [taken[key][1]] if key in taken else []
            if rivals:
                both = f"{rivals[0]} and plugin file {path}"
                raise PluginError(f'{rule.role.value} "{rule.name}" is offered by both {both}')
            taken[key] = (rule, path.name)
    return Offers(entries, taken)


def supplier(entry: EntryPoint) -> str:
    """Returns name and version of the distribution that an entry point belongs to."""
    if entry.dist is None:
        return entry.value
    if id(entry.dist) not in _read:
        _read[id(entry.dist)] = (entry.dist, f"{entry.dist.name} {entry.dist.version}")
    return _read[id(entry.dist)][1]


def _imported(entry: EntryPoint, plugin: str) -> Any:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"{plugin}: {_told(error, entry.module.partition('.')[0])}") from error


def _executed(path: Path) -> ModuleType:
    """Returns the module of a file, executed afresh: its folder is not searched, and no stale bytecode is read."""
    name = f"mmkit_file_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        code: CodeType = loader.source_to_code(loader.get_data(str(path)), str(path))
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"plugin file {path}: {_told(error, name)}") from error
    return module


def _rules(module: Any, plugin: str, roles: list[Role]) -> list[Rule]:
    """Returns the rules that a module's hooks give for these roles, each checked."""
    manager = pluggy.PluginManager("mmkit")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{plugin}: {_invalid(manager, error)}") from error
    for name in (hook_name(role) for role in roles):
        bare = getattr(module, name, None)
        if isinstance(bare, FunctionType) and not hasattr(bare, "mmkit_impl"):
            raise PluginError(f"{plugin}: {name} is not decorated with @mmkit.hookimpl{declared.head(bare)}")
    rules = []
    for role in roles:
        hook = getattr(manager.hook, hook_name(role))
        for implementation in hook.get_hookimpls():
            try:
                rule = implementation.function()
            except (Exception, SystemExit) as error:
                top = getattr(module, "__name__", "").partition(".")[0]
                said = declared.misnamed(error)
                if said:
                    raise PluginError(
                        f"{plugin}: {hook_name(role)}: {said}{declared.head(implementation.function)}"
                    ) from error
                raise PluginError(f"{plugin}: {hook_name(role)} raised {_told(error, top)}") from error
            _check(rule, role, plugin, declared.head(implementation.function))
            rules.append(rule)
    if not rules:
        wanted = hook_name(roles[0]) if len(roles) == 1 else "mmkit_…"
        raise PluginError(f"{plugin}: has no hook {wanted} (a function decorated with @mmkit.hookimpl)")
    return rules


def _check(rule: object, role: Role, plugin: str, where: str) -> None:
    wanted = ROLES[role]
    if not isinstance(rule, wanted):
        what = "nothing" if rule is None else type(rule).__name__
        raise PluginError(f"{plugin}: {hook_name(role)} returns {what}, not mmkit.{wanted.__name__}{where}")
    if rule.api_version != API_VERSION:
        raise PluginError(
            f'{plugin}: rule "{rule.name}" is written for api_version {rule.api_version}, this mmkit has {API_VERSION}'
        )
    found = list(contract.faults(rule))
    faults = [f'{plugin}: rule "{rule.name}": {fault}{declared.place(rule, fault)}' for fault in found]
    if faults:
        raise PluginError("\n".join(faults))


def _invalid(manager: pluggy.PluginManager, error: pluggy.PluginValidationError) -> str:
    """Returns pluggy's verdict in one line, with the hooks that exist where one is unknown."""
    known = [hook_name(role) for role in Role]
    for name in vars(manager.hook):
        if name not in known and not name.startswith("_"):
            return f"unknown hook {name}{nearest(name, known)}{declared.head(getattr(error.plugin, name, None))}"
    text = " ".join(str(error).split("\n", 1)[-1].split())
    taking = re.search(r"hookimpl definition: (\w+\(.*?\))", text)
    return f"{taking[1]}: a hook takes no arguments" if taking else text


def _told(error: BaseException, package: str) -> str:
    """Returns an exception in one line, with the line of the plugin in which it arose."""
    text = " ".join(str(error).split()) or "no message"
    text = re.sub(
        r"Attribute in question: Attribute\(name='(\w+)'.*", r"\1 (an input: mmkit.required or mmkit.field(0.0))", text
    )
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    place = _place(error.__traceback__, package)
    return f"{place}{type(error).__name__}: {text}"


def _place(trace: TracebackType | None, package: str) -> str:
    """Returns "file:line: " of the innermost frame in the plugin's own package; "" if it never got there."""
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name == package or name.startswith(f"{package}."):
            found = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}: "
        trace = trace.tb_next
    return found
