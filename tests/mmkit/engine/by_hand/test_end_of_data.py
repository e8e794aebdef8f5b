"""Behind the market's last event decisions follow until what was under way then is answered; what they send comes to its end."""

from typing import Any

import mmkit

POST = mmkit.POST_ONLY


def test_what_is_sent_behind_the_last_event_is_answered_and_no_decision_follows(market: Any, play: Any) -> None:
    market.until(1900)  # known at 2000; the order of 1995 is answered at 2025
    script = {1995: [("buy", 99, 5, POST)], 2015: [("buy", 98, 5, POST)], 2030: [], 2031: [], 2044: []}
    result = play(market, script)
    assert [seen[0] for seen in result.seen] == [1995, 2015, 2030]
    assert result.orders["submitted"] == 2
    assert result.run.summary["data"]["last"] == 2045


def test_a_run_ends_though_a_rule_always_has_something_under_way(market: Any, play: Any) -> None:
    # An order every 20 ns, and each takes 30 ns to be answered: there is never a moment without one under way.
    market.until(1900)
    result = play(market, {time: [("buy", 99, 1, POST)] for time in range(1900, 100_000, 20)})
    assert max(seen[0] for seen in result.seen) == 2020
    assert result.run.summary["data"]["last"] == 2050
