"""Writes the page of all formulas, from the docstrings that have them: python -m mmkit.formula_page FILE.

Of each rule's docstring it takes what the rule is, the formulas, what their symbols mean (the paragraph below them) and the sources.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mmkit.described import Documented
from mmkit.pages import markdown, of_distribution, prose
from mmkit.rules import Role

MADE = "*Made from the docstrings by `make pages`.*"

SYMBOLS = """\
Prices are in quote currency, quantities and positions in base currency, times in seconds. Where a section says nothing else:

| symbol | what it is | unit |
| --- | --- | --- |
| s, mid | halfway between the best bid and the best ask | quote |
| r | reservation price: the price around which to quote, given the position | quote |
| q | position, short negative | base |
| Delta | order size | base |
| sigma | volatility of the mid, arithmetic: dS = sigma dW | price/sqrt(s) |
| gamma, xi | risk aversion | 1/quote |
| A | fill intensity at distance 0, per side | 1/s |
| k, kappa | decay of the fill intensity with the distance from the mid | 1/price |
| lambda(d) = A exp(-k d) | fill intensity at distance d | 1/s |
| T - t | time left, or the horizon over which risk is held | s |
| Q | largest position | base |
| phi, alpha | running and terminal penalty on the squared position | quote/(base^2 s), quote/base^2 |
| x' | what x was a step earlier | |"""

PROFIT = """\
```text
equity      E = cash + q M                            M the venue's mid; inverse contracts: -1/price for every price, in the coin
spread      sum over fills of  side qty (M- - price)  side +1 where we buy, M- the mid just before the fill
inventory   sum of  q dM                              what the position gained as the mid moved
total       E(T) - E(0) = spread + inventory + fees + funding + hedge,  fees with a minus where paid
markout     side (M(t + h) - price)                   of a fill at t, after h; in bp of the price where it says bp
adverse     edge - markout(h),  edge = side (M- - price)   what the mid moved against the fill
```

The parts add up to the total for every path of M, and what is realised and unrealised together is the same for every cost method."""

ROLES = (
    Role.MARKET,
    Role.VENUE,
    Role.SIGNALS,
    Role.SIZING,
    Role.PRICING,
    Role.LADDER,
    Role.RISK,
    Role.EXECUTION,
    Role.HEDGING,
)
"""Roles whose rules are models; the others have no formulas."""

MODULES = {
    "Intensity of fills and market orders": ("mmkit.calibration", "calibrate.md"),
    "Volatility over arrays": ("mmkit.sigma", "calibrate.md"),
    "Cost and realised profit": ("mmkit.accounting", "position.md"),
}
"""Formulas that belong to no rule: the module whose docstring has them, and the page about their use."""

_SOURCE = re.compile(r"Sources?: ")


def text() -> str:
    """Returns the page."""
    rules = of_distribution()
    parts = [
        "# Formulas",
        "What each model computes, with symbols, units and sources: what is here is what runs.",
        "## Symbols",
        SYMBOLS,
    ]
    for role in ROLES:
        sections = [section for each in rules if each.rule.role is role for section in _rule(each)]
        parts += [f"## {role.value.capitalize()}", *sections] if sections else []
    parts += ["## Profit and its parts", PROFIT]
    for title, (module, page) in MODULES.items():
        said = inspect.cleandoc(importlib.import_module(module).__doc__ or "")
        parts += [f"## {title}", markdown(said), f"[How it is used]({page})."]
    return "\n\n".join([*parts, MADE]) + "\n"


def _rule(about: Documented) -> Iterator[str]:
    """Yields the section of a rule; nothing where its docstring has no formula."""
    chunks = [chunk for text in (about.text, *about.shared) for chunk in text.split("\n\n")]
    if not any(chunk.startswith("    ") for chunk in chunks):
        return
    yield f"### {about.rule.name}"
    yield f"{prose(about.sentence)} [Page](rules/{about.path})."
    kept: list[str] = []
    for at, chunk in enumerate(chunks):
        formula = chunk.startswith("    ")
        follows = at > 0 and chunks[at - 1].startswith("    ")
        leads = at > 0 and not formula and at + 1 < len(chunks) and chunks[at + 1].startswith("    ")
        if formula or follows or leads:
            kept.append(chunk)
        elif source := _SOURCE.search(" ".join(chunk.split())):
            kept.append(" ".join(chunk.split())[source.start() :])
    yield markdown("\n\n".join(kept)).replace("](../../", "](")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mmkit.formula_page FILE")
    Path(sys.argv[1]).write_text(text(), "utf-8")
