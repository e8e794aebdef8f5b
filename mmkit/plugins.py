"""Finding the rules that plugins offer, and loading the ones that a stack names: nothing else is imported."""

import hashlib
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

import attrs
import pluggy

from mmkit import contract, declared, disabled, hookspecs, installed
from mmkit.errors import ConfigError, PluginError, nearest
from mmkit.installed import collision, origin, supplier, unresolved
from mmkit.rules import API_VERSION, ROLES, Role, Rule, hook_name

Supplied = tuple[Rule, str]
"""A rule and what supplied it: a distribution's name and version, or a file's name."""

Key = tuple[Role, str]
"""Role and name of a rule."""


@attrs.frozen
class Offers:
    """What is on offer: entry points of installed distributions, not imported, and the rules of single files, loaded.

    files: the rules that single files beside a stack supplied; disabled: what is left out, whose it is and by what.
    """

    entries: Mapping[Role, tuple[EntryPoint, ...]]
    files: Mapping[Key, Supplied] = attrs.field(factory=dict)
    disabled: Mapping[Key, str] = attrs.field(factory=dict)

    def names(self, role: Role) -> list[str]:
        """Returns the names of all rules of a role, sorted."""
        return sorted({entry.name for entry in self.entries[role]} | {name for at, name in self.files if at is role})

    def spellings(self) -> list[str]:
        """Returns everything by which a user may call what is on offer."""
        called = [(role.value, name, by) for (role, name), (_, by) in self.files.items()]
        called += [
            (role.value, entry.name, origin(entry).name) for role in self.entries for entry in self.entries[role]
        ]
        return installed.spellings(called)

    def load(self, role: Role, name: str) -> Supplied:
        """Returns the rule of that role and name, imported and checked, and what supplied it.

        Raises ConfigError, one line, if nobody offers it or it is disabled; PluginError, one line per fault, if what
        offers it is broken, or if two do.
        """
        if (role, name) in self.files:
            return self.files[role, name]
        found = [entry for entry in self.entries[role] if entry.name == name]
        if not found and (role, name) in self.disabled:
            raise ConfigError(f'{role.value} "{name}" {self.disabled[role, name]}')
        if not found:
            known = self.names(role)
            there = ", ".join(known) or "none"
            elsewhere = [at.value for at in Role if name in self.names(at)]
            other = f": its role is {' or '.join(elsewhere)}" if elsewhere else nearest(name, known)
            raise ConfigError(f'no {role.value} plugin "{name}"{other}; there are: {there}')
        if len(found) > 1:
            raise PluginError(f'{role.value} "{name}" {collision(map(supplier, found))}')
        (entry,) = found
        plugin = f'{role.value} "{name}" of {supplier(entry)}'
        rules = [rule for rule in _rules(imported(entry, plugin), plugin, [role]) if isinstance(rule, Rule)]
        named = [rule for rule in rules if rule.name == name]
        if not named:
            others = ", ".join(f'"{rule.name}"' for rule in rules)
            raise PluginError(f"{plugin}: {hook_name(role)} gives a rule of another name: {others}")
        return named[0], supplier(entry)


def offers(files: Iterable[Path] = ()) -> Offers:
    """Returns what installed distributions and these files offer, without what is disabled.

    Raises ConfigError for a file that is not there, and for a disabled plugin that is none; PluginError, one line per
    fault, for a file that is broken or that offers a rule of the same role and name as another plugin.
    """
    there = list(files)
    missing = [f"{path}: no such plugin file" for path in there if not path.is_file()]
    if missing:
        raise ConfigError(*missing)
    every = installed.entries()
    found = without_files(every)
    taken: dict[Key, Supplied] = {}
    left_out = dict(found.disabled)
    of_files: list[Key] = []
    for path in there:
        if disabled.file_disabled(path):
            continue
        for rule in _rules(_executed(path), f"plugin file {path}", list(Role)):
            key = (rule.role, rule.name)
            of_files.append(key)
            by = disabled.disabled_by(rule.role.value, rule.name, path.name)
            if by:
                left_out[key] = f"of {path.name} is disabled by {by}"
                continue
            rivals = [supplier(entry) for entry in found.entries[rule.role] if entry.name == rule.name]
            rivals += [taken[key][1]] if key in taken else []
            if rivals:
                raise PluginError(f'{rule.role.value} "{rule.name}" {collision([rivals[0], f"plugin file {path}"])}')
            taken[key] = (rule, path.name)
    disabled.check(every, [(role.value, name) for role, name in of_files], [path.name for path in there])
    return Offers(found.entries, taken, left_out)


def without_files(every: Mapping[str, tuple[EntryPoint, ...]] | None = None) -> Offers:
    """Returns what installed distributions offer without what is disabled, whether there is such a plugin or not."""
    every = installed.entries() if every is None else every
    if not disabled.asked():
        return Offers({role: every[role.value] for role in Role})
    entries: dict[Role, tuple[EntryPoint, ...]] = {}
    left_out: dict[Key, str] = {}
    for role in Role:
        by = [(entry, disabled.disabled_by(role.value, entry.name, origin(entry).name)) for entry in every[role.value]]
        entries[role] = tuple(entry for entry, how in by if not how)
        left_out |= {(role, entry.name): f"of {supplier(entry)} is disabled by {how}" for entry, how in by if how}
    return Offers(entries, disabled=left_out)


def imported(entry: EntryPoint, plugin: str) -> Any:
    """Returns what an entry point names. Raises PluginError, one line that begins with `plugin`, where that is not to be had."""
    lacking = unresolved(entry)
    if lacking:
        raise PluginError(f"{plugin}: {lacking}")
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"{plugin}: {told(error, entry.module.partition('.')[0])}") from error


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
        raise PluginError(f"plugin file {path}: {told(error, name)}") from error
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
                raise PluginError(f"{plugin}: {hook_name(role)} raised {told(error, top)}") from error
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


def told(error: BaseException, package: str) -> str:
    """Returns an exception in one line, with the line of the plugin's package in which it arose."""
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
