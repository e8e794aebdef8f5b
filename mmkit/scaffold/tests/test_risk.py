"""Old positions: the kit's checks, and ladders that can be worked out by hand."""

from types import SimpleNamespace

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import risk

SECOND = 10**9


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = risk.mmkit_risk()


def left(positions: dict[float, int], kept: float = 0.0) -> tuple[int, int]:
    """Returns the lots of bid and ask, 9 each before, at the last of some times (s) with their positions (lots)."""
    params = risk.Params(max_age=mmkit.duration("10s"), kept=kept)
    state = risk.State()
    ladder = SimpleNamespace(levels=1, bid_lots=[9], ask_lots=[9])
    for time, position in positions.items():
        ladder.bid_lots, ladder.ask_lots = [9], [9]
        risk.limit(params, state, SimpleNamespace(now=round(time * SECOND), position_lots=position), ladder, None)
    return ladder.bid_lots[0], ladder.ask_lots[0]


@pytest.mark.parametrize(
    ("positions", "lots"),
    [
        ({0: 0, 20: 0}, (9, 9)),
        ({0: 1, 9.9: 1}, (9, 9)),
        ({0: 1, 10: 1}, (0, 9)),
        ({0: -1, 10: -1}, (9, 0)),
        ({0: 1, 5: 3, 10: 2}, (0, 9)),
        ({0: 1, 5: -1, 10: -1}, (9, 9)),
        ({0: 1, 5: 0, 6: 1, 10: 1}, (9, 9)),
    ],
)
def test_quotes_that_add_to_an_old_position_go(positions: dict[float, int], lots: tuple[int, int]) -> None:
    assert left(positions) == lots


def test_a_share_of_them_may_stay_in_whole_lots() -> None:
    assert left({0: 1, 10: 1}, kept=0.5) == (4, 9)
