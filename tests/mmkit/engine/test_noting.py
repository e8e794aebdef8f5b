"""How long decisions take: buckets that are close, and percentiles that numpy confirms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.logs import LATENCY_BUCKETS
from mmkit.engine.noting import bucket, middle


@given(st.integers(0, 2**40 - 1))
def test_a_bucket_stands_for_its_times_within_a_32nd(value: int) -> None:
    number = bucket(value)
    assert 0 <= number < LATENCY_BUCKETS
    assert abs(middle(number) - value) <= max(value / 32, 0.5)


@given(st.integers(0, 2**39), st.integers(0, 2**39))
def test_a_longer_time_is_never_in_an_earlier_bucket(one: int, other: int) -> None:
    low, high = sorted([one, other])
    assert bucket(low) <= bucket(high)


@given(st.lists(st.integers(1, 10**7), min_size=20, max_size=300))
def test_percentiles_are_those_of_the_times(values: list[int]) -> None:
    counts = np.bincount([bucket(value) for value in values], minlength=LATENCY_BUCKETS)
    for share in (0.5, 0.99):
        found = middle(int((counts.cumsum() >= share * len(values)).argmax()))
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert abs(found - exact) <= max(exact / 32, 0.5)
