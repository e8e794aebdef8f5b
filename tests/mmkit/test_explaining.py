"""One quote step by step: each number of the formula, in the order applied, and the quote that a run would place."""

import math
from pathlib import Path
from typing import Any

import pytest

from mmkit.engine.records import MarketView
from mmkit.explaining import explain_quote
from mmkit.settings import read

STACK = """
[instruments.SIM]
tick_size = 0.1
lot_size = 0.001
[instruments.SIM.market]
use = "book"
[signals.sigma]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.5
[pricing]
{pricing}
"""

AVELLANEDA = 'use = "avellaneda"\ngamma = 0.2\nk = 1.5\nhorizon = "10s"\nmax_spread = 2.0'


@pytest.fixture
def explained(tmp_path: Path) -> Any:
    """Returns a function that explains a quote of a stack with this pricing, as (name, value, unit)."""

    def steps(pricing: str, market: MarketView, **numbers: float) -> list[tuple[str, float, str]]:
        (tmp_path / "stack.toml").write_text(STACK.format(pricing=pricing))
        given = {"sigma.value": numbers.get("sigma", 0.5), "sizing.order_size": 0.5}
        found = explain_quote(read(tmp_path / "stack.toml"), market, given)
        return [(step.name, step.value, step.unit) for step in found]

    return steps


def test_the_steps_are_the_formulas_parts_in_their_order(explained: Any) -> None:
    found = explained(AVELLANEDA, MarketView(mid=100.03, position=2.0, tick_size=0.1))
    risk = 0.2 * 0.25 * 10.0
    spread = risk * 0.5 + 2.0 / (0.2 * 0.5) * math.log1p(0.2 * 0.5 / 1.5)
    price = 100.03 - 2.0 * risk
    assert [(name, unit) for name, _, unit in found] == [
        ("mid", "quote"),
        ("position", "base"),
        ("volatility (sigma.value)", "price/sqrt(s)"),
        ("order_size (sizing.order_size)", "base"),
        ("inventory", "quote"),
        ("spread", "quote"),
        ("spread within bounds", "quote"),
        ("reservation price", "quote"),
        ("bid before rounding", "quote"),
        ("ask before rounding", "quote"),
        ("bid", "quote"),
        ("ask", "quote"),
    ]
    bid, ask = price - spread / 2, price + spread / 2
    values = [100.03, 2.0, 0.5, 0.5, -2.0 * risk, spread, spread, price, bid, ask]
    assert [value for _, value, _ in found[:-2]] == pytest.approx(values, rel=1e-12)
    assert found[-2][1] == pytest.approx(math.floor(bid * 10) / 10)
    assert found[-1][1] == pytest.approx(math.ceil(ask * 10) / 10)


def test_a_bound_that_binds_shows(explained: Any) -> None:
    found = {name: value for name, value, _ in explained(AVELLANEDA, MarketView(mid=100.0, tick_size=0.1), sigma=5.0)}
    assert found["spread"] > 2.0
    assert found["spread within bounds"] == 2.0
    assert (found["bid"], found["ask"]) == (pytest.approx(99.0), pytest.approx(101.0))


def test_a_rule_without_inputs_is_explained_too(explained: Any) -> None:
    found = explained(
        'use = "fixed"\nhalf_spread = 0.25\nskew = 0.5', MarketView(mid=100.0, position=-1.0, tick_size=0.1)
    )
    assert found == [
        ("mid", 100.0, "quote"),
        ("position", -1.0, "base"),
        ("inventory", 0.5, "quote"),
        ("reservation price", 100.5, "quote"),
        ("bid before rounding", 100.25, "quote"),
        ("ask before rounding", 100.75, "quote"),
        ("bid", pytest.approx(100.2), "quote"),
        ("ask", pytest.approx(100.8), "quote"),
    ]


def test_without_a_number_there_is_no_quote_to_show(explained: Any) -> None:
    found = [name for name, _, _ in explained(AVELLANEDA, MarketView(mid=100.0, tick_size=0.1), sigma=math.nan)]
    assert "reservation price" in found
    assert "bid" not in found
