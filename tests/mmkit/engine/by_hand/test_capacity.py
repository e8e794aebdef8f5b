"""There is room for a set number of orders, and one more ends the run with a line instead of a wrong result."""

from typing import Any

import pytest

import mmkit
from mmkit.engine.session import ORDERS


def many(count: int) -> Any:
    return {1000: [("buy", 1 + i % 90, 1, mmkit.POST_ONLY) for i in range(count)], 2000: []}


def test_as_many_orders_as_there_is_room_for_may_be_alive(market: Any, play: Any) -> None:
    result = play(market.until(5000), many(ORDERS))
    assert len(result.at(2000)[3]) == ORDERS == result.orders["submitted"]


def test_one_more_is_the_venues_limit(market: Any, play: Any) -> None:
    with pytest.raises(mmkit.VenueError) as caught:
        play(market.until(5000), many(ORDERS + 1))
    assert caught.value.exit_code == 5
    said = f"too many orders alive at once (room for {ORDERS}) at 1000 ns, decision 1"
    assert str(caught.value) == f"instruments.X.venue: {said}"


def test_places_of_orders_that_ended_are_used_again(market: Any, play: Any) -> None:
    script = {at: [("sell", 99, 1, mmkit.POST_ONLY)] * 1000 for at in range(1000, 9000, 1000)}
    result = play(market.until(10_000), script)
    assert result.orders["submitted"] == result.orders["rejected"] == 8000
