"""Writes a page about each rule, from its own declarations: python -m mmkit.pages FOLDER [DISTRIBUTION].

A page has the module's docstring (formula, units, source), a section to paste into a stack, parameters, inputs, outputs, the steps that
explain shows and the optimizations that apply. FOLDER/timings.toml, where there is one, gives times: [NAME] plain_ns, compiled_ns.
"""

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import tomli

from mmkit.contract import fields_of
from mmkit.errors import ConfigError, MmkitError
from mmkit.fields import Duration
from mmkit.installed import origin
from mmkit.kinds import Kind, spelled_duration
from mmkit.optimizing import unsuited
from mmkit.page_block import block, default_of, sized, sources, unfed
from mmkit.page_steps import named_steps
from mmkit.plugins import offers
from mmkit.rules import Optimization, Role, Rule, own_functions

MADE = "*Made from the rule's own declarations by `make pages`.*"
TIMED = "python tests/benchmarks/signals.py --write docs/rules/timings.toml"
PER_EVENT = (Role.VENUE, Role.SIGNALS, Role.SIZING, Role.PRICING, Role.LADDER, Role.RISK, Role.EXECUTION, Role.HEDGING)
"""Roles whose rules a compiled loop calls."""

_SPAN = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"(\\|(?<!\s)[*~]|[*~](?!\s)|<(?=[A-Za-z/!?])|](?=[(\[])|(?<![^\W_])_|_(?![^\W_]))")
"""What Markdown might take for markup: nothing that stands between spaces, as in "a * b" or "a < b"."""

_PAGE = re.compile(r"\bdocs/([\w-]+\.md)\b")
_PRIVATE = re.compile(r"`(_\w+)`")
_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z])")


