"""mmkit explain: one decision, step by step, from a given situation."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmkit.cli.options import Data, Disable, DisablePlugin, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say

if TYPE_CHECKING:
    from mmkit.explaining import Explanation

EXAMPLE = """\
Example: mmkit explain stack.toml --snapshot now.json

with now.json: {"time": 0, "bid": 99.99, "ask": 100.01, "position": 0.4, "signals": {"sigma.value": 0.01}}"""


def explain(
    stack: StackFile,
    snapshot: Annotated[
        Path,
        typer.Option("--snapshot", metavar="FILE", help='The situation as JSON; "-" reads it from standard input.'),
    ],
    data: Data = None,
    seed: Seed = None,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    disable_plugin: DisablePlugin = None,
    as_json: Json = False,
) -> None:
    """Explain one decision: every number on the way from the market to the requests, in the order applied."""
    from mmkit import explaining
    from mmkit.folder import as_json as json_text
    from mmkit.settings import read
    from mmkit.snapshot import read as read_snapshot

    read_stack = read(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    found = explaining.explain(read_stack, read_snapshot(snapshot, read_stack))
    say(json_text(found.document()) if as_json else told(found))


def told(found: "Explanation") -> str:
    """Returns a decision as readable text."""
    return "\n".join([*step_lines(found), "", *quote_lines(found), "", *action_lines(found)])


def step_lines(found: "Explanation") -> list[str]:
    """Returns the steps as a table: stage and rule only where they change."""
    rows = [("stage", "rule", "step", "value", "unit")]
    before = ("", "")
    for step in found.steps:
        place = (step.stage, step.rule)
        shown = place if place != before else ("", "")
        rows.append((*shown, step.name, number(step.value), step.unit))
        before = place
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{stage:<{widths[0]}}  {rule:<{widths[1]}}  {name:<{widths[2]}}  {value:>{widths[3]}}  {unit}".rstrip()
        for stage, rule, name, value, unit in rows
    ]


def number(value: float) -> str:
    """Returns a number with up to ten digits; "-" where there is none."""
    if math.isnan(value):
        return "-"
    return f"{value:.10g}"


def quote_lines(found: "Explanation") -> list[str]:
    """Returns the quotes as they would stand in a book: asks from the outside in, then bids."""
    if not found.bids and not found.asks:
        return ["no quotes"]
    rows = [("ask", price, qty) for price, qty in reversed(found.asks)]
    rows += [("bid", price, qty) for price, qty in found.bids]
    prices = [json.dumps(price) for _, price, _ in rows]
    width = max(map(len, prices))
    return [
        "quotes",
        *(f"  {side}  {price:>{width}}  {qty!r}" for (side, _, qty), price in zip(rows, prices, strict=True)),
    ]


def action_lines(found: "Explanation") -> list[str]:
    """Returns the requests, one a line."""
    if not found.actions:
        return ["no requests"]
    lines = ["requests"]
    for action in found.actions:
        word = "buy" if action["side"] > 0 else "sell"
        at = f" at {action['price']!r}" if "price" in action else ""
        which = f", {action['kind']}" if "kind" in action else f", order {action['order']} of the snapshot"
        only = ", reduce-only" if action.get("reduce_only") else ""
        where = f", {action['instrument']}" if "instrument" in action else ""
        lines.append(f"  {action['action']} {word} {action['qty']!r}{at}{which}{only}{where}")
    return lines
