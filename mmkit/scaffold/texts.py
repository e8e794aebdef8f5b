"""The texts of a new plugin: working templates, in which the rule's name takes the place of "new-rule"."""

import re
from importlib.resources import files
from string import Template

from mmkit.installed import COMMAND
from mmkit.scaffold.names import package_of

DEPENDENCIES = {
    "market": ("attrs", "mmkit", "numpy"),
    "report": ("mmkit",),
    COMMAND: ("mmkit", "polars", "typer"),
}
"""What a package of a role imports, where that is not attrs and mmkit."""

RUN = {
    COMMAND: "\n    mmkit $name first",
    "report": "\n    cat first/fills-per-minute.csv",
    "optimization": "\n    mmkit run stack.toml --disable pricing.$name",
}
"""What the README says after the run itself."""

CHECK = """## Check

    mmkit plugins info $name
    mmkit plugins check $name
    python -m pytest

`plugins check` runs mmkit's conformance kit over the installed rule, the tests do the same and what is in them besides."""

TEST = """## Check

    mmkit $name --help
    python -m pytest"""


def package(name: str, role: str, version: str) -> dict[str, str]:
    """Returns the files of a package that offers a plugin of that name and role: path to text.

    version: of the mmkit that it is written for.
    """
    own = {
        "name": name,
        "package": package_of(name),
        "role": role,
        "sentence": sentence(role),
        "entry": f"{package_of(name)}.{role}" + (":command" if role == COMMAND else ""),
        "dependencies": ", ".join(f'"{each}"' for each in dependencies(role, version)),
        "snapshot": snapshot(name, role),
    }
    own |= {key: Template(text).substitute(own) for key, text in (("use", RUN.get(role, "")), ("check", check(role)))}
    source = f"src/{own['package']}"
    return {
        "pyproject.toml": Template(template("package/pyproject.toml.in")).substitute(own),
        "README.md": Template(template("package/README.md.in")).substitute(own),
        ".gitignore": template("package/gitignore.in"),
        "stack.toml": stack(name, role),
        f"{source}/__init__.py": f'"""{own["sentence"]}"""\n',
        f"{source}/py.typed": "",
        f"{source}/{role}.py": rule(name, role),
        f"tests/test_{role}.py": tests(name, role),
    }


def rule(name: str, role: str) -> str:
    """Returns the module of a rule, or of a command."""
    return called(template(f"rules/{role}.py"), name)


def tests(name: str, role: str) -> str:
    """Returns the tests of that module."""
    return template(f"tests/test_{role}.py").replace("mmkit.scaffold.rules", package_of(name))


def stack(name: str, role: str, *, file: bool = False) -> str:
    """Returns a stack that uses the rule; file: which is in a file beside it, not installed."""
    base = template("stacks/base.toml")
    head, sections = base[: base.index("[")], blocks(base)
    if not file:
        sections["stack"] = re.sub(r"(?m)^plugins = .*\n", "", sections["stack"])
    if role != COMMAND:
        sections |= blocks(template(f"stacks/{role}.toml"))
    groups = [title.partition(".")[0] for title in sections]
    titles = sorted(sections, key=lambda title: groups.index(title.partition(".")[0]))
    return called(head + "\n\n".join(sections[title] for title in titles) + "\n", name)


def to_paste(name: str, role: str) -> str:
    """Returns what a stack that is there already needs to use the rule in a file beside it."""
    used = [text for text in blocks(template(f"stacks/{role}.toml")).values() if "new-rule" in text]
    return called("\n\n".join(['[stack]\nplugins = ["new_rule.py"]', *used]) + "\n", name)


def blocks(text: str) -> dict[str, str]:
    """Returns the sections of a stack, title to text, in order."""
    parts = re.split(r"(?m)^(?=\[)", text)
    return {part[1 : part.index("]")]: part.rstrip("\n") for part in parts if part.startswith("[")}


def called(text: str, name: str) -> str:
    """Returns a template with the name in the place of "new-rule"."""
    return text.replace("new-rule", name).replace("new_rule", package_of(name))


def template(path: str) -> str:
    """Returns the text of a file of this package."""
    return files("mmkit.scaffold").joinpath(path).read_text(encoding="utf-8")


def dependencies(role: str, version: str) -> list[str]:
    """Returns what a package of a role needs, as pyproject.toml has it: of mmkit the version that it is written for, or a later one."""
    return [f"{each}>={version}" if each == "mmkit" else each for each in DEPENDENCIES.get(role, ("attrs", "mmkit"))]


def sentence(role: str) -> str:
    """Returns what a package says of itself before its author does."""
    what = {"signals": "signal", COMMAND: COMMAND}.get(role, f"{role} rule")
    return f"{'An' if what[0] in 'aeiou' else 'A'} {what} for mmkit."


def check(role: str) -> str:
    """Returns how a README says that a plugin is checked."""
    return TEST if role == COMMAND else CHECK


def snapshot(name: str, role: str) -> str:
    """Returns the situation that a README explains a decision in."""
    signal = f"{name}.value" if role == "signals" else "sigma.value"
    return f'{{"time": 0, "bid": 99.99, "ask": 100.0, "position": 0.3, "signals": {{"{signal}": 0.03}}}}'
