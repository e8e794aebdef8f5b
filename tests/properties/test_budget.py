"""The execution `queue-value` gives up no more places in the queue within any minute than its budget."""

from bisect import bisect_left

import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import MS, Case, examples, quoting
from tap import Sent

from mmkit.engine.records import PLACING

MINUTE = 60 * 10**9


@examples(200)
@given(
    quoting("queue-value", market={"step": 2500 * MS, "rows": 120}),
    st.integers(1, 25),
    st.sampled_from([0.0, 0.25, 1.0]),
    st.integers(300, 2000),
)
def test_no_minute_has_more_cancels_and_amendments_than_the_budget(
    case: Case, budget: int, reserve: float, every: int
) -> None:
    own = {"cancels_per_minute": budget, "reserve": reserve, "every": every * MS}
    stack = case.stack(execution={**case.changes["execution"], **own})
    _, _, tapped = tap.run(stack)
    times = [each.time for each in tapped if isinstance(each, Sent) and each.request != PLACING]
    for number, time in enumerate(times):
        assert number + 1 - bisect_left(times, time - MINUTE) <= budget
