"""The depth-based VAMP in its forms, against the oracle and against orders walked through the book one unit at a time."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.signals import vamp_mid
from mmkit_plugins.signals.vamp_mid import Form

sides = st.dictionaries(st.integers(0, 60), st.integers(1, 40), max_size=6)


def published(seen: tuple[Any, Any], **given: Any) -> vamp_mid.State:
    params, state = vamp_mid.Params(**given), vamp_mid.State()
    vamp_mid.setup(params, state, None)
    vamp_mid.on_book(params, state, *seen)
    return state


@pytest.mark.parametrize("case", ["book_balanced", "book_five_levels"])
def test_every_form_is_the_oracles(book_oracle: dict[str, Any], book_of: Callable[..., Any], case: str) -> None:
    found, expected = book_oracle[case]["inputs"], book_oracle[case]["outputs"]
    bids, asks = ({round(2 * p): int(q) for p, q in found[side]} for side in ("bids", "asks"))
    seen = book_of(bids, asks, tick=0.5)

    def close(name: str) -> Any:
        return pytest.approx(expected[name], rel=1e-10, abs=1e-12)

    assert published(seen, levels=1).value == close("vamp_bbo")
    assert published(seen, form=Form.EFFECTIVE, levels=1).value == close("vamp_bbo")
    assert published(seen).value == close("vamp_N_cross_multiplied")
    assert published(seen, form=Form.WEIGHTED_DEPTH).value == close("weighted_depth_order_book_price")
    effective = published(seen, form=Form.EFFECTIVE)
    assert effective.value == close("vamp_effective")
    assert (effective.bid, effective.ask) == (close("effective_bid"), close("effective_ask"))
    impact = published(seen, form=Form.IMPACT, notional=found["notional"])
    assert impact.value == close("vamp_impact_mid")
    assert (impact.bid, impact.ask) == (close("impact_bid"), close("impact_ask"))


@given(sides, sides, st.integers(1, 120))
def test_side_prices_are_those_of_an_order_that_walks_the_book(
    book_of: Callable[..., Any], below: dict[int, int], above: dict[int, int], quantity: int
) -> None:
    bids, asks = {1000 - d: q for d, q in below.items()}, {1001 + d: q for d, q in above.items()}
    state = published(
        book_of(bids, asks, tick=0.5, lot=0.1), form=Form.IMPACT, levels=10, quantity=quantity * 0.1 - 0.03
    )
    for found, levels, sign in ((state.bid, bids, -1), (state.ask, asks, 1)):
        units = [tick * 0.5 for tick in sorted(levels, key=lambda t: sign * t) for _ in range(levels[tick])]
        if len(units) < quantity:
            assert math.isnan(found)
            assert math.isnan(state.value)
        else:
            whole = sum(units[:quantity]) * 0.1 - units[quantity - 1] * 0.03
            assert found == pytest.approx(whole / (quantity * 0.1 - 0.03), rel=1e-12)


@given(sides, sides, st.sampled_from(Form), st.integers(1, 8), st.integers(0, 70))
def test_it_is_a_price_of_the_book_or_no_number(
    book_of: Callable[..., Any],
    below: dict[int, int],
    above: dict[int, int],
    form: Form,
    levels: int,
    ticks: int,
) -> None:
    bids, asks = {1000 - d: q for d, q in below.items()}, {1001 + d: q for d, q in above.items()}
    state = published(book_of(bids, asks, tick=0.01, lot=0.001), form=form, levels=levels, ticks=ticks)
    if not bids or not asks:
        assert math.isnan(state.value)
        return
    assert min(bids) * 0.01 - 1e-9 <= state.value <= max(asks) * 0.01 + 1e-9
    assert state.bid <= max(bids) * 0.01 + 1e-9
    assert state.ask >= min(asks) * 0.01 - 1e-9


def test_it_moves_with_the_prices_and_not_with_the_unit_of_quantity(book_of: Callable[..., Any]) -> None:
    bids, asks = {100: 5, 98: 7}, {101: 2, 105: 9}
    for form in Form:
        here = published(book_of(bids, asks), form=form).value
        moved = published(
            book_of({t + 500: q for t, q in bids.items()}, {t + 500: q for t, q in asks.items()}), form=form
        )
        assert moved.value == pytest.approx(here + 500.0, rel=1e-14)
        assert published(book_of(bids, asks, lot=0.001), form=form).value == pytest.approx(here, rel=1e-14)


def test_forms_differ_and_levels_ticks_and_size_matter(book_of: Callable[..., Any]) -> None:
    seen = book_of({100: 5, 98: 7, 90: 50}, {101: 2, 105: 9, 130: 1})
    assert len({round(published(seen, form=form).value, 6) for form in Form}) == 4
    assert published(seen, levels=2).value != published(seen, levels=3).value
    assert published(seen, ticks=4).value == published(seen, levels=2).value
    sized = [published(seen, form=Form.EFFECTIVE, quantity=q).value for q in (0.0, 1.0, 8.0)]
    sized += [published(seen, form=Form.EFFECTIVE, notional=n).value for n in (150.0, 900.0)]
    assert len({round(value, 6) for value in sized}) == 5


def test_m_13_slippage_of_a_size_the_book_does_not_hold_is_no_number(book_of: Callable[..., Any]) -> None:
    seen = book_of({100: 5, 98: 7}, {101: 2, 105: 9})
    state = published(seen, form=Form.IMPACT, quantity=12.0)
    assert state.bid == pytest.approx((5 * 100 + 7 * 98) / 12)
    assert math.isnan(state.ask)
    assert math.isnan(state.value)
    assert math.isnan(published(seen, form=Form.IMPACT, quantity=10.0, ticks=3).ask)
    assert published(seen, form=Form.IMPACT, quantity=10.0).ask == pytest.approx((2 * 101 + 8 * 105) / 10)


def test_a_pair_needs_a_level_on_both_sides(book_of: Callable[..., Any]) -> None:
    lone = published(book_of({100: 5, 98: 7}, {101: 2}))
    assert lone.value == published(book_of({100: 5}, {101: 2})).value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"form": Form.EFFECTIVE, "quantity": 1.0, "notional": 1.0}, "quantity and notional"),
        ({"quantity": 1.0}, r"vamp-mid.quantity: form = \"cross\""),
        ({"notional": 1.0}, r"vamp-mid.notional: form = \"cross\""),
    ],
)
def test_a_size_that_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=said):
        vamp_mid.setup(vamp_mid.Params(**given), vamp_mid.State(), None)


def test_d_63_a_missing_side_is_no_number_instead_of_a_guess(book_of: Callable[..., Any]) -> None:
    params, state = vamp_mid.Params(), vamp_mid.State()
    vamp_mid.on_book(params, state, *book_of({100: 1}, {101: 2}))
    vamp_mid.on_clock(params, state, *book_of({100: 1}, {101: 2}))
    assert math.isfinite(state.value)
    vamp_mid.on_clock(params, state, *book_of({100: 1}, {}))
    assert all(math.isnan(value) for value in (state.value, state.shift, state.bid, state.ask))
