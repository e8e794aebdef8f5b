"""mmkit schema: what editors need to complete and check stack files."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit schema --out mmkit.schema.json, and as a stack's first line: #:schema ./mmkit.schema.json"

FILE = "mmkit.schema.json"

LINE = f"#:schema ./{FILE}"
"""The first line of a stack that has the schema beside it."""


def schema(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to this file instead; it may be there already."),
    ] = None,
    distribution: Annotated[
        str | None, typer.Option("--from", metavar="DISTRIBUTION", help="Only rules that this distribution supplies.")
    ] = None,
) -> None:
    """Print the JSON schema of stack files, with the keys of every installed rule; a broken plugin is left out."""
    from mmkit.errors import ConfigError
    from mmkit.schema import installed, text

    rules, broken = installed(distribution)
    for line in broken:
        print(f"left out: {line}", file=sys.stderr)
    if out is None:
        say(text(rules).rstrip("\n"))
        return
    try:
        out.write_text(text(rules), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from None
    say(str(out))


def beside(folder: Path) -> bool:
    """Writes the schema into a stack's folder unless there is one, and says on stderr what it leaves out; returns whether it did.

    Raises OSError where it cannot be written.
    """
    from mmkit.schema import installed, text

    with suppress(FileExistsError), (folder / FILE).open("x", encoding="utf-8") as stream:
        rules, broken = installed()
        stream.write(text(rules))
        for line in broken:
            print(f"left out of {FILE}: {line}", file=sys.stderr)
        return True
    return False
