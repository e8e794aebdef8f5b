"""The diffusing mid has the moments of its closed form, path by path and across paths."""

from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit.fields import spelled
from mmkit.stack import Instrument
from mmkit_plugins.market import diffusion

INSTRUMENT = Instrument("TOY", tick_size=0.01, lot_size=1.0)
MOVES = list(diffusion.Moves)


def world(seed: int = 1, **changes: Any) -> Any:
    params = diffusion.Params(**{"sigma": 2.0, **changes})
    return np.array(list(diffusion.paths(params, INSTRUMENT, np.random.default_rng(seed))))


@pytest.mark.parametrize("moves", MOVES, ids=spelled)
def test_each_path_has_a_mid_at_every_step_from_zero_to_the_end(moves: diffusion.Moves) -> None:
    found = world(moves=moves, paths=7, start_price=50.0, duration=30_000_000, step=10_000_000)
    assert found.shape == (7, 4)
    assert found.dtype == np.float64
    assert np.all(found[:, 0] == 50.0)


def test_a_binomial_move_is_up_or_down_by_sigma_root_dt_with_even_odds() -> None:
    moves = np.diff(world(paths=500), axis=1)
    size = 2.0 * np.sqrt(0.005)
    assert np.allclose(np.abs(moves), size, rtol=1e-10)
    assert abs(np.sign(moves).sum()) < 4.5 * np.sqrt(moves.size)


def test_a_gaussian_move_has_the_moments_of_a_normal_one() -> None:
    moves = np.diff(world(moves=diffusion.Moves.GAUSSIAN, paths=500), axis=1) / (2.0 * np.sqrt(0.005))
    n = moves.size
    assert abs(moves.mean()) < 4.5 / np.sqrt(n)
    assert abs(moves.var() - 1.0) < 4.5 * np.sqrt(2.0 / n)
    assert abs((moves**4).mean() - 3.0) < 4.5 * np.sqrt(96.0 / n)


@pytest.mark.parametrize("moves", MOVES, ids=spelled)
def test_the_end_of_a_path_has_mean_start_and_variance_sigma_squared_t(moves: diffusion.Moves) -> None:
    ends = world(moves=moves, paths=20_000, sigma=3.0, duration=40_000_000, step=1_000_000)[:, -1]
    variance = 9.0 * 0.04
    assert abs(ends.mean() - 100.0) < 4.5 * np.sqrt(variance / len(ends))
    assert abs(ends.var() - variance) < 4.5 * variance * np.sqrt(2.0 / len(ends))


@pytest.mark.parametrize("moves", MOVES, ids=spelled)
def test_moves_are_independent_across_paths_and_steps(moves: diffusion.Moves) -> None:
    steps = np.diff(world(moves=moves, paths=500), axis=1) / (2.0 * np.sqrt(0.005))
    for first, second in ((steps[1:], steps[:-1]), (steps[:, 1:], steps[:, :-1])):
        products = first * second
        assert abs(products.mean()) < 4.5 / np.sqrt(products.size)


def test_binomial_paths_that_meet_meet_exactly() -> None:
    found = world(paths=200)
    assert len(np.unique(found)) < 120


@pytest.mark.parametrize("moves", MOVES, ids=spelled)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(moves: diffusion.Moves) -> None:
    assert world(moves=moves, paths=3).tobytes() == world(moves=moves, paths=3).tobytes()
    assert world(moves=moves, paths=3).tobytes() != world(2, moves=moves, paths=3).tobytes()


OTHER = {
    "sigma": 1.0,
    "start_price": 99.0,
    "step": 10_000_000,
    "duration": 500_000_000,
    "moves": diffusion.Moves.GAUSSIAN,
    "paths": 4,
}


@pytest.mark.parametrize("name", list(OTHER))
def test_each_parameter_changes_the_paths(name: str) -> None:
    assert world(**{"paths": 3, name: OTHER[name]}).tobytes() != world(paths=3).tobytes()


def test_paths_come_one_by_one() -> None:
    endless = diffusion.Params(sigma=1.0, paths=10**12)
    assert len(next(diffusion.paths(endless, INSTRUMENT, np.random.default_rng(1)))) == 201


def test_the_step_is_told_in_nanoseconds() -> None:
    assert diffusion.step(diffusion.Params(sigma=1.0)) == 5_000_000


def test_a_duration_that_is_no_multiple_of_the_step_names_both_keys() -> None:
    params = diffusion.Params(sigma=1.0, duration=12_000_000, step=5_000_000)
    for call in (lambda: diffusion.step(params), lambda: next(diffusion.paths(params, INSTRUMENT, None))):
        with pytest.raises(mmkit.ConfigError, match=r"market\.duration = .* market\.step = "):
            call()
