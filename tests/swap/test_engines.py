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

# World, signals, pricing, sizing, ladder, and what else their sections say.
STACKS: dict[str, tuple[str, tuple[str, ...], str, str, str, dict[str, Any]]] = {
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


@pytest.mark.parametrize("name", STACKS)
def test_the_engines_agree_to_the_bit(stack_file: Callable[..., Path], both: Callable[[Path], Any], name: str) -> None:
    world, signals, pricing, sizing, ladder, more = STACKS[name]
    run = both(stack_file(world, signals, pricing, sizing, ladder, more))
    assert run.fills.height > 5
    assert run.records["bid_quote"].drop_nans().len() > 5


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
    for world, signals, pricing, sizing, ladder, more in STACKS.values():
        stack = read(stack_file(world, signals, pricing, sizing, ladder, more))
        used |= {slot.rule.name for slot in (*stack.optimizations, *stack.caches)}
        used |= {slot.rule.name for each in stack.optimizable for slot in each.off}
    assert used == set(optimizations_of_a_run())


def optimizations_of_a_run() -> Iterator[str]:
    """Yields the names of the optimizations that apply to a rule or to the decision log."""
    for entry in importlib.metadata.entry_points(group="mmkit.optimization"):
        if entry.load().mmkit_optimization().applies != ("process",):
            yield entry.name
