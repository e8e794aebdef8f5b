"""Stacks put together from parts, one rule per role, over a piece of a recording and over the simulated book.

With a hedging rule there is a second instrument: over the recording the same asset's spot market, over the book one that shares its moves.
"""

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import pytest

from mmkit.rules import Role, hook_name
from mmkit.runs import attempt

ROWS = 20_000
RECORDING = "derived/hftbacktest-format_usdm_btcusdt_20240808.npz"
SPOT = "derived/hftbacktest-format_spot_btcusdt_20240808.npz"

ALONE: dict[str, Any] = {"duration": "20s"}
MOVING: dict[str, Any] = {"duration": "20s", "sigma": 0.01, "common_sigma": 0.03}

STACK = """
[stack]
name = "swapped"
seed = 11
quote = "X"
{stack}
record_every = "250ms"
[instruments.X]
tick_size = {tick}
lot_size = 0.001
maker_fee = 0.0
taker_fee = 0.0003
{instrument}
[instruments.X.market]
{market}
[instruments.X.venue]
use = "queue"
entry_latency = "3ms"
response_latency = "4ms"
{venue}
{hedge}
{signals}
[sizing]
{sizing}
[pricing]
{pricing}
[ladder]
{ladder}
[risk.limits]
use = "position-limit"
max_position = {limit}
{risk}
{watching}
[execution]
{execution}
[hedging]
{hedging}
[report]
{more}
"""

HEDGE = """
[instruments.H]
tick_size = {tick}
lot_size = {lot}
taker_fee = 0.00001
{more}
[instruments.H.market]
{market}
[instruments.H.venue]
use = "queue"
entry_latency = "6ms"
response_latency = "5ms"
"""

BOOK: dict[str, Any] = {
    "tick": 0.01,
    "limit": 4.0,
    "pricing": {
        "avellaneda": {"gamma": 1.0, "k": 100.0},
        "glft": {"gamma": 1.0, "k": 100.0, "A": 1.9},
        "cartea-jaimungal": {"phi": 4.5e-4, "k": 100.0, "A": 1.9},
        "classic": {
            "gamma": 0.1,
            "base_spread_factor": 1.0,
            "position_limit": 4.0,
            "min_spread_ticks": 2,
            "profit_margin": 0.0,
            "position_fade_time": "5s",
            "vamp_skew_sensitivity": 0.0001,
        },
        "fixed": {"half_spread": 0.015, "skew": 0.005, "alpha_shift": 0.005},
    },
    "sizing": {
        "fixed": {"quantity": 0.2, "max_position": 4.0},
        "inventory": {"quantity": 0.2, "position_limit": 4.0},
        "exponential": {"quantity": 0.2, "eta": 0.5},
        "notional": {"notional": 20.0, "max_notional": 400.0},
    },
    "risk": {
        "drawdown": {"money": 0.1},
        "kill-switch": {"widen_at": 0.1, "cancel_at": 0.5, "cool_down": "1s"},
        "loss-streak": {"losses": 2, "cool_down": "2s"},
        "max-age": {"max_age": "4s", "ease_after": "2s"},
        "none": {},
        "notional-limit": {"max_notional": 100.0},
        "position-limit": {"max_position": 1.0},
        "recovery": {"cool_down": "1s", "every": "1s"},
        "stale-data": {"max_age": "80ms"},
        "stop-loss": {"money": 0.02},
        "take-profit": {"money": 0.002},
        "trailing-stop": {"money": 0.005},
    },
    "hedge": {"tick": 0.01, "lot": 0.001},
}
RECORDED: dict[str, Any] = {
    "tick": 0.1,
    "limit": 0.1,
    "pricing": {
        "avellaneda": {"gamma": 0.05, "k": 0.3},
        "glft": {"gamma": 0.05, "k": 0.3, "A": 1.0},
        "cartea-jaimungal": {"phi": 0.01, "k": 0.3, "A": 1.0},
        "classic": {"gamma": 0.4, "position_limit": 0.1, "min_spread_ticks": 2, "profit_margin": 2e-6},
        "fixed": {"half_spread": 1.0, "skew": 10.0, "alpha_shift": 1.0},
    },
    "sizing": {
        "fixed": {"quantity": 0.01, "max_position": 0.1},
        "inventory": {"quantity": 0.01, "position_limit": 0.1},
        "exponential": {"quantity": 0.01, "eta": 20.0},
        "notional": {"notional": 600.0, "max_notional": 6000.0},
    },
    "risk": {
        "drawdown": {"money": 1.0},
        "kill-switch": {"widen_at": 5.0, "cancel_at": 50.0, "cool_down": "1s"},
        "loss-streak": {"losses": 2, "cool_down": "2s"},
        "max-age": {"max_age": "4s", "ease_after": "2s"},
        "none": {},
        "notional-limit": {"max_notional": 3000.0},
        "position-limit": {"max_position": 0.05},
        "recovery": {"cool_down": "1s", "every": "1s"},
        "stale-data": {"max_age": "500ms"},
        "stop-loss": {"money": 0.5},
        "take-profit": {"money": 0.1},
        "trailing-stop": {"money": 0.1},
    },
    "hedge": {"tick": 0.01, "lot": 0.00001},
}
WORLDS = {"book": BOOK, "recording": RECORDED}

