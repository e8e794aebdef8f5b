"""Writes a page about each rule, from its own declarations: python -m mmkit.pages FOLDER [DISTRIBUTION].

A page has the module's docstring (formula, units, source), a section to paste into a stack, parameters, inputs, outputs, the steps that
explain shows and the optimizations that apply. FOLDER/timings.toml, where there is one, gives times: [NAME] plain_ns, compiled_ns.
"""

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import tomli

from mmkit.described import Applies, Described, Documented, Parameter, describe, documented, where
from mmkit.errors import ConfigError, MmkitError
from mmkit.installed import origin
from mmkit.plugins import offers
from mmkit.rules import Role, Rule

MADE = "*Made from the rule's own declarations by `make pages`.*"
TIMED = "python tests/benchmarks/signals.py --write docs/rules/timings.toml"

_SPAN = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"(\\|(?<!\s)[*~]|[*~](?!\s)|<(?=[A-Za-z/!?])|](?=[(\[])|(?<![^\W_])_|_(?![^\W_]))")
"""What Markdown might take for markup: nothing that stands between spaces, as in "a * b" or "a < b"."""

_PAGE = re.compile(r"\bdocs/([\w-]+\.md)\b")


def of_distribution(distribution: str = "mmkit") -> list[Documented]:
    """Returns the rules of an installed distribution, by role and name.

    Raises ConfigError where it has none, PluginError where one is broken.
    """
    offered = offers()
    found = []
    for role in Role:
        for entry in sorted(offered.entries[role], key=lambda entry: entry.name):
            if origin(entry).name == distribution:
                rule, _ = offered.load(role, entry.name)
                found.append(documented(rule, entry.module))
    if not found:
        raise ConfigError(f'no installed distribution "{distribution}" offers a rule')
    return found


def pages(timings: Mapping[str, Mapping[str, float]], distribution: str = "mmkit") -> dict[str, str]:
    """Returns the text of every page by its path, the index among them; timings: ns per event by signal."""
    every = of_distribution(distribution)
    rules = [each.rule for each in every]
    texts = {
        each.path: page(each, rules, timings.get(each.rule.name) if each.rule.role is Role.SIGNALS else None)
        for each in every
    }
    return {"index.md": index(every)} | texts


def page(about: Documented, rules: Sequence[Rule], timing: Mapping[str, float] | None = None) -> str:
    """Returns the Markdown of one rule; rules: those that its inputs, optimizations and example may name."""
    found = describe(about, rules)
    parts = [f"# {about.rule.name} ({about.rule.role.value})", markdown(about.text)]
    parts += [markdown(text) for text in about.shared]
    parts += ["## In a stack", f"```toml\n{found.block}```"]
    parts += ["## Parameters", _parameters(found) or "None."]
    parts += _section("## What it reads", _reads(found))
    parts += _section("## What it publishes", _publishes(found))
    parts += _section("## Steps that `mmkit explain` shows", _steps(found))
    if found.applies is not None:
        parts += ["## Where it applies", _applies(found.applies)]
    elif found.engine:
        parts += ["## Engine", _engine(found)]
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


def _parameters(found: Described) -> str:
    rows = []
    for each in found.parameters:
        shown = "required" if each.default == "" else "not set" if each.default is None else _code(each.default)
        unit = "with its unit" if each.timed else _code(each.unit)
        rows.append((_code(each.name), _type(each), shown, unit, each.range, prose(each.doc)))
    return _table(("parameter", "type", "default", "unit", "range", "what it is"), rows)


def _type(parameter: Parameter) -> str:
    if parameter.choices:
        return f"{'list of' if parameter.several else 'one of'} {', '.join(map(_code, parameter.choices))}"
    return parameter.type


def _reads(found: Described) -> str:
    rows = []
    for each in found.inputs:
        absent = "required" if each.neutral is None else _code(f"{each.neutral:g}")
        absent += f", unless `{each.unless}` is given" if each.unless else ""
        offered = ", ".join(
            f"[`{rule.name}.{output}`](../{rule.role.value}/{rule.name}.md)" for rule, output in each.sources
        )
        provided = "what is wired to it" if each.by_hand else "every sizing rule" if each.sizing else offered
        rows.append((_code(each.name), _code(each.unit), absent, prose(each.doc), provided))
    table = _table(("input", "unit", "if nothing provides it", "what it is", "what provides it"), rows)
    listens = f"It is called at {', '.join(map(_code, found.called))}." if found.called else ""
    return "\n\n".join(text for text in (table, " ".join(filter(None, (listens, found.levels)))) if text)


def _publishes(found: Described) -> str:
    rows = [(_code(each.name), _code(each.unit), prose(each.doc)) for each in found.outputs]
    return _table(("output", "unit", "what it is"), rows)


def _steps(found: Described) -> str:
    return _table(("step", "unit"), [(prose(name), _code(unit)) for name, unit in found.steps])


def _engine(found: Described) -> str:
    suiting = [
        f"[`{name}`](../optimization/{name}.md){' (unless it is switched off)' if on else ''}"
        for name, on in found.optimizations
    ]
    return f"{found.compiled} Optimizations that apply: {', '.join(suiting)}." if suiting else found.compiled


def _applies(applies: Applies) -> str:
    rows = [(role, ", ".join(f"[{name}](../{role}/{name}.md)" for name in hosts)) for role, hosts in applies.hosts]
    return f"{where(applies, prose)}\n\n" + _table(("section", "rules"), rows)


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
