"""The decision log has a share of the events of each class, chosen by counting: the n-th of a class is written where

    floor(n * rate + phase) > floor((n - 1) * rate + phase),    phase = fraction of (seed + 1) * 0.6180339887 + class * 0.31

so of any n events n * rate are written, one more or less; the choice is made before anything is formatted, from numbers that no
decision reads. The rates are those that the bot this grew out of documents; it drew them from the global random generator.
"""

import math

import attrs

import mmkit


@attrs.frozen
class Params:
    seed: int = mmkit.field(0, at_least=0, at_most=10**6, doc="which of the events are written; another seed, others")
    decisions: float = mmkit.field(0.05, unit="share", at_least=0, at_most=1, doc="of the decisions (debug)")
    signals: float = mmkit.field(0.25, unit="share", at_least=0, at_most=1, doc="of the signals that stand out (> 0.1)")
    large_fills: float = mmkit.field(1.0, unit="share", at_least=0, at_most=1, doc="of the fills of `large` and more")
    small_fills: float = mmkit.field(0.5, unit="share", at_least=0, at_most=1, doc="of the other fills")
    errors: float = mmkit.field(1.0, unit="share", at_least=0, at_most=1, doc="of the refused and lapsed orders")
    starts: float = mmkit.field(0.5, unit="share", at_least=0, at_most=1, doc="of the beginnings of a session")
    large: float = mmkit.field(0.01, unit="base", at_least=0, doc="quantity from which a fill is large")


@attrs.define
class State:
    written: int = 0
    left_out: int = 0
    counts: list[int] = mmkit.array(int, 6)


def exact(params: Params) -> bool:
    """Nothing but the log depends on it."""
    return True


def samples(params: Params, state: State, event: int, size: float) -> bool:
    """Returns whether an event is written; a new level of risk always is."""
    if event == mmkit.RISK:
        state.written += 1
        return True
    rate = params.decisions
    kind = 0
    if event == mmkit.SIGNAL:
        rate = params.signals
        kind = 1
    elif event == mmkit.EXECUTION:
        rate = params.large_fills if size >= params.large else params.small_fills
        kind = 2 if size >= params.large else 3
    elif event == mmkit.TROUBLE:
        rate = params.errors
        kind = 4
    elif event == mmkit.STARTED:
        rate = params.starts
        kind = 5
    start = (params.seed + 1) * 0.6180339887 + kind * 0.31
    phase = start - math.floor(start)
    before = state.counts[kind]
    state.counts[kind] = before + 1
    if math.floor((before + 1) * rate + phase) > math.floor(before * rate + phase):
        state.written += 1
        return True
    state.left_out += 1
    return False


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization(
        "log-sampling", params=Params, state=State, applies=("log",), exact=exact, samples=samples
    )