LADDERS: dict[str, dict[str, Any]] = {
    "single": {},
    "uniform": {"levels": 3, "gap_ticks": 2},
    "geometric": {"levels": 3, "first_ticks": 2.0, "size_ratio": 1.5},
    "fibonacci": {"levels": 4, "sizes": [1.0, 1.5, 2.0]},
}

EXECUTIONS: dict[str, dict[str, Any]] = {
    "requote": {"every": "100ms"},
    "classic-requote": {
        "every": "100ms",
        "quote_lifetime": "2s",
        "min_spread": 0.0,
        "amend_threshold": 5.0,
        "amend_fraction": 0.0,
    },
    "tolerance": {"every": "100ms"},
    "queue-value": {"every": "100ms"},
}
HEDGINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "notional": {},
    "delta": {"mode": "limit", "timeout": "500ms"},
    "minimum-variance": {"sample_every": "250ms", "half_life": "10s", "least_samples": 4},
}

# In the order in which they act. Short enough that each publishes within the thirteen seconds that the piece of a recording lasts.
SIGNALS: dict[str, dict[str, Any]] = {
    "volume-candles": {"threshold": 2.0, "max_time": "5s", "fast": 2, "medium": 3, "slow": 5},
    "volatility": {"half_life": "10s", "sample": "250ms", "warm_up": "1s"},
    "microprice": {"refit": "1s", "moves": 2},
    "imbalance": {},
    "vamp": {},
    "trend": {"sample": "250ms", "fast": 3, "slow": 8, "atr_window": 5},
    "regime": {"sample": "250ms", "window": 8},
    "ofi": {"levels": 3, "window": "2s"},
    "vamp-mid": {"levels": 3},
    "impact": {"trades": 20},
    "trade-flow": {"window": "5s"},
    "vpin": {"bucket_volume": 0.5, "buckets": 5},
    "weighted-mid": {},
    "intensity": {"half_life": "1m", "least": 5.0},
}
ALWAYS = ("volatility",)
NEEDS = {"regime": ("trend",)}

# What an input is fed with: the first of these that the stack has. Other inputs find their source by name, or stay empty.
SOURCES: dict[str, tuple[str, ...]] = {
    "fair": ("microprice.value", "vamp-mid.value", "weighted-mid.value", "vamp.price"),
    "alpha": ("imbalance.value", "trade-flow.value", "trend.value"),
    "volatility": ("volatility.value",),
    "daily_volatility": ("volatility.daily",),
    "volume_volatility": ("volume-candles.volatility",),
    "trend": ("trend.value",),
    "vamp_impact": ("vamp.impact",),
    "vamp_price": ("vamp.price",),
    "gamma_adjustment": ("volume-candles.gamma",),
    "kappa_adjustment": ("volume-candles.kappa",),
    "trend_direction": ("volume-candles.trend",),
    "danger": ("volatility.value",),
}


def rule_of(role: Role, name: str) -> Any:
    """Returns a built-in rule."""
    [entry] = importlib.metadata.entry_points(group=f"mmkit.{role.value}", name=name)
    return getattr(entry.load(), hook_name(role))()


def mix(number: int, size: int = 3) -> list[str]:
    """Returns the number-th mix of signals: those that every stack has, `size` others in turn, and what these need."""
    others = [name for name in SIGNALS if name not in ALWAYS]
    chosen = {*ALWAYS, *(others[(number * size + i) % len(others)] for i in range(size))}
    chosen |= {needed for name in chosen for needed in NEEDS.get(name, ())}
    return [name for name in SIGNALS if name in chosen]


def inputs_of(role: Role, name: str, earlier: Sequence[str]) -> dict[str, str]:
    """Returns the wiring of a rule's inputs to the signals before it."""
    rule = rule_of(role, name)
    declared = attrs.fields_dict(rule.inputs) if rule.inputs else {}
    found = {
        each: next((source for source in SOURCES.get(each, ()) if source.split(".")[0] in earlier), "")
        for each in declared
    }
    return {each: source for each, source in found.items() if source}


def section(use: str, chosen: Mapping[str, Any]) -> str:
    """Returns a section's lines."""
    return "\n".join(lines({"use": use, **chosen}))


def lines(chosen: Mapping[str, Any]) -> list[str]:
    """Returns a line for each key."""
    return [f"{key} = {toml(value)}" for key, value in chosen.items()]


