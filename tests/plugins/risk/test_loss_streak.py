"""Losing round trips in a row stop the quoting for a while, or until a release."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import loss_streak

SECOND = 10**9


def trip(seen: Any, pnl: float) -> int:
    """A round trip; returns the level after it."""
    seen.fill(1, 1, 100.0)
    return int(seen.fill(-1, 1, 100.0 + pnl))


def test_it_stops_at_so_many_in_a_row_and_a_win_starts_the_count_anew(watched: Any) -> None:
    seen = watched(loss_streak, losses=3)
    for pnl in (-1.0, -1.0, 1.0, -1.0, -1.0):
        assert trip(seen, pnl) == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.NO_QUOTES


def test_a_round_trip_that_only_its_fees_make_a_loss_counts(watched: Any) -> None:
    seen = watched(loss_streak, losses=1, maker_fee=0.01)
    assert trip(seen, 1.0) == mmkit.NO_QUOTES


def test_after_the_pause_the_streak_counts_from_zero(watched: Any) -> None:
    seen = watched(loss_streak, losses=2, cool_down=60 * SECOND)
    trip(seen, -1.0)
    assert trip(seen, -1.0) == mmkit.NO_QUOTES
    assert seen.ask(at=59.9) == mmkit.NO_QUOTES
    assert seen.ask(at=60.0) == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.NO_QUOTES


def test_after_the_pause_and_a_win_no_loss_is_forgiven(watched: Any) -> None:
    seen = watched(loss_streak, losses=2, cool_down=0)
    for pnl in (-1.0, -1.0, 1.0, -1.0):
        assert trip(seen, pnl) == mmkit.NORMAL
    assert seen.state.forgiven == 0


def test_what_a_flip_leaves_is_closed(watched: Any) -> None:
    seen = watched(loss_streak, losses=1, patience=7)
    seen.fill(1, 1, 100.0)
    assert seen.fill(-1, 3, 99.0) == mmkit.FLATTEN
    assert seen.control.patience == 7
    assert seen.fill(1, 2, 99.0) == mmkit.NO_QUOTES


def test_a_loss_while_closing_is_of_the_streak_that_the_pause_ends(watched: Any) -> None:
    seen = watched(loss_streak, losses=2, cool_down=60 * SECOND)
    trip(seen, -1.0)
    seen.fill(1, 1, 100.0)
    assert seen.fill(-1, 3, 99.0) == mmkit.FLATTEN
    assert seen.fill(1, 2, 100.0) == mmkit.NO_QUOTES
    assert seen.account.losses == 3
    assert seen.ask(at=60.0) == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.NORMAL


def test_a_halt_lasts_until_a_release_and_then_the_streak_counts_from_zero(watched: Any) -> None:
    seen = watched(loss_streak, losses=2, halt=True, cool_down=1)
    trip(seen, -1.0)
    assert trip(seen, -1.0) == mmkit.HALT
    assert seen.ask(at=1e6) == mmkit.HALT
    seen.control.releases = 1
    assert seen.ask() == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.NORMAL
    assert trip(seen, -1.0) == mmkit.HALT


@given(won=st.lists(st.booleans(), max_size=30), losses=st.integers(1, 4))
def test_it_pauses_wherever_the_last_trips_since_the_last_pause_were_all_lost(
    watched: Any, won: list[bool], losses: int
) -> None:
    seen = watched(loss_streak, losses=losses, cool_down=SECOND)
    text = ""
    for i, win in enumerate(won):
        text += "W" if win else "L"
        paused = text.endswith("L" * losses)
        assert (trip(seen, 1.0 if win else -1.0) == mmkit.NO_QUOTES) == paused
        if paused:
            text += "|"
            assert seen.ask(at=2.0 * i + 2.0) == mmkit.NORMAL
