"""A stack written back: what it says, and that reading it gives the same stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli

from mmkit.settings import read
from mmkit.stack import Stack
from mmkit.writing import dump

Write = Callable[..., Path]


def parts(stack: Stack) -> Any:
    """Returns all that a run depends on, comparable: rules by name, for a plugin file's classes are made anew."""

    def slot(s: Any) -> Any:
        fields = {name: (type(v).__name__, v) for name in s.params.__slots__ if (v := getattr(s.params, name, 0)) == v}
        return (s.name, s.path, s.rule.role, s.rule.name, str(fields), dict(s.wiring), s.distribution)

    head = (stack.name, stack.seed, stack.quote, stack.record_every, stack.plugins)
    legs = [(name, leg.instrument, slot(leg.market), slot(leg.venue)) for name, leg in stack.legs.items()]
    reports = [slot(s) for s in stack.reports]
    return (head, legs, [slot(s) for s in stack.slots], reports)


@pytest.mark.parametrize(
    "lines",
    [
        "",
        'most = inf\nlevels = 5\nfee = "2bp"\neager = true',
        'mood = "very-wild"\non = ["timer", "book"]\nweights = [1, 0.1]',
        'every = "1.5ms"\non = []\nsigma = 3',
    ],
)
def test_a_stack_written_and_read_again_is_the_same_stack(stack_file: Write, tmp_path: Path, lines: str) -> None:
    more = '[signals.lean]\nuse = "drift"\n[hedging]\nuse = "none"\n'
    file = stack_file(("gamma = 0.1", f"gamma = 0.1\n{lines}"), ("[stack]", '[stack]\nname = "a b"'), more=more)
    stack = read(file, overrides=["stack.record_every=90s"], seed=11, data=["x.gz", "y.gz"])
    elsewhere = tmp_path / "elsewhere" / "stack.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(dump(stack), encoding="utf-8")
    again = read(elsewhere)
    assert parts(again) == parts(stack)
    assert dump(again) == dump(stack)


def test_every_default_override_wire_and_absolute_path_is_written_out(stack_file: Write) -> None:
    file = stack_file()
    written = tomli.loads(dump(read(file, overrides=["pricing.gamma=0.2"])))
    assert written["stack"] == {
        "name": "stack",
        "seed": 0,
        "quote": "BTC",
        "record_every": "1s",
        "watch_every": "1s",
        "cost": "average",
        "plugins": [str(file.parent / "toys.py")],
    }
    assert written["instruments"]["BTC"] == {
        "tick_size": 0.1,
        "lot_size": 0.001,
        "maker_fee": 0.0,
        "taker_fee": 0.0,
        "kind": "linear",
        "contract_size": 1.0,
        "min_quantity": 0.0,
        "min_notional": 0.0,
        "initial_margin": 0.0,
        "maintenance_margin": 0.0,
        "market": {"use": "toy", "path": [str(file.parent / "btc.csv")], "note": ""},
        "venue": {"use": "toy", "latency": "10ms"},
    }
    assert written["pricing"] == {
        "use": "toy",
        "gamma": 0.2,
        "sigma": 0.0,
        "most": float("inf"),
        "levels": 3,
        "fee": 0.0,
        "eager": False,
        "mood": "calm",
        "on": ["timer"],
        "weights": [1.0],
        "every": "100ms",
        "inputs": {"volatility": "volatility.value", "order_size": "sizing.order_size"},
    }
    assert written["ladder"] == {"use": "single"}
    assert written["hedging"] == {"use": "none"}
    assert written["report"] == {}


def test_an_explicit_wire_that_a_name_would_not_find_survives(stack_file: Write, tmp_path: Path) -> None:
    explicit = ("gamma = 0.1", 'gamma = 0.1\ninputs = { volatility = "other.value" }')
    stack = read(stack_file(explicit, more='[signals.other]\nuse = "wobble"\n'))
    (tmp_path / "again.toml").write_text(dump(stack))
    assert read(tmp_path / "again.toml").pricing.wiring["volatility"] == "other.value"
