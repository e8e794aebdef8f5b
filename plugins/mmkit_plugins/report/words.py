"""What the page says in words: how figures are spelled, the facts of a run, what it earned in a sentence."""

import html
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import polars as pl

from mmkit_plugins.report.levels import WORDS, Spell, closings, halts
from mmkit_plugins.report.series import is_date
from mmkit_plugins.report.units import Units

MINUS, NONE = "\N{MINUS SIGN}", "\N{EN DASH}"

PARTS = {
    "spread": ("Spread captured", "--spread"),
    "inventory": ("Inventory", "--inventory"),
    "fees": ("Fees", "--fees"),
    "funding": ("Funding", "--buy"),
    "hedge": ("Hedge", "--sell"),
}
"""The parts of the profit in the order in which they are told, and the variables of their colours."""


def safe(text: Any) -> str:
    """Returns text as it may stand in the page."""
    return html.escape(str(text), quote=True)


def number(value: float | None, digits: int = 6) -> str:
    """Returns a number with so many significant digits at most, thousands apart; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -7 <= size <= 14:
        return f"{value:.{digits - 1}g}".replace("-", MINUS)
    decimals = max(digits - 1 - size, 0)
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def money(value: float, decimals: int) -> str:
    """Returns an amount with so many decimals; a rounded zero has no sign."""
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", MINUS)


def decimals(amounts: list[float]) -> int:
    """Returns how many decimals tell the largest of some amounts to four digits, and at least two."""
    largest = max((abs(amount) for amount in amounts), default=0.0)
    return min(max(3 - math.floor(math.log10(largest)), 2), 8) if largest > 0 else 2


def length(nanoseconds: int) -> str:
    """Returns a length of time in its two largest units."""
    seconds = nanoseconds / 1e9
    if seconds < 60:
        return f"{number(seconds, 4)} s"
    whole = round(seconds)
    for unit, size, lower, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {lower}" if rest else "")
    raise AssertionError(nanoseconds)


def moment(nanoseconds: int) -> str:
    """Returns a time of the epoch as date and time, UTC."""
    return f"{datetime.fromtimestamp(nanoseconds // 10**9, UTC):%Y-%m-%d %H:%M:%S}"


def facts(summary: dict[str, Any]) -> str:
    """Returns what was run over what, as items of a description list."""
    data = summary["data"]
    period = length(data["last"] - data["first"])
    if is_date(data["first"]):
        period = f"{moment(data['first'])} to {moment(data['last'])} UTC ({period})"
    told = {
        "Instrument": ", ".join(summary["position"]),
        "Data": ", ".join(PurePath(source).name for source in data["sources"]),
        "Time": period,
        "Events": number(data["events"], 15),
        "Seed": summary["seed"],
        "Engine": summary["engine"],
        "mmkit": summary["mmkit"],
    }
    if "paths" in summary:
        told["Paths"] = number(summary["paths"]["count"], 15)
    return "".join(f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in told.items())


def notes(summary: dict[str, Any]) -> str:
    """Returns what a reader must know first: a run that ended early, or one without fills."""
    said = []
    if summary.get("ended"):
        said.append(f"This run ended early: {summary['ended']}. What follows is what happened up to then.")
    if not summary["fills"]["count"]:
        said.append(without_fills(summary))
    return "".join(f'<p class="note">{safe(text)}</p>' for text in said)


def without_fills(summary: dict[str, Any]) -> str:
    """Returns why there may be no fills, from what became of the orders."""
    orders = summary["orders"]
    if not orders["submitted"]:
        why = "None was sent either: an input that was never ready, a book without both sides, or no size to quote?"
    elif orders["rejected"] + orders["expired"] >= orders["submitted"]:
        why = f"All {number(orders['submitted'], 15)} orders were rejected or expired: quotes that would have taken?"
    else:
        why = f"{number(orders['submitted'], 15)} orders were sent and none was reached: quotes too far from the mid?"
    return f"No order was filled. {why}"


def since(nanoseconds: int, first: int) -> str:
    """Returns a time as the charts have it: a date, or seconds from the start on a simulator's clock."""
    return moment(nanoseconds) if is_date(first) else f"{number((nanoseconds - first) / 1e9, 6)} s"


def verdict(summary: dict[str, Any], units: Units) -> str:
    """Returns the profit and its parts as a sentence."""
    if not summary["fills"]["count"]:
        return "Nothing was traded, so nothing was earned or lost."
    pnl = summary["pnl"]
    places = decimals(list(pnl.values()))
    told = {
        "spread": ("the spread earned {}", "giving up spread cost {}"),
        "inventory": ("the position gained {}", "the position lost {}"),
        "fees": ("rebates brought {}", "fees took {}"),
        "funding": ("funding brought {}", "funding took {}"),
        "hedge": ("hedging gained {}", "hedging lost {}"),
    }
    causes = [told[name][pnl[name] < 0].format(money(abs(pnl[name]), places)) for name in PARTS if abs(pnl[name]) > 0]
    outcome = "Made" if pnl["total"] >= 0 else "Lost"
    whole = f"<strong>{outcome} {money(abs(pnl['total']), places)}</strong> in {safe(units.money_in_full)}"
    several = over(summary["paths"]) if "paths" in summary else ""
    because = ", ".join(causes[:-1]) + " and " * (len(causes) > 1) + causes[-1] if causes else "nothing moved"
    return f"{whole}{several}: {because}."


