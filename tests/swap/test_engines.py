"""Stacks that together use every signal, pricing, sizing and ladder and what speeds them up: the same bits in both engines."""

import importlib.metadata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mmkit.settings import read

ALL = {"optimizations": ["all"]}
NONE = {"optimizations": [{"use": "all", "on": False}]}
CACHED = {"optimizations": ["volatility-cache"]}
ANEW = {"optimizations": [{"use": "constants", "on": False}]}
SMALL = {"optimizations": ["compact-state"]}
ORIGINAL = {"arithmetic": "original"}
SAMPLED = '[log]\noptimizations = ["log-sampling"]'
TTL = {"use": "spread-cache", "mode": "ttl", "ttl": "1s", "position": 0.01}

BOT = ("volume-candles", "volatility", "vamp", "impact", "trend", "regime")

Built = tuple[str, tuple[str, ...], str, str, str, dict[str, Any]]
"""World, signals, pricing, sizing, ladder, and what else their sections say."""

STACKS: dict[str, Built] = {
    "plain": ("recording", ("volatility", "microprice", "ofi"), "avellaneda", "fixed", "single", {}),
    "everything-on": (
        "book",
        ("volatility", "imbalance", "vamp-mid", "weighted-mid"),
        "glft",
        "exponential",
        "geometric",
        dict.fromkeys(("volatility", "pricing", "sizing", "ladder", "risk", "execution", "venue", "market"), ALL)
        | dict.fromkeys(("imbalance", "vamp-mid", "weighted-mid"), SMALL),
    ),
    "everything-off": (
        "book",
        ("volatility", "imbalance", "trade-flow"),
        "fixed",
        "notional",
        "uniform",
        dict.fromkeys(("pricing", "ladder", "execution", "market", "trade-flow"), NONE),
    ),
    "a-table": (
        "recording",
        ("volatility", "vpin", "intensity"),
        "cartea-jaimungal",
        "inventory",
        "geometric",
        {
            "pricing": {"method": "exact", "order_size": 0.01, "max_position": 0.1, "optimizations": [TTL]},
            "volatility": {"estimator": "yang-zhang", "window": 8},
            "vpin": {"classification": "bulk", "bar": "500ms", "bars": 5},
            "intensity": CACHED,
        },
    ),
    "the-bot-corrected": (
        "recording",
        BOT,
        "classic",
        "inventory",
        "fibonacci",
        {"pricing": {"dynamic_gamma": True, **ALL}, "sizing": {"trend_tilt": True, **ALL}, "ladder": ALL},
    ),
    "the-bot-original": (
        "recording",
        BOT,
        "classic",
        "inventory",
        "fibonacci",
        {"pricing": ORIGINAL, "sizing": ORIGINAL, "ladder": {**ORIGINAL, "step_ticks": 2, **ANEW}, "text": SAMPLED},
    ),
}


INVERSE = {"kind": "inverse", "contract_size": 100.0}

