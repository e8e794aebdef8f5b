"""What is told instrument by instrument, of funding and of risk: tables in the page's grid."""

from collections.abc import Sequence
from typing import Any

from mmkit_plugins.report.levels import WORDS, Spell, asked, closings, lasting
from mmkit_plugins.report.units import units_of
from mmkit_plugins.report.words import decimals, length, money, number, safe, since, unended

Table = tuple[str, str, list[str], list[list[str]]]
"""Title, what is said of it, heads, and rows of cells as they stand in the page."""

SETTLEMENTS = 30
"""Settlements that a table lists; of more than these, the last."""


def tables(run: Any, spells: Sequence[Spell]) -> list[str]:
    """Returns the tables that a run has something for; spells: of the levels of risk."""
    accounts = run.summary.get("instruments", {})
    wide = [
        *([instruments(run)] if accounts else []),
        *([balances(run)] if any("balances" in each for each in accounts.values()) else []),
    ]
    narrow = [
        *([settlements(run)] if run.summary.get("settlements") else []),
        *([risk(run, spells)] if spells else []),
    ]
    # Two stand side by side; one alone has the row to itself.
    width = "half" if len(narrow) == 2 else ""
    return [*(card(*each) for each in wide), *(card(*each, width) for each in narrow)]


def instruments(run: Any) -> Table:
    """Returns where the account of each instrument stands at the end."""
    heads = ("Instrument", "Position", "Mid", "Entry", "Realised", "Unrealised", "Fees", "Funding", "Equity", "In")
    rows = []
    for leg in run.stack.all_legs:
        name = leg.instrument.name
        own, units = run.summary["instruments"][name], units_of(leg.instrument)
        amounts = [own["realised"], own["unrealised"], -own["fees"], own["funding"], own["equity"]]
        places = decimals(amounts)
        rows.append(
            [
                safe(name),
                f"{number(own['position'], 8)}<small>{units.size}</small>",
                number(own["mid"], 10),
                number(own["entry"], 10),
                *(money(amount, places) for amount in amounts),
                safe(units.money),
                number(own["fills"], 15),
                number(own["trips"]["won"], 15),
                number(own["trips"]["lost"], 15),
            ]
        )
    said = (
        "Entry is the cost of what is open; realised and unrealised are before fees and funding, with which they add up to equity. "
        "A round trip ends when the position is flat or turns."
    )
    return "Instruments", said, [*heads, "Fills", "Trips won", "lost"], rows


def balances(run: Any) -> Table:
    """Returns the balances of each account that has any, and its margin."""
    rows = []
    for leg in run.stack.all_legs:
        own, unit = run.summary["instruments"][leg.instrument.name], units_of(leg.instrument).money
        if "balances" not in own:
            continue
        held = ", ".join(f"{number(amount, 8)} {safe(currency)}" for currency, amount in own["balances"].items())
        needed = own.get("margin", {})
        margins = [number(needed.get(name), 6) for name in ("initial", "maintenance")]
        told = [f"{each}<small>{safe(unit)}</small>" if needed else each for each in margins]
        rows.append([safe(leg.instrument.name), held, *told, number(needed.get("liquidation_price"), 10)])
    heads = ["Instrument", "Balances", "Initial margin", "Maintenance margin", "Liquidation price"]
    return "Balances and margin", "At the end of the run, at the last mid.", heads, rows


def settlements(run: Any) -> Table:
    """Returns the settlements of funding, the last ones where there are many."""
    found = run.summary["settlements"]
    units = {leg.instrument.name: units_of(leg.instrument) for leg in run.stack.all_legs}
    rows = [
        [
            since(each["time"], run.summary["data"]["first"]),
            safe(each["instrument"]),
            f"{number(each['rate'] * 1e4, 4)}<small>bp</small>",
            number(each["mark"], 10),
            f"{number(each['position'], 8)}<small>{units[each['instrument']].size}</small>",
            f"{number(each['amount'], 5)}<small>{safe(units[each['instrument']].money)}</small>",
        ]
        for each in found[-SETTLEMENTS:]
    ]
    fewer = f" The last {SETTLEMENTS} of {number(len(found), 15)}." if len(found) > SETTLEMENTS else ""
    said = f"The position at the venue at that time receives minus rate times mark times position.{fewer}"
    heads = ["Time", "Instrument", "Rate", "Mark", "Position", "Received"]
    return "Settlements of funding", said, heads, rows


def risk(run: Any, spells: Sequence[Spell]) -> Table:
    """Returns how long each level of risk was in force and how often which rule brought it about."""
    whole = sum(spell.end - spell.start for spell in spells)
    rows = []
    for level, time in lasting(spells).items():
        rules = asked(spells, level)
        by = ", ".join(f"{safe(rule)} {number(times, 15)}" for rule, times in rules.most_common() if rule)
        share = number(100 * time / whole, 3) if whole else number(None)
        times = number(rules.total(), 15) if level != "normal" else ""
        rows.append([WORDS[level], length(time), f"{share}<small>%</small>", times, by])
    last = spells[-1]
    by = f" by {last.reason}" if last.reason else ""
    said = [f"In force at the end: {WORDS[last.level].lower()}{by}."]
    said += [unended(each, run) for each in closings(spells) if each.left]
    return "Risk", " ".join(said), ["Level", "Time", "Share", "Times", "By rule"], rows


def card(title: str, said: str, heads: Sequence[str], rows: Sequence[Sequence[str]], width: str = "") -> str:
    """Returns a table in a card of the grid."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    lines = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows)
    return (
        f'<section class="card {width}"><h2>{title}</h2><p>{safe(said)}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div></section>'
    )
