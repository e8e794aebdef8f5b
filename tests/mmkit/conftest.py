"""A stack of toy rules in one plugin file: these tests know every key and unit and need no built-in strategy."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mmkit.errors import ConfigError, PluginError
from mmkit.settings import read

TOYS = """
import enum
import math
from pathlib import Path

import attrs

import mmkit
from mmkit import field, required


class Mood(enum.IntEnum):
    CALM = 0
    VERY_WILD = 1


class When(enum.IntFlag):
    TIMER = 1
    BOOK = 2


@attrs.frozen
class MarketParams:
    path: tuple[Path, ...] = field(doc="files")
    note: str = field("", doc="a word")


@attrs.frozen
class Nothing:
    pass


@attrs.frozen
class VenueParams:
    latency: mmkit.Duration = field("10ms", at_least=0, doc="one way")


@attrs.frozen
class PricingParams:
    gamma: float = field(unit="1/quote", above=0, doc="risk aversion")
    sigma: float = field(0.0, unit="price/sqrt(s)", at_least=0, doc="instead of an input")
    most: float = field(math.inf, unit="quote", above=0, doc="widest")
    levels: int = field(3, at_least=1, at_most=5, doc="how many")
    fee: mmkit.Rate = field(0.0, below=1, doc="a fee")
    eager: bool = field(False, doc="a switch")
    mood: Mood = field(Mood.CALM, doc="a choice")
    on: When = field(When.TIMER, doc="some of them")
    weights: tuple[float, ...] = field((1.0,), capacity=3, at_least=0, doc="several")
    every: mmkit.Duration = field("100ms", above=0, doc="a time")


@attrs.define
class PricingInputs:
    volatility: float = required(unit="price/sqrt(s)", doc="of the mid", unless="sigma")
    order_size: float = required(unit="base", doc="quantity")
    lean: float = field(0.0, unit="price", doc="absent is zero")


@attrs.define
class Value:
    value: float = math.nan


@attrs.define
class Size:
    order_size: float = 0.0


@attrs.frozen
class SizingParams:
    quantity: float = field(unit="base", above=0, doc="quantity of each order")


@attrs.define
class TrendInputs:
    volatility: float = field(0.0, unit="price/sqrt(s)")


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("toy", params=MarketParams, events=lambda params, instrument, rng: iter(()))


@mmkit.hookimpl(specname="mmkit_market")
def world():
    return mmkit.Market("world", paths=lambda params, instrument, rng: iter(()), step=lambda params: 1)


@mmkit.hookimpl
def mmkit_venue():
    def change(params, state, order, previous, new):
        pass

    def two(params, state, order, lots):
        pass

    return mmkit.Venue("toy", params=VenueParams, rest=two, trade=two, depth_change=change)


@mmkit.hookimpl(specname="mmkit_venue")
def chance():
    return mmkit.Venue("chance", fill_probability=lambda params, distance, dt: 0.5)


@mmkit.hookimpl
def mmkit_signals():
    def on_book(params, state, market):
        pass

    return mmkit.Signal("wobble", state=Value, outputs={"value": "price/sqrt(s)"}, on_book=on_book)


@mmkit.hookimpl(specname="mmkit_signals")
def drift():
    def on_book(params, state, market, inputs):
        pass

    return mmkit.Signal("drift", state=Value, inputs=TrendInputs, outputs={"value": "price"}, on_book=on_book)


@mmkit.hookimpl
def mmkit_sizing():
    def sizes(params, state, market):
        return 1.0, 1.0

    return mmkit.Sizing("toy", params=SizingParams, state=Size, outputs={"order_size": "base"}, sizes=sizes)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing(
        "toy", params=PricingParams, inputs=PricingInputs, quote=lambda params, state, market, inputs: (1.0, 1.0, 1.0)
    )


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("toy", limit=lambda params, state, market, ladder, desk: None)
"""

BASE = """
[stack]
plugins = ["toys.py"]
[instruments.BTC]
tick_size = 0.1
lot_size = 0.001
[instruments.BTC.market]
use = "toy"
path = "btc.csv"
[instruments.BTC.venue]
use = "toy"
[signals.volatility]
use = "wobble"
[sizing]
use = "toy"
quantity = 2
[pricing]
use = "toy"
gamma = 0.1
[risk.limits]
use = "toy"
[report]
"""


@pytest.fixture
def stack_file(tmp_path: Path) -> Callable[..., Path]:
    """Returns a writer of stack.toml beside toys.py: the base stack, with text replaced or appended."""

    def write(*replacements: tuple[str, str], text: str = BASE, more: str = "", name: str = "stack.toml") -> Path:
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "toys.py").write_text(TOYS)
        (tmp_path / name).write_text(text + textwrap.dedent(more))
        return tmp_path / name

    return write


@pytest.fixture
def faults(stack_file: Callable[..., Path]) -> Callable[..., list[str]]:
    """Returns a reader of faults: those that reading the base stack with replacements gives, without the file's name."""

    def given(*replacements: tuple[str, str], more: str = "", text: str = BASE, **options: Any) -> list[str]:
        file = stack_file(*replacements, more=more, text=text)
        with pytest.raises(ConfigError) as caught:
            read(file, **options)
        assert caught.value.exit_code == 2
        return [fault.removeprefix(f"{file}: ") for fault in caught.value.faults]

    return given


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Returns an installer of a distribution: one module, its entry points, in a folder on sys.path."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(name: str, module: str, source: str, entries: Sequence[tuple[str, str]]) -> Path:
        (site / f"{module}.py").write_text(textwrap.dedent(source))
        about = site / f"{name}-1.5.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        lines = [f"[mmkit.{role}]\n{key} = {module}\n" for role, key in entries]
        (about / "entry_points.txt").write_text("".join(lines))
        return site

    import sys

    before = set(sys.modules)
    yield install
    for loaded in set(sys.modules) - before:
        if str(getattr(sys.modules[loaded], "__file__", None) or "").startswith(str(site)):
            del sys.modules[loaded]


@pytest.fixture
def plugin_fault() -> Callable[..., str]:
    """Returns what PluginError says when something is called; asserts exit code 4."""

    def said(call: Callable[..., Any], *args: Any, **options: Any) -> str:
        with pytest.raises(PluginError) as caught:
            call(*args, **options)
        assert caught.value.exit_code == 4
        return str(caught.value)

    return said
