"""From a stack's market to its keys: what is estimated, which sigma and which limits count, and which key takes which number."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from mmkit import calibrating
from mmkit.calibration import Estimate, Intensity, Suggestion
from mmkit.driver import chunks
from mmkit.errors import ConfigError, DataError
from mmkit.exposure import BLOCKS, Cells
from mmkit.fit_picture import nice, svg
from mmkit.settings import read
from mmkit.stack import Stack

STACK = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = "0.1bp"
[instruments.SIM.market]
use = "book"
duration = "60s"
[signals.sigma]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.2
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
[risk.limits]
use = "position-limit"
max_position = 4.0
"""

FIT = Intensity(
    A=1.5,
    k=100.0,
    A_error=0.1,
    k_error=5.0,
    correlation=0.9,
    log_likelihood=0.0,
    fills=500.0,
    deviance=5.0,
    dof=6,
    p_value=0.5,
)
GAMMA = Suggestion(0.25, 0.75, ("because",))


@pytest.fixture
def stack(tmp_path: Path) -> Callable[..., Stack]:
    """Returns a reader of STACK with text replaced."""

    def of(*replacements: tuple[str, str], plugin: str = "") -> Stack:
        text = STACK
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        if plugin:
            (tmp_path / "own.py").write_text(plugin)
            text = '[stack]\nplugins = ["own.py"]\n' + text
        (tmp_path / "stack.toml").write_text(text)
        return read(tmp_path / "stack.toml")

    return of


def test_everything_is_estimated_from_the_stacks_own_market(stack: Callable[..., Stack]) -> None:
    found = calibrating.calibrate(stack())
    assert 60.0 < found.fit.k < 250.0
    assert 0.5 < found.fit.A < 10.0
    # The book's efficient price moves by 0.03; the mid follows it in ticks of 0.01.
    assert found.sigma.value == pytest.approx(0.03, rel=0.5)
    assert sum(cell.fills for cell in found.cells) == found.fit.fills
    assert sum(cell.expected for cell in found.cells) == pytest.approx(found.fit.fills)
    assert found.keys == {
        "pricing.gamma": pytest.approx(found.gamma.gamma, rel=1e-5),
        "pricing.k": pytest.approx(found.fit.k, rel=1e-5),
    }
    assert found.fault is None


def test_the_same_seed_gives_the_same_numbers(stack: Callable[..., Stack]) -> None:
    first, second = calibrating.calibrate(stack(), fill="queue"), calibrating.calibrate(stack(), fill="queue")
    assert first.fit == second.fit
    other = calibrating.calibrate(attrs.evolve(stack(), seed=2), fill="queue")
    assert other.fit != first.fit


def test_farther_quotes_are_fitted_on_demand(stack: Callable[..., Stack]) -> None:
    near = calibrating.calibrate(stack(), farthest=0.03)
    assert max(cell.distance for cell in near.cells) <= 0.035
    assert min(cell.distance for cell in near.cells) >= 0.005


def test_a_world_without_a_book_has_nothing_to_calibrate_from(stack: Callable[..., Stack]) -> None:
    world = 'use = "diffusion"\nsigma = 2.0\n[instruments.SIM.venue]\nuse = "intensity"\nA = 140\nk = 1.5'
    with pytest.raises(ConfigError, match=r'"diffusion" has no trades to calibrate from') as caught:
        calibrating.calibrate(stack(('use = "book"\nduration = "60s"', world)))
    assert caught.value.exit_code == 2


def test_each_number_goes_to_the_key_of_its_name_and_unit(stack: Callable[..., Stack]) -> None:
    values = {"A": 1.5, "k": 100.0, "sigma": 0.0123456789}
    assert calibrating.keys(stack(), values, GAMMA) == {"pricing.gamma": 0.25, "pricing.k": 100.0}
    without = ('[signals.sigma]\nuse = "volatility"', ""), ("k = 40.0", "k = 40.0\nsigma = 1.0")
    assert calibrating.keys(stack(*without), values, GAMMA) == {
        "pricing.gamma": 0.25,
        "pricing.k": 100.0,
        "pricing.sigma": 0.0123457,
    }
    fixed = ('use = "avellaneda"\ngamma = 1.0\nk = 40.0', 'use = "fixed"\nhalf_spread = 1')
    assert calibrating.keys(stack(fixed), values, GAMMA) == {}


ASYMPTOTIC = """
import attrs

import mmkit


@attrs.frozen
class Params:
    gamma: float = mmkit.field(unit="1/quote", above=0, doc="risk aversion")
    A: float = mmkit.field(unit="1/s", above=0, doc="fills at the mid")
    k: float = mmkit.field(unit="-", above=0, doc="another thing of this name")


def quote(params, state, market):
    return market.mid, 1.0, 1.0


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("asymptotic", params=Params, quote=quote)
"""


def test_an_asymptotic_rule_gets_its_own_gamma_and_a_key_of_another_unit_none(stack: Callable[..., Stack]) -> None:
    own = stack(('use = "avellaneda"', 'use = "asymptotic"\nA = 1.0'), plugin=ASYMPTOTIC)
    assert calibrating.keys(own, {"A": 1.5, "k": 100.0, "sigma": 0.01}, GAMMA) == {
        "pricing.gamma": 0.75,
        "pricing.A": 1.5,
    }


