"""Made-up markets: what they hold, that they are the same every time, and that hypothesis' strategy of them shrinks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from mmkit.survey import survey
from mmkit.tape import ASK, BID, CLEAR_ASKS, CLEAR_BIDS, GAP, RESET
from mmkit.testing import markets
from mmkit.testing.market_rows import untimely

STEADY = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def sound(made: markets.Made) -> None:
    """Asserts that a market is one: nothing in it that a market rule may not hand over, and a tape can be made of it."""
    assert untimely(made.events) == ""
    assert (made.events["lots"] >= 0).all()
    assert survey(iter(made.chunks())).unsorted == []
    prices = made.events["tick"][made.events["kind"] <= CLEAR_ASKS] * made.tick_size
    assert ((prices >= 1e-9) & (prices <= 1.01e9)).all()


@settings(STEADY)
@given(markets.markets())
def test_what_is_drawn_is_a_market(made: markets.Made) -> None:
    sound(made)


@pytest.mark.parametrize("made", [*markets.corners()], ids=str)
def test_a_corner_is_a_market(made: markets.Made) -> None:
    sound(made)


def test_there_is_everything_that_a_market_can_do() -> None:
    made = [*markets.corners(), *markets.drawn(40)]
    kinds = {int(kind) for each in made for kind in each.events["kind"]}
    assert kinds == set(range(RESET + 1))
    assert {each.tick_size for each in made} == {grid[0] for grid in markets.GRIDS}
    assert any((each.events["lots"][each.events["kind"] <= ASK] == 0).any() for each in made)
    assert any((np.diff(each.events["exch_ts"]) == 0).all() for each in made)
    assert any((np.diff(each.events["exch_ts"]) >= markets.MINUTE).any() for each in made)
    sides = [set(each.events["kind"][np.isin(each.events["kind"], (BID, ASK))].tolist()) for each in made]
    assert set() in sides
    assert {BID} in sides or {ASK} in sides


def test_levels_that_cross_do_not_leave_a_crossed_book() -> None:
    made = markets.corner("levels that cross")
    assert survey(iter(made.chunks())).crossed != []
    assert all((chunk.local["bid"] < chunk.local["ask"]).all() for chunk in made.chunks())


def test_the_same_markets_are_drawn_in_every_process_and_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    text = (
        "import hashlib\nfrom mmkit.testing.markets import drawn\n"
        "print(hashlib.sha256(b''.join(each.events.tobytes() for each in drawn(8))).hexdigest())"
    )
    said = []
    for more in ("", "import json, decimal, mmkit.settings\nLIMITS = (3, 7, 12, 40)\n"):
        (tmp_path / "told.py").write_text(more + text)
        done = subprocess.run(
            [sys.executable, "told.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
        )
        said.append(done.stdout)
    assert said[0] == said[1] != ""
    assert [each.name for each in tmp_path.iterdir()] == ["told.py"]


def test_a_fault_shrinks_to_the_rows_that_it_needs() -> None:
    def fault(made: markets.Made) -> str:
        kinds = made.events["kind"].tolist()
        return (
            "a gap after bids were cleared" if CLEAR_BIDS in kinds and GAP in kinds[kinds.index(CLEAR_BIDS) :] else ""
        )

    whole = markets.corner("gaps")
    assert len(whole.events) > 100
    least, said = markets.smaller(whole, fault, fault(whole))
    assert (least.events["kind"].tolist(), said) == ([CLEAR_BIDS, GAP], fault(whole))


def test_hypothesis_shrinks_a_market_to_a_few_rows() -> None:
    chosen = settings(STEADY, phases=(Phase.generate, Phase.shrink), max_examples=200)
    found = find(markets.markets(), lambda made: bool((made.events["kind"] == GAP).any()), settings=chosen)
    assert found.events["kind"].tolist() == [GAP]


def test_a_market_is_told_in_one_line() -> None:
    told = str(markets.corner("nothing but trades"))
    assert told == "tick 0.01, lot 0.001: +0 buy 10001 x 3; +1000000000 sell 9999 x 2; +1000000000 sell 9999 x 0"


def test_the_row_of_a_time_is_the_last_one_known_then() -> None:
    made = markets.corner("nothing but trades")
    first = markets.START + markets.MS
    assert [made.at(first - 1), made.at(first), made.at(first + markets.SECOND)] == [-1, 0, 2]
    assert made.row(-1) == "before the first row"
