"""What is wrong with a plugin as far as its text tells: nothing is imported, so a list of plugins runs no stranger's code."""

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import invalidate_caches
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import EntryPoint
from importlib.util import find_spec, spec_from_file_location
from os.path import isdir, isfile, join

from mmkit.errors import nearest
from mmkit.installed import COMMAND, PLACES, unresolved
from mmkit.rules import API_VERSION

_USED = re.compile(r"\bmmkit\.([A-Za-z_]\w*)")


def fault(entry: EntryPoint) -> str:
    """Returns what is wrong with what an entry point of a role, or of "command", names: one line; '' where nothing shows."""
    lacking = unresolved(entry)
    if lacking:
        return lacking
    parts = entry.module.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        spec = _spec(name)
        if spec is None:
            return f'there is no module "{name}", which its entry point names'
        found = _importing(spec)
        if found:
            return found
    assert spec is not None
    text = _read(spec.origin) if spec.origin and _is_source(spec) else None
    if text is None or spec.origin is None:
        return ""  # compiled, say: only loading it tells
    return _offering(entry, spec.origin, text)


def forget() -> None:
    """Makes the next look a fresh one: a module may have been installed, removed or edited since the last."""
    invalidate_caches()
    for each in (_spec, _read, _tree, _importing_file, _known):
        each.cache_clear()


@cache
def _spec(name: str) -> ModuleSpec | None:
    """Returns where a module would come from; of a package's modules without importing the package."""
    parent, _, last = name.rpartition(".")
    try:
        if not parent:
            return find_spec(name)
        package = _spec(parent)
        if package is None or package.submodule_search_locations is None:
            return None
        for folder in package.submodule_search_locations:
            if isfile(join(folder, f"{last}.py")) and not isdir(
                join(folder, last)
            ):  # the usual case, at a tenth of the cost
                return spec_from_file_location(name, join(folder, f"{last}.py"))
        return PathFinder.find_spec(name, package.submodule_search_locations)
    except (ImportError, ValueError, AttributeError):  # a half-imported module, or a finder of somebody's that fails
        return None


def _is_source(spec: ModuleSpec) -> bool:
    return spec.has_location and (spec.origin or "").endswith(".py")


@cache
def _read(file: str) -> bytes | None:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError:
        return None


@lru_cache(maxsize=2)  # what is asked for twice in a row; hundreds of trees would slow the collector of garbage down
def _tree(file: str) -> ast.Module | str:
    """Returns what a file says, or what keeps it from being Python."""
    text = _read(file)
    if text is None:
        return f"{file}: cannot be read"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, file)
    except SyntaxError as error:
        return f"{file}:{error.lineno or 1}: {type(error).__name__}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{file}: {type(error).__name__}: {error}"


@cache
def _importing_file(file: str) -> str:
    tree = _tree(file)
    if isinstance(tree, str):
        return tree
    for node in tree.body:
        said = next(_lacking(node), "")
        if isinstance(node, ast.Raise):
            said = f"raises {_name(node.exc) or 'an exception'} whenever it is imported"
        if said:
            return f"{file}:{node.lineno}: {said}"
    return ""


def _importing(spec: ModuleSpec) -> str:
    """Returns what would keep a module's own text from being imported, or ''."""
    return _importing_file(spec.origin) if spec.origin and _is_source(spec) and _read(spec.origin) else ""