def toml(value: Any) -> str:
    """Returns a value as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value)


def stack_text(
    world: str, markets: Sequence[str], names: Sequence[str], rules: Mapping[str, Any], more: Mapping[str, Any]
) -> str:
    """Returns a stack over a world ("book", "recording").

    markets: those of the quoted and the hedge instrument; rules: name by role, of `risk` any number; more: further keys by signal,
    role or risk rule, and `text` for the end.
    """
    shape = WORLDS[world]
    sizing, pricing, ladder = (rules[role] for role in ("sizing", "pricing", "ladder"))
    execution, hedging = rules.get("execution", "requote"), rules.get("hedging", "none")
    signals = [
        f"[signals.{name}]\n"
        + wired(Role.SIGNALS, name, SIGNALS[name] | more.get(name, {}), names[: names.index(name)])
        for name in names
    ]
    return STACK.format(
        tick=shape["tick"],
        limit=shape["limit"],
        stack="\n".join(lines(more.get("stack", {}))),
        instrument="\n".join(lines(more.get("instrument", {}))),
        market="\n".join([markets[0], *lines(more.get("market", {}))]),
        hedge=HEDGE.format(**shape["hedge"], market=markets[1], more="\n".join(lines(more.get("hedge", {}))))
        if hedging != "none"
        else "",
        venue="\n".join(lines(more.get("venue", {}))),
        signals="\n".join(signals),
        sizing=wired(Role.SIZING, sizing, shape["sizing"][sizing] | more.get("sizing", {}), names),
        pricing=wired(Role.PRICING, pricing, shape["pricing"][pricing] | more.get("pricing", {}), names),
        ladder=wired(Role.LADDER, ladder, LADDERS[ladder] | more.get("ladder", {}), names),
        risk="\n".join(lines(more.get("risk", {}))),
        watching="\n".join(
            f"[risk.{name}]\n" + wired(Role.RISK, name, shape["risk"][name] | more.get(name, {}), names)
            for name in rules.get("risk", ())
        ),
        execution=section(execution, EXECUTIONS[execution] | more.get("execution", {})),
        hedging=section(hedging, HEDGINGS[hedging] | more.get("hedging", {})),
        more=more.get("text", ""),
    )


def wired(role: Role, name: str, chosen: Mapping[str, Any], earlier: Sequence[str]) -> str:
    """Returns the lines of a rule with its inputs."""
    inputs = inputs_of(role, name, earlier)
    return section(name, {**chosen, "inputs": inputs} if inputs else chosen)


@pytest.fixture(scope="session")
def recording(beginning: Callable[[int], Path]) -> str:
    """Returns the market section of the first seconds of a real recording."""
    return section("hftbacktest", {"path": str(beginning(ROWS))})


@pytest.fixture(scope="session")
def spot(data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the market section of the same asset's spot market, recorded by the same clock until the piece of the recording ends."""
    with np.load(data / RECORDING) as kept:
        end = kept[kept.files[0]]["local_ts"][ROWS - 1]
    with np.load(data / SPOT) as kept:
        rows = kept[kept.files[0]]
    file = tmp_path_factory.mktemp("spot") / "spot.npz"
    np.savez(file, data=rows[rows["local_ts"] <= end])
    return section("hftbacktest", {"path": str(file)})


@pytest.fixture(scope="session")
def stack_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gives these tests their own cache of tapes and compiled stacks."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MMKIT_CACHE", str(folder))
        yield folder


@pytest.fixture
def stack_file(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Returns a writer of stacks: world, signals (or the number of a mix of them), pricing, sizing, ladder; execution, risk, hedging."""

    def write(
        world: str,
        signals: int | Sequence[str],
        pricing: str,
        sizing: str,
        ladder: str,
        more: Mapping[str, Any] = MappingProxyType({}),
        **further: Any,
    ) -> Path:
        rules = {"pricing": pricing, "sizing": sizing, "ladder": ladder, **further}
        hedged = rules.get("hedging", "none") != "none"
        if world == "book":
            markets = [section("book", MOVING if hedged else ALONE), section("book", MOVING)]
        else:
            markets = [request.getfixturevalue("recording"), request.getfixturevalue("spot") if hedged else ""]
        names = mix(signals) if isinstance(signals, int) else [name for name in SIGNALS if name in signals]
        file = tmp_path / "stack.toml"
        file.write_text(stack_text(world, markets, names, rules, more))
        return file

    return write


@pytest.fixture
def both(stack_cache: Path, agree: Callable[[Any, Any], None]) -> Callable[[Path], Any]:
    """Returns a function that runs a stack in both engines, asserts that they agree to the bit, and returns the compiled run."""

    def run(file: Path) -> Any:
        plain, compiled = (attempt(file, engine=engine) for engine in ("python", "compiled"))
        assert (plain.summary["engine"], compiled.summary["engine"]) == ("python", "compiled")
        assert (plain.error, compiled.error) == (None, None)
        agree(compiled, plain)
        return compiled

    return run
