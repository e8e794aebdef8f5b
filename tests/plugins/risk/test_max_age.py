"""A position that gets too old is eased out of, then closed."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

import mmkit
from mmkit_plugins.risk import max_age

SECOND = 10**9


def test_it_eases_then_closes_then_goes_on(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(max_age, max_age=30 * SECOND, ease_after=20 * SECOND, patience=7)
        assert seen.ask(at=90.0) == mmkit.NORMAL
        seen.fill(side, 2, 100.0, at=100.0)
        assert seen.ask(at=119.9) == mmkit.NORMAL
        assert seen.ask(at=120.0) == mmkit.REDUCE_ONLY
        assert seen.ask(at=129.9) == mmkit.REDUCE_ONLY
        assert seen.ask(at=130.0) == mmkit.FLATTEN
        assert seen.control.patience == 7
        assert seen.fill(-side, 1, 100.0, at=131.0) == mmkit.FLATTEN
        assert seen.fill(-side, 1, 100.0, at=132.0) == mmkit.NORMAL


def test_without_easing_it_closes_only(watched: Any) -> None:
    seen = watched(max_age, max_age=30 * SECOND)
    seen.fill(1, 1, 100.0, at=100.0)
    assert seen.ask(at=129.9) == mmkit.NORMAL
    assert seen.ask(at=130.0) == mmkit.FLATTEN


def test_a_position_opened_at_time_zero_ages_too(watched: Any) -> None:
    seen = watched(max_age, max_age=30 * SECOND)
    seen.fill(1, 1, 100.0, at=0.0)
    assert seen.ask(at=30.0) == mmkit.FLATTEN


def test_adding_and_closing_a_part_leave_the_age_and_a_flip_ends_it(watched: Any) -> None:
    seen = watched(max_age, max_age=30 * SECOND)
    seen.fill(1, 2, 100.0, at=100.0)
    seen.fill(1, 2, 100.0, at=110.0)
    seen.fill(-1, 3, 100.0, at=120.0)
    assert seen.ask(at=130.0) == mmkit.FLATTEN
    seen = watched(max_age, max_age=30 * SECOND)
    seen.fill(1, 2, 100.0, at=100.0)
    seen.fill(-1, 3, 100.0, at=110.0)
    assert seen.ask(at=139.9) == mmkit.NORMAL
    assert seen.ask(at=140.0) == mmkit.FLATTEN


def test_a_pause_follows_where_one_is_wanted(watched: Any) -> None:
    seen = watched(max_age, max_age=30 * SECOND, cool_down=5 * SECOND)
    seen.fill(1, 1, 100.0, at=100.0)
    seen.ask(at=130.0)
    assert seen.fill(-1, 1, 100.0, at=131.0) == mmkit.NO_QUOTES
    assert seen.ask(at=135.9) == mmkit.NO_QUOTES
    assert seen.ask(at=136.0) == mmkit.NORMAL


def test_it_needs_no_price(watched: Any) -> None:
    seen = watched(max_age, max_age=30 * SECOND)
    seen.fill(1, 1, 100.0, at=100.0)
    assert seen.mark(math.nan, at=130.0) == mmkit.FLATTEN


def test_easing_begins_before_closing() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"max-age\.ease_after"):
        max_age.setup(max_age.Params(max_age=5, ease_after=5), max_age.State(), SimpleNamespace())