def _lacking(node: ast.stmt) -> Iterator[str]:
    """Yields what an import statement asks for in vain: packages that are not installed, names that mmkit does not have."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _absent(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        absent = list(_absent(node.module))
        yield from absent
        if node.module == "mmkit" and not absent:
            yield from (_unknown(each.name) for each in node.names if each.name != "*" and not _has(each.name))


def _absent(module: str) -> Iterator[str]:
    package = module.partition(".")[0]
    if package not in sys.builtin_module_names and _spec(package) is None:
        yield f'imports "{package}", which is not installed'
    elif package == "mmkit" and _spec(module) is None:
        yield f'imports "{module}", which this mmkit does not have'


@cache
def _known() -> frozenset[str]:
    import mmkit

    return frozenset({*vars(mmkit), *mmkit._LATER})


def _has(name: str) -> bool:
    """Whether mmkit has a name, without looking it up: that would import what it stands for."""
    return name in _known() or _spec(f"mmkit.{name}") is not None


def _unknown(name: str) -> str:
    return f"mmkit has no name {name}{nearest(name, _known())}"


def _offering(entry: EntryPoint, file: str, text: bytes) -> str:
    """Returns why a module that can be imported does not offer what its entry point says, or ''."""
    tree = _tree(file)
    assert not isinstance(tree, str)
    role = entry.group.partition(".")[2]
    bound = _bound(tree)
    if role == COMMAND and not entry.attr:
        return f'its entry point "{entry.value}" names a module: a command is MODULE:FUNCTION'
    if entry.attr:
        first = entry.attr.partition(".")[0]
        return f"{file} has no {first}{nearest(first, bound)}" if "*" not in bound and first not in bound else ""
    hook = f"mmkit_{role}"
    used = {name for name in _USED.findall(text.decode("utf-8", "replace")) if not _has(name)}
    for line, name in _uses(tree, hook) if used else ():
        return f"{file}:{line}: {_unknown(name)}"
    unknown = [name for name in _hooks(tree) if name not in {f"mmkit_{place}" for place in PLACES[:-1]}]
    if unknown:
        return f"unknown hook {unknown[0]}{nearest(unknown[0], [f'mmkit_{place}' for place in PLACES[:-1]])}"
    if "*" not in bound and hook not in bound and hook not in _hooks(tree):
        return f"has no hook {hook} (a function decorated with @mmkit.hookimpl)"
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == hook]
    if defined and hook not in _hooks(tree):
        return f"{file}:{defined[-1].lineno}: {hook} is not decorated with @mmkit.hookimpl"
    if b"api_version" in text:
        for version in _versions(tree):
            return f"is written for api_version {version}, this mmkit has {API_VERSION}"
    return ""


def _bound(tree: ast.Module) -> set[str]:
    """Returns the names that a module binds anywhere outside of its functions and classes; "*" where it cannot be said."""
    names: set[str] = set()
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.asname or each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Name) and node.id in ("globals", "setattr", "exec"):
            names.add("*")
        nodes += ast.iter_child_nodes(node)
    return names


def _hooks(tree: ast.Module) -> list[str]:
    """Returns the hooks that decorated functions stand for, wherever the functions stand outside of others."""
    found = []
    nodes: list[ast.stmt] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If | ast.Try | ast.With):
            nodes += [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]
        for decorator in getattr(node, "decorator_list", ()):
            call = decorator if isinstance(decorator, ast.Call) else None
            if _name(decorator) == "hookimpl":
                given = {each.arg: each.value for each in call.keywords} if call else {}
                named = given.get("specname")
                found.append(str(named.value) if isinstance(named, ast.Constant) and named.value else _own_name(node))
    return found


def _own_name(node: ast.stmt) -> str:
    return str(getattr(node, "name", ""))


def _versions(tree: ast.Module) -> Iterator[object]:
    """Yields the literal api versions of what a module makes that are not ours."""
    for node in ast.walk(tree):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "api_version" and isinstance(keyword.value, ast.Constant):
                if keyword.value.value != API_VERSION:
                    yield keyword.value.value


def _uses(tree: ast.Module, hook: str) -> Iterator[tuple[int, str]]:
    """Yields line and name where importing the module or calling its hook looks for a name that mmkit does not have."""
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try):
            continue  # it may well know what it does
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != hook
        parts = getattr(node, "decorator_list", []) if function else [node]
        for each in (inner for part in parts for inner in ast.walk(part)):
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "mmkit":
                if not _has(each.attr):
                    yield each.lineno, each.attr


def _name(node: ast.expr | None) -> str:
    """Returns the last part of what is named or called: "ValueError" of `errors.ValueError("…")`."""
    called = node.func if isinstance(node, ast.Call) else node
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
