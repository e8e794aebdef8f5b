"""The options that every command about a stack understands."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from mmkit.installed import PLACES

StackFile = Annotated[Path, typer.Argument(metavar="STACK", help="The stack's TOML file.", show_default=False)]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="[NAME=]PATH", help="Market data of an instrument; several are chained in order."),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of every random stream.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a key: --set pricing.gamma=0.2; all of a file: --set @FILE"
    ),
]
Enable = Annotated[list[str] | None, typer.Option("--enable", metavar="PATH", help="Switch an optimization on.")]
Disable = Annotated[
    list[str] | None, typer.Option("--disable", metavar="PATH", help="Leave a rule out: --disable risk.limits")
]


def _left_out(names: list[str] | None) -> list[str] | None:
    if names:
        from mmkit.disabled import disable

        disable(names)
    return names


DisablePlugin = Annotated[
    list[str] | None,
    typer.Option(
        "--disable-plugin",
        metavar="NAME",
        callback=_left_out,
        help="Leave a plugin out as if it were not installed: NAME, ROLE.NAME or its distribution.",
    ),
]
Place = enum.StrEnum("Place", [(name.upper(), name) for name in PLACES])  # type: ignore[misc]
"""A role, or "command"."""

PluginRole = Annotated[Place | None, typer.Option("--role", help="Only those of one role.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout and nothing else.")]
