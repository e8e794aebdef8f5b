"""Bars of the mid over equal stretches of market time, for the rules that look at them.

A bar holds the mids of [start, start + length) and opens with the mid that stood when it began: no move falls between two
bars. A bar ends with the first event or clock at or after its end, also a later one: a stretch in which nothing happened is
made of still bars. Where the mid is missing, the bar is dropped, and the next one begins with the mid that comes back.

A rule's state has running, bar_start, open, high, low, close and calls, per event,

    n = ended_bars(state, market, length)
    if n > 0: look at the bar; carry_on(state); look at n - 1 still bars; state.bar_start += n * length
    follow(state, market)
"""

from typing import Any


def ended_bars(state: Any, market: Any, length: int) -> int:
    """Returns how many bars have ended by now; the first of them is in the state."""
    if market.mid != market.mid:
        state.running = 0
        return 0
    if state.running == 0:
        state.running = 1
        state.bar_start = market.now
        state.open = market.mid
        state.high = market.mid
        state.low = market.mid
        state.close = market.mid
        return 0
    return int((market.now - state.bar_start) // length)


def carry_on(state: Any) -> None:
    """Makes the state a still bar at the mid that stands."""
    state.open = state.close
    state.high = state.close
    state.low = state.close


def follow(state: Any, market: Any) -> None:
    """Takes the mid into the running bar."""
    if state.running == 0:
        return
    mid = market.mid
    state.close = mid
    if mid > state.high:
        state.high = mid
    if mid < state.low:
        state.low = mid
