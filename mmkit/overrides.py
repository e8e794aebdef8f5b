"""What a command line changes in a stack's document before it is read: --data, --seed, --set, --enable, --disable."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli

from mmkit.errors import nearest
from mmkit.faults import Faults

Table = dict[str, Any]

_OPTIONAL = ("hedging", "ladder", "execution")
_NEEDED = ("stack", "pricing", "sizing", "instruments")
_MADE = ("stack", "inputs", "market", "venue")
"""Sections that --set may start; any other that is not there is a misspelling."""


def change(
    document: Table,
    faults: Faults,
    *,
    data: Sequence[str],
    seed: int | None,
    overrides: Sequence[str],
    enable: Sequence[str],
    disable: Sequence[str],
) -> None:
    """Changes the document; what cannot be applied is a fault that quotes the option."""
    _disable(document, faults, disable)
    _enable(document, faults, enable)
    _data(document, faults, data)
    for text in overrides:
        _set(document, faults, text)
    if seed is not None:
        faults.given["stack.seed"] = f"--seed {seed}"
        _put(document, ["stack", "seed"], seed)


def toml_value(text: str) -> Any:
    """Returns the value that `text` spells in TOML, or the text itself where it spells none."""
    try:
        document = tomli.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return document["value"] if document.keys() == {"value"} else text


def _sections(document: Table, prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield prefix + key
            yield from _sections(value, f"{prefix}{key}.")


def _put(document: Table, parts: list[str], value: Any) -> None:
    node = document
    for part in parts[:-1]:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            return  # a value where a section belongs is found when the document is read
    node[parts[-1]] = value


def _set(document: Table, faults: Faults, text: str) -> None:
    if text.startswith("@"):
        for key, given in _leaves(_fragment(faults, text)):
            faults.given[".".join(key)] = f"--set {text}"
            _put(document, list(key), given)
        return
    path, equals, value = text.partition("=")
    path = path.strip()
    parts = path.split(".")
    if not equals or not all(parts):
        faults.add_option(f"--set {text}", "is written PATH=VALUE, such as --set pricing.gamma=0.2")
        return
    node: Any = document
    for depth, part in enumerate(parts[:-1], 1):
        node = node.get(part, {} if part in _MADE else None)
        if not isinstance(node, dict):
            section = ".".join(parts[:depth])
            faults.add_option(f"--set {text}", f"there is no section {section}{nearest(section, _sections(document))}")
            return
    faults.given[path] = "--set"
    _put(document, parts, toml_value(value.strip()))


def _fragment(faults: Faults, text: str) -> Table:
    """Returns the part of a stack in the file of `--set @FILE`."""
    try:
        return tomli.loads(Path(text[1:]).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        faults.add_option(f"--set {text}", f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        faults.add_option(f"--set {text}", f"is not a TOML file: {error}")
    return {}


def _leaves(table: Table, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*prefix, key))
        else:
            yield (*prefix, key), value


def _disable(document: Table, faults: Faults, disable: Iterable[str]) -> None:
    for path in disable:
        section, _, name = path.partition(".")
        table = document.get(section)
        if section in ("signals", "risk", "report") and isinstance(table, dict) and name in table:
            del table[name]
        elif path in _OPTIONAL:
            document[path] = {}
        elif section in _NEEDED and path in _sections(document):
            faults.add_option(f"--disable {path}", "a stack cannot do without it")
        elif _switch(document, faults, "--disable", path, False):
            continue
        else:
            named = [s for s in _sections(document) if s.count(".") == 1 and s.split(".")[0] not in _NEEDED]
            known = [*_OPTIONAL, *named]
            faults.add_option(f"--disable {path}", f"there is nothing of this name to disable{nearest(path, known)}")


def _switch(document: Table, faults: Faults, option: str, path: str, on: bool) -> bool:
    """Switches an optimization, or with ROLE.all every one, in a rule's list; returns whether `path` names such a rule."""
    section, _, name = path.rpartition(".")
    rule = _rule_path(document, section)
    if rule is None or not name:
        return False
    table = _node(document, rule)
    listed = table.get("optimizations", [])
    if not isinstance(listed, list):
        return True  # found when the document is read
    faults.given[f"{rule}.optimizations"] = f"{option} {path}"
    kept = [entry for entry in listed if name in ("all", _name(entry))]
    if name == "all" or not kept:
        table["optimizations"] = [*listed, {"use": name, "on": on}]
    else:
        entries = [{"use": each} if isinstance(each, str) else each for each in listed]
        table["optimizations"] = [each | {"on": on} if _name(each) == name else each for each in entries]
    return True


def _rule_path(document: Table, path: str) -> str | None:
    """Returns the section of a rule, or of [log] and [process]; "venue" and "market" are the quoted instrument's."""
    if path in ("log", "process"):
        document.setdefault(path, {})
        return path
    if path in ("venue", "market"):
        instruments, stack = document.get("instruments"), document.get("stack")
        names = list(instruments) if isinstance(instruments, dict) else []
        quoted = stack.get("quote") if isinstance(stack, dict) else None
        path = f"instruments.{quoted or next(iter(names), '')}.{path}"
    if path not in _sections(document) or path in ("stack", "signals", "risk", "report", "instruments"):
        return None
    return path if path.count(".") != 1 or not path.startswith("instruments.") else None


def _node(document: Table, path: str) -> Table:
    node: Any = document
    for part in path.split("."):
        node = node[part]
    return node if isinstance(node, dict) else {}


def _name(entry: Any) -> str:
    """Returns the name of an optimization from a rule's list of them."""
    return str(entry.get("use", "")) if isinstance(entry, dict) else str(entry)


def _enable(document: Table, faults: Faults, enable: Iterable[str]) -> None:
    sections = list(_sections(document))
    for path in enable:
        if path in sections:
            faults.add_option(f"--enable {path}", "is not disabled")
        elif not _switch(document, faults, "--enable", path, True):
            faults.add_option(f"--enable {path}", f"there is nothing of this name to enable{nearest(path, sections)}")


def _data(document: Table, faults: Faults, data: Iterable[str]) -> None:
    instruments = document.get("instruments")
    names = list(instruments) if isinstance(instruments, dict) else []
    stack = document.get("stack")
    quoted = stack.get("quote") if isinstance(stack, dict) else None
    if quoted is None and len(names) == 1:
        quoted = names[0]
    chains: dict[str, list[str]] = {}
    for text in data:
        name, equals, path = text.partition("=")
        if not equals or (name not in names and (os.sep in name or os.path.exists(text))):
            name, path = str(quoted or ""), text
        if name not in names:
            unknown = f'no instrument "{name}"{nearest(name, names)}'
            faults.add_option(f"--data {text}", unknown if name else "which instrument? write NAME=PATH")
        elif not path:
            faults.add_option(f"--data {text}", "names no file")
        else:
            chains.setdefault(name, []).append(os.path.abspath(path))
    for name, paths in chains.items():
        faults.given[f"instruments.{name}.market.path"] = "--data"
        _put(document, ["instruments", name, "market", "path"], paths if len(paths) > 1 else paths[0])
