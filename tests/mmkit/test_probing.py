"""The probe: every order is followed from arrival to execution or withdrawal, at the distance that it has."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkit import exposure
from mmkit.driver import chunks, generators
from mmkit.probing import Probe, cells, executed
from mmkit.settings import read

SECOND = 10**9

STACK = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "60s"
[instruments.SIM.venue]
use = "queue"
[sizing]
use = "fixed"
quantity = 0.2
[pricing]
use = "fixed"
half_spread = 1
"""


def summed(probe: Probe, filled: dict[int, int]) -> dict[int, tuple[Any, float]]:
    """Returns exposure and fills by distance."""
    where, tau, n = cells(probe, filled, 20).of(slice(None))
    return {int(d): (pytest.approx(t), m) for d, t, m in zip(where, tau, n, strict=True)}


def test_an_order_counts_from_its_arrival_to_its_cancels_arrival_at_each_distance_it_had() -> None:
    probe = Probe([4], SECOND, [(1, 4, 100), (1, 6, SECOND), (1, 4, 2 * SECOND)], {1: 3 * SECOND + 500_000_000})
    assert summed(probe, {}) == {4: (1.0 - 1e-7 + 1.5, 0.0), 6: (1.0, 0.0)}


def test_an_execution_ends_it_where_it_stood() -> None:
    probe = Probe([4], SECOND, [(1, 4, 0), (1, 6, SECOND)], {})
    assert summed(probe, {1: SECOND + 250_000_000}) == {4: (1.0, 0.0), 6: (0.25, 1.0)}


def test_an_execution_that_we_had_not_heard_of_counts_once() -> None:
    probe = Probe([4], SECOND, [(1, 4, 0), (1, 6, SECOND)], {1: SECOND + 10})
    assert summed(probe, {1: 500_000_000}) == {4: (0.5, 1.0)}


def test_an_order_that_was_refused_was_never_exposed() -> None:
    probe = Probe([4], SECOND, [(1, 4, 0), (2, 4, 0)], {2: SECOND})
    assert summed(probe, {}) == {4: (1.0, 0.0)}


def test_the_venue_fills_more_than_trades_through_and_less_than_trades_at_the_price(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(STACK)
    stack = read(tmp_path / "stack.toml")
    tape = exposure.read(chunks(stack.leg, generators(stack)[0], lambda text: None))
    every = SECOND // 10
    distances = exposure.targets(tape, every, 4, None)
    probed = executed(stack, every, distances)
    touched, through = (exposure.imagined(tape, every, distances, through=beyond) for beyond in (False, True))
    assert probed.exposure.sum(axis=0).max() <= 2.0 * tape.span_s
    rates = [found.fills.sum() / found.exposure.sum() for found in (through, probed, touched)]
    assert rates == sorted(rates)
    assert probed.fills.sum() > 20


def test_every_fill_of_the_probe_finds_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkit import probing

    (tmp_path / "stack.toml").write_text(STACK)
    stack = read(tmp_path / "stack.toml")
    fills: list[int] = []

    def counted(probe: Probe, filled: dict[int, int], width: int) -> exposure.Cells:
        fills.append(len(filled))
        return cells(probe, filled, width)

    monkeypatch.setattr(probing, "cells", counted)
    found = executed(stack, SECOND // 10, np.array([2, 4, 6, 60]))
    assert found.fills.sum() == pytest.approx(fills[0], abs=2)
