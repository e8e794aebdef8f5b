"""mmkit plugins check: whether a plugin keeps to what every rule promises, check by check."""

import enum
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkit.cli.options import DisablePlugin, Json
from mmkit.cli.printing import say
from mmkit.errors import ConfigError
from mmkit.rules import Role

if TYPE_CHECKING:
    from mmkit.plugins import Supplied
    from mmkit.testing import Row

EXAMPLE = "Example: mmkit plugins check my_signal.py --only pure --only look-ahead"

RoleName = enum.StrEnum("RoleName", [(role.value.upper(), role.value) for role in Role])  # type: ignore[misc]


def check(
    name: Annotated[str, typer.Argument(help="NAME, ROLE.NAME, a distribution, or a plugin file.", show_default=False)],
    role: Annotated[RoleName | None, typer.Option("--role", help="Only its rules of one role.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help="Only this check; may be given again.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter to try it with, where it has no default."),
    ] = None,
    disable_plugin: DisablePlugin = None,
    as_json: Json = False,
) -> None:
    """Check that a plugin is declared completely, deterministic, pure, bounded, fast and sound, with each rule around it (exit code 1)."""
    from mmkit.named import named
    from mmkit.testing.checks import rows

    rules = named(name, Role(role.value) if role else None)
    params = table(overrides or ())
    documents: list[dict[str, Any]] = []
    for supplied in rules:
        found = rows(supplied[0], checks=only or None, params=params, name=supplied[1])
        documents.append(document(supplied, found if as_json else shown(supplied, found, len(documents))))
    if as_json:
        import orjson

        say(orjson.dumps(documents, option=orjson.OPT_INDENT_2).decode())
    if any(row["outcome"] == "failed" for each in documents for row in each["rows"]):
        raise typer.Exit(1)


def document(supplied: "Supplied", rows: "Iterable[Row]") -> dict[str, Any]:
    """Returns a rule's rows as --json prints them."""
    rule, supplier = supplied
    return {
        "name": rule.name,
        "role": rule.role.value,
        "from": supplier,
        "rows": [{"check": row.check, "outcome": row.outcome, "reason": row.reason} for row in rows],
    }


def shown(supplied: "Supplied", rows: "Iterable[Row]", before: int) -> "Iterable[Row]":
    """Passes rows on and prints each as soon as it is there; before: how many rules were printed already."""
    from mmkit.testing.checks import CHECKS

    rule, supplier = supplied
    width = max(map(len, CHECKS))
    for number, row in enumerate(rows):
        if number == 0:
            say(("\n" if before else "") + f"{rule.role.value} {rule.name} ({supplier})")
        say(f"{row.check:<{width}}  {row.outcome:<8}  {row.reason}".rstrip())
        yield row


def table(overrides: Sequence[str]) -> dict[str, Any]:
    """Returns parameters from "KEY=VALUE", each value as TOML has it, or a text. Raises ConfigError for what has no "="."""
    from mmkit.overrides import toml_value

    found: dict[str, Any] = {}
    for each in overrides:
        key, equals, text = each.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {each}: must be KEY=VALUE")
        found[key.strip()] = toml_value(text)
    return found