@attrs.frozen
class Documented:
    """A rule, the docstring of its module, and those of private modules beside it that the docstring names: `_queue`."""

    rule: Rule
    text: str
    shared: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its page, from the folder of all pages."""
        return f"{self.rule.role.value}/{self.rule.name}.md"

    @property
    def sentence(self) -> str:
        """The first sentence of the docstring, in one line."""
        return _SENTENCE.split(" ".join(self.text.partition("\n\n")[0].split()))[0]


def documented(distribution: str = "mmkit") -> list[Documented]:
    """Returns the rules of an installed distribution, by role and name.

    Raises ConfigError where it has none, PluginError where one is broken.
    """
    offered = offers()
    found = []
    for role in Role:
        for entry in sorted(offered.entries[role], key=lambda entry: entry.name):
            if origin(entry).name == distribution:
                rule, _ = offered.load(role, entry.name)
                text = _docstring(entry.module)
                beside = (f"{entry.module.rpartition('.')[0]}.{name}" for name in _PRIVATE.findall(text))
                found.append(Documented(rule, text, tuple(map(_docstring, beside))))
    if not found:
        raise ConfigError(f'no installed distribution "{distribution}" offers a rule')
    return found


def _docstring(module: str) -> str:
    """Returns the docstring of a module that has been imported, "" where it has none."""
    return inspect.cleandoc(getattr(sys.modules.get(module), "__doc__", None) or "")


def pages(timings: Mapping[str, Mapping[str, float]], distribution: str = "mmkit") -> dict[str, str]:
    """Returns the text of every page by its path, the index among them; timings: ns per event by signal."""
    every = documented(distribution)
    rules = [each.rule for each in every]
    texts = {
        each.path: page(each, rules, timings.get(each.rule.name) if each.rule.role is Role.SIGNALS else None)
        for each in every
    }
    return {"index.md": index(every)} | texts


def page(about: Documented, rules: Sequence[Rule], timing: Mapping[str, float] | None = None) -> str:
    """Returns the Markdown of one rule; rules: those that its inputs, optimizations and example may name."""
    rule = about.rule
    parts = [f"# {rule.name} ({rule.role.value})", markdown(about.text)]
    parts += [markdown(text) for text in about.shared]
    parts += ["## In a stack", f"```toml\n{block(rule, rules)}```"]
    parts += ["## Parameters", _parameters(rule) or "None."]
    parts += _section("## What it reads", _reads(rule, rules))
    parts += _section("## What it publishes", _publishes(rule))
    parts += _section("## Steps that `mmkit explain` shows", _steps(rule))
    if isinstance(rule, Optimization):
        parts += ["## Where it applies", _applies(rule, rules)]
    elif rule.role in PER_EVENT:
        parts += ["## Engine", _engine(rule, rules)]
    parts += _section("## Time per event", _times(timing))
    return "\n\n".join([*parts, MADE]) + "\n"


def index(every: Sequence[Documented]) -> str:
    """Returns the page that lists all rules, a table per role."""
    parts = [
        "# The rules",
        "By role, in the order in which they act. `mmkit/hookspecs.py` says what each role is given and returns.",
    ]
    for role in Role:
        rows = [(f"[{each.rule.name}]({each.path})", prose(each.sentence)) for each in every if each.rule.role is role]
        parts += _section(f"## {role.value.capitalize()}", _table(("rule", "what it is"), rows))
    return "\n\n".join([*parts, MADE]) + "\n"


def markdown(text: str) -> str:
    """Returns a docstring as Markdown: indented blocks become code blocks, everything else stays as it reads."""
    parts: list[str] = []
    for chunk in text.split("\n\n"):
        if chunk.startswith("    "):
            code = inspect.cleandoc("\n" + chunk)
            joined = parts and parts[-1].endswith("\n```")
            parts[-1:] = [f"{parts[-1][:-4]}\n\n{code}\n```"] if joined else [*parts[-1:], f"```text\n{code}\n```"]
        else:
            parts.append(_PAGE.sub(r"[\g<0>](../../\1)", prose(" ".join(chunk.split()))))
    return "\n\n".join(parts)


def prose(text: str) -> str:
    """Returns text with what Markdown would take for markup escaped, but for code between backticks."""
    pieces = _SPAN.split(text)
    return "".join(piece if at % 2 else _MARKUP.sub(r"\\\1", piece) for at, piece in enumerate(pieces))


def _section(title: str, text: str) -> list[str]:
    return [title, text] if text else []


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') or '—' for cell in line)} |" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _parameters(rule: Rule) -> str:
    rows = []
    for field, annotation, kind in fields_of(rule.params):
        default = default_of(field, kind)
        shown = "required" if default == "" else "not set" if default is None else _code(default)
        unit = "with its unit" if annotation is Duration else _code(field.metadata.get("unit", ""))
        said = prose(field.metadata.get("doc", ""))
        rows.append((_code(field.name), _type(kind), shown, unit, _range(field, annotation, kind), said))
    return _table(("parameter", "type", "default", "unit", "range", "what it is"), rows)


def _type(kind: Kind) -> str:
    if kind.choices:
        return f"{'list of' if kind.said.startswith('a list') else 'one of'} {', '.join(map(_code, kind.choices))}"
    return kind.said.removeprefix("a ")


def _range(field: "attrs.Attribute[Any]", annotation: Any, kind: Kind) -> str:
    """Returns the bounds of a parameter in words."""
    bounds = dict(field.metadata)
    if annotation is Duration and bounds.get("at_least") is None and bounds.get("above") is None:
        bounds["at_least"] = 0  # what is read from TOML is never negative unless a field says otherwise
    said = []
    for name in ("above", "at_least", "below", "at_most"):
        value = bounds.get(name)
        if value is not None:
            number = spelled_duration(int(value)) if annotation is Duration else f"{value:.15g}"
            said.append(f"{name.replace('_', ' ')} {number}")
    if kind.many and bounds.get("capacity"):
        said.append(f"at most {bounds['capacity']} of them")
    return ", ".join(said)


def _reads(rule: Rule, rules: Sequence[Rule]) -> str:
    rows = []
    for field in attrs.fields(rule.inputs) if rule.inputs else ():
        unless = field.metadata.get("unless")
        absent = "required" if field.metadata.get("required") else _code(f"{field.default:g}")
        absent += f", unless `{unless}` is given" if unless else ""
        offered = ", ".join(
            f"[`{each.name}.{output}`](../{each.role.value}/{each.name}.md)" for each, output in sources(field, rules)
        )
        said, unit = prose(field.metadata.get("doc", "")), _code(field.metadata.get("unit", ""))
        provided = "every sizing rule" if field.name in sized(rules) else offered
        provided = "what is wired to it" if field in unfed(rule, rules) else provided
        rows.append((_code(field.name), unit, absent, said, provided))
    table = _table(("input", "unit", "if nothing provides it", "what it is", "what provides it"), rows)
    called = ", ".join(_code(name) for name, _ in own_functions(rule) if name.startswith("on_"))
    listens = f"It is called at {called}." if called else ""
    depth = (
        "It reads the levels of the book, and is called for every change of any of them."
        if rule.role is Role.SIGNALS
        else "It reads the levels of the book."
    )
    return "\n\n".join(text for text in (table, " ".join(filter(None, (listens, depth if rule.depth else "")))) if text)


def _publishes(rule: Rule) -> str:
    fields = attrs.fields_dict(rule.state)
    rows = [
        (_code(name), _code(unit), prose(fields[name].metadata.get("doc", ""))) for name, unit in rule.outputs.items()
    ]
    return _table(("output", "unit", "what it is"), rows)


def _steps(rule: Rule) -> str:
    return _table(("step", "unit"), [(prose(name), _code(unit)) for name, unit in named_steps(rule)])


def _engine(rule: Rule, rules: Sequence[Rule]) -> str:
    compiled = (
        "It is compiled with the loop that calls it."
        if rule.compiled
        else "It stays Python; a compiled loop calls out to it."
    )
    found = [
        f"[`{each.name}`](../optimization/{each.name}.md){' (unless it is switched off)' if each.without else ''}"
        for each in rules
        if isinstance(each, Optimization) and not unsuited(each, rule.role.value, rule)
    ]
    return f"{compiled} Optimizations that apply: {', '.join(found)}." if found else compiled


def _applies(rule: Optimization, rules: Sequence[Rule]) -> str:
    exact = bool(rule.exact and rule.exact(rule.params()))
    changes = "it changes nothing but time and memory" if exact else "inexact"
    changes += f"; what it may change: {rule.bound}" if rule.bound else ""
    how = "on unless it is switched off" if rule.without is not None else "off unless it is switched on"
    rows = []
    for role in rule.applies:
        hosts = [each for each in rules if each.role.value == role and not unsuited(rule, role, each)]
        rows.append((role, ", ".join(f"[{each.name}](../{role}/{each.name}.md)" for each in hosts)))
    return f"It is {how}. With its defaults {prose(changes)}.\n\n" + _table(("section", "rules"), rows)


def _times(timing: Mapping[str, float] | None) -> str:
    if timing is None:
        return ""
    rows = [
        (name, f"{timing[key]:.0f}")
        for name, key in (("plain Python", "plain_ns"), ("compiled", "compiled_ns"))
        if key in timing
    ]
    how = (
        f"What the signal adds to a run over the simulated book, divided by the market's events. Measured by `{TIMED}`."
    )
    return _table(("engine", "ns"), rows) + f"\n\n{how}"


def read_timings(folder: Path) -> dict[str, dict[str, float]]:
    """Returns the times in a folder of pages, none where there is no such file."""
    file = folder / "timings.toml"
    return tomli.loads(file.read_text("utf-8")) if file.is_file() else {}


def main(arguments: Sequence[str]) -> None:
    """Writes the pages into a folder, and removes those of rules that are no more."""
    folder = Path(arguments[0])
    texts = pages(read_timings(folder), *arguments[1:2])
    for old in folder.glob("*/*.md"):
        if old.relative_to(folder).as_posix() not in texts and MADE in old.read_text("utf-8"):
            old.unlink()
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python -m mmkit.pages FOLDER [DISTRIBUTION]")
    try:
        main(sys.argv[1:])
    except MmkitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
