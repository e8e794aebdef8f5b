"""mmkit plugins new: writes a plugin that runs, with its tests and a stack that uses it."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from mmkit import ConfigError, __version__
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit plugins new my-signal --role signals && pip install -e my-signal"


def new(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the plugin is called: my-signal.", show_default=False)
    ],
    role: Annotated[
        str | None, typer.Option("--role", metavar="ROLE", help="What it is: signals, pricing, risk, …, command.")
    ] = None,
    file: Annotated[
        bool, typer.Option("--file", help="Write a single file beside a stack instead of a package.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to write it.", show_default="the present folder")
    ] = Path(),
) -> None:
    """Write a plugin that runs: one rule, its tests, a stack that uses it. Nothing is ever overwritten."""
    from mmkit.scaffold import names

    names.check_role(role)
    assert role is not None
    names.check_name(name, role, getattr(ctx.find_root().command, "commands", {}))
    if file:
        beside(folder, name, role)
    else:
        package(folder, name, role)


def package(folder: Path, name: str, role: str) -> None:
    """Writes the package."""
    from mmkit.scaffold.texts import package as texts

    root = folder / name
    if root.exists() or root.is_symlink():
        raise ConfigError(f"{root}: is there already; it is not overwritten")
    write(root, texts(name, role, __version__))
    schema(root)
    place = shlex.quote(str(root))
    tell("next:", f"  python -m pip install -e {place}", f"  mmkit run {shlex.quote(str(root / 'stack.toml'))}")
    say(str(root))


def beside(folder: Path, name: str, role: str) -> None:
    """Writes the single file, and a stack unless one is there."""
    from mmkit.installed import COMMAND
    from mmkit.scaffold import names, texts

    if role == COMMAND:
        raise ConfigError("--file: a command belongs to an installed package, not to a stack; leave --file out")
    rule, stack = folder / f"{names.package_of(name)}.py", folder / "stack.toml"
    if rule.exists() or rule.is_symlink():
        raise ConfigError(f"{rule}: is there already; it is not overwritten")
    found = stack.exists() or stack.is_symlink()
    files = {rule.name: texts.rule(name, role)}
    write(folder, files if found else files | {stack.name: texts.stack(name, role, file=True)})
    if not found:
        schema(folder)
    else:
        tell(f"{stack}: is there already, and stays as it is; it needs", "", texts.to_paste(name, role))
    place = shlex.quote(str(stack))
    tell("next:", f"  mmkit plugins check {shlex.quote(str(rule))}", f"  mmkit run {place}")
    say(str(rule))


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes files into a folder, path to text, and says so. Raises ConfigError where one is there or cannot be written."""
    for path, text in texts.items():
        file = folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except FileExistsError:
            raise ConfigError(f"{file}: is there already; it is not overwritten") from None
        except OSError as error:
            raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None
        tell(f"wrote {file}")


def schema(folder: Path) -> None:
    """Writes what editors complete the stack with, unless it is there."""
    from mmkit.cli.schema import FILE, beside

    try:
        if beside(folder):
            tell(f"wrote {folder / FILE}")
    except OSError as error:
        raise ConfigError(f"{folder / FILE}: cannot be written: {error.strerror}") from None


def tell(*lines: str) -> None:
    """Says something beside the result, on stderr."""
    for line in lines:
        print(line, file=sys.stderr)