def protected(fills: pl.DataFrame, spells: Sequence[Spell]) -> list[str]:
    """Returns what hedging and risk rules did, a sentence each; none where they did nothing."""
    said = []
    hedges = fills.filter(pl.col("cause") == "hedge")
    if len(hedges):
        names = hedges["instrument"].unique(maintain_order=True).to_list()
        said.append(f"The position was hedged with {times(len(hedges), 'fill')} in {safe(' and '.join(names))}.")
    closed, halted = len(closings(spells)), halts(spells)
    done = [f"closed the position {times(closed)}"] * (closed > 0) + [f"halted {times(halted)}"] * (halted > 0)
    if done:
        last = spells[-1]
        by = f" by {last.reason}" if last.reason else ""
        still = "" if last.level == "normal" else f"; in force at the end: {WORDS[last.level].lower()}{by}"
        said.append(safe(f"Risk rules {' and '.join(done)}{still}."))
    return said


def times(count: int, what: str = "") -> str:
    """Returns "once", "twice", "3 times", or with a noun "1 fill", "3 fills"."""
    if what:
        return f"{number(count, 15)} {what}{'s' if count != 1 else ''}"
    return {1: "once", 2: "twice"}.get(count, f"{number(count, 15)} times")


def unended(closing: Spell, run: Any) -> str:
    """Returns that a closing of the position did not end flat."""
    first, last = run.summary["data"]["first"], run.summary["data"]["last"]
    over = "when the data ended" if closing.end == last else "when it was given up"
    # The log has an inverse position as its equivalent in base currency.
    held = "" if run.stack.leg.instrument.inverse else f" {number(closing.left, 8)} base"
    what = f"The closing by {closing.reason} from {since(closing.start, first)} on"
    return f"{what} did not end flat: {over}, a position{' of' * bool(held)}{held} was left."


def over(paths: dict[str, Any]) -> str:
    """Returns over how many paths a profit was made, and how much a path made on average with its standard error."""
    count, mean, std = paths["count"], paths["profit"]["mean"], paths["profit"]["std"]
    if not std:
        return f" over {number(count, 15)} paths, {number(mean)} a path"
    error = std / count**0.5
    places = max(1 - math.floor(math.log10(error)), 0)
    return f" over {number(count, 15)} paths, {money(mean, places)} \N{PLUS-MINUS SIGN} {money(error, places)} a path"


def parts(pnl: dict[str, float]) -> str:
    """Returns the parts of the profit as tiles that add up to the last one."""
    places = decimals(list(pnl.values()))
    names = [name for name in PARTS if name in ("spread", "inventory", "fees") or pnl[name]]
    tiles = [
        f'<div class="tile" style="--mark:var({PARTS[name][1]})"><span>{PARTS[name][0]}</span>'
        f"<b>{money(pnl[name], places)}</b></div>"
        for name in names
    ]
    whole = (
        '<div class="tile whole" style="--mark:var(--ink)"><span>Profit after fees</span>'
        f"<b>{money(pnl['total'], places)}</b></div>"
    )
    return f'<div class="sum">{"<i>+</i>".join(tiles)}<i>=</i>{whole}</div>'


def glance(summary: dict[str, Any], units: Units) -> str:
    """Returns the figures that are looked at first."""
    fills, figures = summary["fills"], summary["metrics"]
    quoted, held = next(iter(summary["position"].items()))
    # Turnover is in quote currency, also where the profit is in the coin.
    rate = summary["instruments"][quoted]["mid"] if units.inverse else 1.0
    per_turnover = summary["pnl"]["total"] * rate / fills["notional"] * 1e4 if fills["notional"] else None
    told = (
        ("Fills", number(fills["count"], 15), ""),
        ("Turnover", number(fills["notional"], 5), "quote"),
        ("Profit per turnover", number(per_turnover, 3), "bp"),
        ("Largest drawdown", number(figures["max_drawdown_quote"], 4), units.money),
        ("Largest position", number(figures["max_abs_position_base"], 4), units.size),
        ("Final position", number(held, 4), units.size),
    )
    items = (f"<div><dt>{name}</dt><dd>{value} <small>{safe(unit)}</small></dd></div>" for name, value, unit in told)
    return f'<dl class="glance">{"".join(items)}</dl>'


def footer(summary: dict[str, Any], units: Units) -> str:
    """Returns how the figures are defined."""
    said = (
        f"Money is in {units.money_in_full}, quantities and positions in {units.size_in_full}. "
        "Spread captured is each fill's distance "
        "from the venue's mid just before it; inventory is the position times the moves of the mid; fees paid carry a "
        "minus. Drawdown and deviations are taken over the records.",
        "A markout is the side times the distance of the mid from a fill's price some time after it, weighted by quantity. "
        "Fills whose horizon lies beyond the data, or where the book was unknown then, are left out.",
        f"Made by mmkit {summary['mmkit']}. This page is self-contained: it loads nothing from anywhere.",
    )
    return "".join(f"<p>{safe(text)}</p>" for text in said)