# A stack, and its execution, risk rules and hedging.
POSITIONS: dict[str, tuple[Built, dict[str, Any]]] = {
    "amended-fifo": (
        (
            "book",
            ("volatility", "imbalance", "vamp-mid"),
            "avellaneda",
            "inventory",
            "geometric",
            {
                "stack": {"cost": "fifo", "watch_every": "70ms"},
                "instrument": {"min_quantity": 0.01, "min_notional": 2.0, "contract_size": 1.0},
                "venue": {"amend": "keep-on-decrease", "post_only": "reprice"},
                "vamp-mid": {"instrument": "H"},
                "execution": {"on": ["timer", "fill", "book"], "min_interval": "40ms", "price_tolerance": 2},
                "hedging": {"mode": "limit", "timeout": "300ms", "band_fraction": 0.01, "max_hedge": 60.0},
                "pricing": {"gamma": 0.2},
            },
        ),
        {
            "execution": "tolerance",
            "risk": ["notional-limit", "take-profit", "trailing-stop", "max-age"],
            "hedging": "notional",
        },
    ),
    "inverse-on-candles": (
        (
            "book",
            ("volume-candles", "volatility", "trend"),
            "classic",
            "fixed",
            "fibonacci",
            {
                "instrument": INVERSE,
                "hedge": INVERSE,
                "venue": {"amend": "requeue"},
                "execution": {"on": ["timer", "candle", "fill"], "one_in_flight": True},
                "hedging": {"on": ["timer"], "every": "500ms", "slippage": 0.0},
                "stop-loss": {"fraction": 0.0002, "money": 0.0001},
                "recovery": {"steps": 2},
                "drawdown": {"money": 0.0005, "forgive_after": "1s"},
            },
        ),
        {
            "execution": "classic-requote",
            "risk": ["stop-loss", "drawdown", "none", "position-limit", "recovery"],
            "hedging": "minimum-variance",
        },
    ),
    "spot-with-balances": (
        (
            "recording",
            ("volatility", "microprice"),
            "fixed",
            "exponential",
            "uniform",
            {
                "instrument": {
                    "initial_margin": 0.1,
                    "maintenance_margin": 0.05,
                    "balances": {"quote": 2_000.0, "X": 0.0},
                },
                "hedge": {"kind": "spot", "balances": {"quote": 3_000.0, "H": 0.03}},
                "venue": {"amend": "requeue", "model": "log2"},
                "execution": {"on": ["trade", "fill"], "min_interval": "30ms", "cancels_per_minute": 200},
                "hedging": {"min_size": [0.0001], "betas": [1.1], "target_delta": 50.0},
                "pricing": {"half_spread": 0.3},
            },
        ),
        {
            "execution": "queue-value",
            "risk": ["kill-switch", "loss-streak", "stale-data"],
            "hedging": "delta",
        },
    ),
    "spot-quoted": (
        (
            "book",
            ("volatility", "weighted-mid"),
            "glft",
            "notional",
            "uniform",
            {
                "instrument": {"kind": "spot", "balances": {"quote": 60.0, "X": 0.5}},
                "venue": {"amend": "none", "model": "power"},
                "execution": {
                    "on": ["timer", "book", "trade", "fill", "candle"],
                    "min_interval": "20ms",
                    "wait_for_cancel": True,
                    "max_order_age": "2s",
                    "max_distance": 0.0008,
                    "max_per_side": 2,
                },
            },
        ),
        {"execution": "requote", "risk": ["position-limit"], "hedging": "none"},
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_the_engines_agree_to_the_bit(stack_file: Callable[..., Path], both: Callable[[Path], Any], name: str) -> None:
    run = both(stack_file(*STACKS[name]))
    assert run.fills.height > 5
    assert run.records["bid_quote"].drop_nans().len() > 5


@pytest.mark.parametrize("name", POSITIONS)
def test_the_engines_agree_on_the_position_to_the_bit(
    stack_file: Callable[..., Path], both: Callable[[Path], Any], name: str
) -> None:
    stack, rules = POSITIONS[name]
    run = both(stack_file(*stack, **rules))
    assert run.fills.height > 5
    assert run.records["bid_quote"].drop_nans().len() > 5
    assert set(run.fills["cause"]) >= {"quote", *(["hedge"] if run.stack.hedges else [])}


@pytest.mark.parametrize("role", ["execution", "risk", "hedging"])
def test_the_stacks_of_the_position_use_every_rule(role: str) -> None:
    used: set[str] = set()
    for _, rules in POSITIONS.values():
        used |= set(rules[role]) if role == "risk" else {rules[role]}
    assert used == {entry.name for entry in importlib.metadata.entry_points(group=f"mmkit.{role}")}


@pytest.mark.parametrize("role", ["signals", "pricing", "sizing", "ladder"])
def test_the_stacks_use_every_rule(role: str) -> None:
    used = {
        "signals": {name for stack in STACKS.values() for name in stack[1]},
        "pricing": {stack[2] for stack in STACKS.values()},
        "sizing": {stack[3] for stack in STACKS.values()},
        "ladder": {stack[4] for stack in STACKS.values()},
    }
    assert used[role] == {entry.name for entry in importlib.metadata.entry_points(group=f"mmkit.{role}")}


def test_the_stacks_use_every_optimization_of_a_run(
    stack_file: Callable[..., Path], request: pytest.FixtureRequest
) -> None:
    """Those of the process, which concern live sessions, have no part in what a run computes."""
    request.getfixturevalue("recording")
    used: set[str] = set()
    for each in STACKS.values():
        stack = read(stack_file(*each))
        used |= {slot.rule.name for slot in (*stack.optimizations, *stack.caches)}
        used |= {slot.rule.name for each in stack.optimizable for slot in each.off}
    assert used == set(optimizations_of_a_run())


def optimizations_of_a_run() -> Iterator[str]:
    """Yields the names of the optimizations that apply to a rule or to the decision log."""
    for entry in importlib.metadata.entry_points(group="mmkit.optimization"):
        if entry.load().mmkit_optimization().applies != ("process",):
            yield entry.name