def test_a_stack_that_lacks_what_is_looked_for_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(STACK.replace("gamma = 1.0\nk = 40.0\n", ""))
    assert calibrating.uncalibrated(tmp_path / "stack.toml").pricing.rule.name == "avellaneda"
    (tmp_path / "stack.toml").write_text(STACK.replace("gamma = 1.0\nk = 40.0\n", "gama = 1\n"))
    with pytest.raises(ConfigError) as caught:
        calibrating.uncalibrated(tmp_path / "stack.toml")
    assert 'pricing.gama: unknown key (did you mean "gamma"?)' in str(caught.value)
    unwired = STACK.replace("gamma = 1.0\nk = 40.0\n", "").replace('[signals.sigma]\nuse = "volatility"', "")
    (tmp_path / "stack.toml").write_text(unwired)
    assert "pricing.sigma" in calibrating.keys(
        calibrating.uncalibrated(tmp_path / "stack.toml"), {"A": 1.0, "k": 1.0, "sigma": 1.0}, GAMMA
    )


def test_the_order_size_and_the_smallest_limit_count(stack: Callable[..., Stack]) -> None:
    assert calibrating.order_size(stack()) == 0.2
    assert calibrating.max_position(stack(), 0.2) == 4.0
    assert calibrating.max_position(stack(("quantity = 0.2", "quantity = 0.2\nmax_position = 3.0")), 0.2) == 3.0
    assert calibrating.max_position(stack(("max_position = 4.0", "")), 0.2) == 2.0


def estimate(name: str, value: float, error: float) -> Estimate:
    return Estimate(name, value, error)


def test_the_sigma_that_counts_is_the_longest_sampling_known_well() -> None:
    one, ten = estimate("realised, every 1 s", 1.0, 0.01), estimate("realised, every 10 s", 0.8, 0.05)
    sixty, other = estimate("realised, every 60 s", 0.7, 0.2), estimate("parkinson, bars of 60 s", 0.5, 0.001)
    assert calibrating.chosen([one, ten, sixty, other]) == ten
    assert calibrating.chosen([sixty, other]) == sixty
    with pytest.raises(DataError, match="the mid never moved"):
        calibrating.chosen([estimate("realised, every 1 s", 0.0, 0.0)])


def test_the_errors_are_those_of_leaving_stretches_out() -> None:
    rng = np.random.default_rng(1)
    distance = np.arange(1, 9)
    exposure, fills = np.zeros((BLOCKS, 9)), np.zeros((BLOCKS, 9))
    exposure[:, 1:] = 100.0
    fills[:, 1:] = rng.poisson(2.0 * np.exp(-0.5 * distance) * 100.0, (BLOCKS, 8))
    fit, a_error, k_error, cells = calibrating.fitted(Cells(exposure, fills), 1.0)
    # Independent fills: both ways of judging the error agree.
    assert a_error == pytest.approx(fit.A_error, rel=0.5)
    assert k_error == pytest.approx(fit.k_error, rel=0.5)
    assert abs(fit.k - 0.5) < 4 * k_error
    assert abs(fit.A - 2.0) < 4 * a_error
    assert [cell.exposure_s for cell in cells] == [2000.0] * 8
    # The same fills four times over are no new knowledge: only the likelihood's own error believes them.
    again, _, k_again, _ = calibrating.fitted(Cells(exposure * 4, fills * 4), 1.0)
    assert k_again == pytest.approx(k_error)
    assert again.k_error == pytest.approx(fit.k_error / 2.0)


def test_k_that_is_not_positive_suggests_to_look_farther_out(stack: Callable[..., Stack]) -> None:
    with pytest.raises(
        DataError, match=r"fills do not become rarer with distance here; look farther out \(--farthest\)"
    ):
        calibrating.suggestion(stack(), 1.0, attrs.evolve(FIT, k=-1.0), 100.0)


@pytest.mark.parametrize(
    ("fit", "sigma", "said"),
    [
        (FIT, 0.02, "between requotes the mid moves by 0.63 / k"),
        (attrs.evolve(FIT, p_value=0.001), 0.001, r"do not fall off as exp(-k d)"),
        (attrs.evolve(FIT, fills=50.0), 0.001, "only 50 fills"),
    ],
)
def test_what_spoils_the_estimate_is_said(fit: Intensity, sigma: float, said: str) -> None:
    (note,) = calibrating.warnings(fit, sigma, 10**8)
    assert said in note


def test_a_sound_estimate_needs_no_note() -> None:
    assert calibrating.warnings(FIT, 0.001, 10**8) == []


def test_the_picture_shows_every_cell_with_fills_and_the_fit(stack: Callable[..., Stack]) -> None:
    found = calibrating.calibrate(stack())
    drawn = ElementTree.fromstring(svg(found))
    circles = [each for each in drawn.iter() if each.tag.endswith("circle")]
    assert len(circles) == len([cell for cell in found.cells if cell.fills > 0])
    assert all(80 <= float(each.attrib["cx"]) <= 700 and 56 <= float(each.attrib["cy"]) <= 384 for each in circles)
    text = " ".join(each.text or "" for each in drawn.iter())
    assert "fill: touch" in text
    assert "distance from the mid (quote)" in text


@pytest.mark.parametrize("far", [1e-9, 0.013, 0.7, 1.0, 6.99, 31.0, 1e7])
def test_the_scale_has_a_handful_of_round_numbers(far: float) -> None:
    found = nice(far)
    assert 3 <= len(found) <= 8
    assert found[0] == 0.0
    assert found[-1] <= far * (1 + 1e-9)
    step = found[1] - found[0]
    assert round(step / 10 ** math.floor(math.log10(step) + 1e-9), 6) in (1, 2, 5)


def test_data_that_ends_early_counts_up_to_there(stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> Any:
        yield from whole(*given)
        raise DataError("x.gz:9: broken")

    whole = chunks
    monkeypatch.setattr(calibrating, "chunks", broken)
    found = calibrating.calibrate(stack())
    assert str(found.fault) == "x.gz:9: broken"
    assert found.fit.fills > 0
