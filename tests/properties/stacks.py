"""Random stacks over random markets: which there are, and how one is made from numbers that hypothesis chooses."""

import importlib.metadata
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

import mmkit
from mmkit.settings import read
from mmkit.stack import Kind

MS = 1_000_000
PLUGIN = Path(__file__).with_name("random_market.py")


def names(role: str) -> list[str]:
    """Returns the names of the installed rules of a role."""
    return sorted(entry.name for entry in importlib.metadata.entry_points(group=f"mmkit.{role}"))


EXECUTIONS = names("execution")
HEDGINGS = [name for name in names("hedging") if name != "none"]

RISKS = {
    "position-limit": "max_position = 1",
    "notional-limit": "max_notional = 100",
    "stop-loss": 'money = 2\npatience = "150ms"',
    "take-profit": 'money = 1\npatience = "150ms"\ncool_down = "500ms"',
    "trailing-stop": 'patience = "150ms"',
    "max-age": 'max_age = "1s"\npatience = "150ms"',
    "drawdown": 'money = 3\npatience = "150ms"',
    "loss-streak": "",
    "kill-switch": 'widen_at = 0.3\nreduce_at = 0.5\ncancel_at = 0.7\nflatten_at = 0.9\ncool_down = "300ms"',
    "recovery": 'cool_down = "700ms"\nevery = "300ms"',
    "stale-data": 'max_age = "100ms"',
    "alarm": "",
    "sleep": "",
}
"""Settings with which these rules have something to do in a market of some seconds."""


def examples(count: int) -> Any:
    """Returns the decorator of a property that is tried on so many sequences, the same ones every time."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # A market is its seed: there is next to nothing to shrink, and trying takes minutes.
        phases=(Phase.explicit, Phase.generate),
    )


@cache
def shape(
    execution: str = "requote",
    risks: tuple[str, ...] = (),
    hedging: str = "",
    kind: str = "linear",
    balances: str = "",
    extra: str = "",
    others: int = 1,
) -> Any:
    """Returns a stack of these rules, read once; what is in it is changed in memory."""
    text = f'[stack]\nname = "wild"\nplugins = ["{PLUGIN}"]\nquote = "X"\n'
    for name in ("X", *("YZ"[:others] if hedging else "")):
        text += f'[instruments.{name}]\ntick_size = 0.1\nlot_size = 0.1\nkind = "{kind if name == "X" else "linear"}"\n'
        text += f'[instruments.{name}.market]\nuse = "wild"\n[instruments.{name}.venue]\nuse = "queue"\n'
    text += f"[instruments.X.balances]\n{balances}\n" if balances else ""
    text += '[pricing]\nuse = "fixed"\nhalf_spread = 0.1\n'
    sizing = "notional" if kind == "inverse" else "fixed"  # contracts are worth quote currency
    text += f'[sizing]\nuse = "{sizing}"\n{"notional" if kind == "inverse" else "quantity"} = 0.5\n'
    text += '[ladder]\nuse = "uniform"\nlevels = 3\ngap_ticks = 2\n'
    text += "".join(f'[risk.{name}]\nuse = "{name}"\n{RISKS[name]}\n' for name in risks)
    text += f'[execution]\nuse = "{execution}"\n'
    text += f'[hedging]\nuse = "{hedging}"\n' if hedging else ""
    text += f"{extra}\n[report]\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stack.toml"
        file.write_text(text)
        return read(file)


def changed(stack: Any, changes: Mapping[str, Mapping[str, Any]]) -> Any:
    """Returns the stack with other parameters, by key path: "stack", "instruments.X", "instruments.X.venue", "risk.alarm", "execution".

    Parameters that a rule does not have are left out.
    """

    def slot(old: Any, own: Mapping[str, Any]) -> Any:
        known = {name: value for name, value in own.items() if hasattr(old.params, name)}
        return attrs.evolve(old, params=attrs.evolve(old.params, **known))

    for path, own in changes.items():
        first, *rest = path.split(".")
        if path == "stack":
            stack = attrs.evolve(stack, **own)
        elif first == "instruments":
            leg = stack.legs[rest[0]]
            if len(rest) == 1:
                leg = attrs.evolve(leg, instrument=attrs.evolve(leg.instrument, **own))
            else:
                leg = attrs.evolve(leg, **{rest[1]: slot(getattr(leg, rest[1]), own)})
            stack = attrs.evolve(stack, legs={**stack.legs, rest[0]: leg})
        elif first in ("risk", "signals"):
            slots = [slot(each, own) if each.name == rest[0] else each for each in getattr(stack, first)]
            stack = attrs.evolve(stack, **{first: tuple(slots)})
        else:
            stack = attrs.evolve(stack, **{path: slot(getattr(stack, path), own)})
    return stack


@attrs.frozen
class Case:
    """A stack to run: its shape and what is changed in it. Its text is what a failing test shows."""

    shape: Mapping[str, Any]
    changes: Mapping[str, Mapping[str, Any]]

    def stack(self, **more: Mapping[str, Any]) -> Any:
        """Returns the stack."""
        return changed(shape(**self.shape), {**self.changes, **more})


seeds = st.integers(0, 2**32 - 1)
latencies = st.one_of(st.just(0), st.integers(0, 200)).map(lambda ms: ms * MS)
triggers = st.sampled_from([1, 1, 1, 2, 3, 4, 8, 9, 15]).map(mmkit.Trigger)


def venues() -> st.SearchStrategy[dict[str, Any]]:
    """Returns a strategy of a venue's parameters."""
    rule = shape().leg.venue.params
    return st.fixed_dictionaries(
        {
            "entry_latency": latencies,
            "response_latency": latencies,
            "partial_fills": st.booleans(),
            "model": st.sampled_from(list(type(rule.model))),
            "amend": st.sampled_from(list(type(rule.amend))),
            "post_only": st.sampled_from(list(type(rule.post_only))),
        }
    )


def markets(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Returns a strategy of a market's parameters."""
    drawn: dict[str, st.SearchStrategy[Any]] = {
        "rows": st.integers(60, 160),
        "step": st.sampled_from([10, 40, 80]).map(lambda ms: ms * MS),
        "trades": st.sampled_from([0.2, 0.4, 0.6]),
        "jumps": st.sampled_from([0.0, 0.02, 0.1]),
        "empties": st.sampled_from([0.0, 0.03, 0.1]),
        "gaps": st.sampled_from([0.0, 0.01]),
    }
    return st.fixed_dictionaries({name: drawn[name] for name in drawn if name not in fixed}).map(
        lambda made: {**made, **fixed}
    )


def instruments(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Returns a strategy of an instrument's grid and fees."""
    drawn = st.fixed_dictionaries(
        {
            "tick_size": st.sampled_from([0.1, 0.01, 1.0]),
            "lot_size": st.sampled_from([0.1, 1.0, 0.001]),
            "maker_fee": st.sampled_from([0.0, 0.0002, -0.0001]),
            "taker_fee": st.sampled_from([0.0, 0.0005]),
        }
    )
    return drawn.map(lambda made: {**made, **fixed})


executions = st.fixed_dictionaries(
    {
        "on": triggers,
        "every": st.integers(5, 120).map(lambda ms: ms * MS),
        "min_interval": st.sampled_from([0, 0, 20, 90]).map(lambda ms: ms * MS),
        "max_per_side": st.sampled_from([1, 2, 1024]),
        "max_orders": st.sampled_from([3, 1024, 1024]),
        "post_only": st.booleans(),
        "one_in_flight": st.booleans(),
        "wait_for_cancel": st.booleans(),
        "max_order_age": st.sampled_from([0, 0, 300]).map(lambda ms: ms * MS),
        "price_tolerance": st.integers(0, 3),
        "size_tolerance": st.sampled_from([0.0, 0.3]),
        "quote_lifetime": st.sampled_from([100, 1000]).map(lambda ms: ms * MS),
        "amend_threshold": st.sampled_from([0.0, 3.0]),
        "cancels_per_minute": st.sampled_from([3, 20, 600]),
        "seed": seeds,
    }
)


@st.composite
def quoting(
    draw: Any, execution: str = "", risks: tuple[str, ...] = (), market: Mapping[str, Any] = {}, **more: Any
) -> Any:
    """Draws a stack that quotes a random market: its spread and sizes in ticks and lots, whatever those are."""
    name = execution or draw(st.sampled_from(EXECUTIONS))
    instrument = draw(instruments(**({"kind": Kind.INVERSE} if more.get("kind") == "inverse" else {})))
    tick, lot = instrument["tick_size"], instrument["lot_size"]
    if more.get("kind") == "inverse":
        lot = lot / (1000 * tick)
    lots = draw(st.integers(1, 9))
    venue, act = draw(venues()), draw(executions)
    if mmkit.Trigger.FILL in act["on"] and act["min_interval"] == 0:
        # A fill that is known at once and makes the next decision at once would be answered for ever.
        venue["response_latency"] = max(venue["response_latency"], 20 * MS)
    changes: dict[str, Any] = {
        "stack": {"seed": draw(seeds), "fifo": draw(st.booleans()), "record_every": 200 * MS},
        "instruments.X": instrument,
        "instruments.X.market": draw(markets(**market)),
        "instruments.X.venue": venue,
        "pricing": {
            "half_spread": draw(st.sampled_from([0.0, 0.4, 1.0, 2.0])) * tick,
            "skew": draw(st.sampled_from([0.0, 0.3, 2.0])) * tick / lot,
        },
        "sizing": {"quantity": lots * lot, "notional": lots * instrument["lot_size"] * 1.01},
        "ladder": {"levels": draw(st.integers(1, 4)), "gap_ticks": draw(st.integers(1, 3))},
        "execution": act,
    }
    return Case({"execution": name, "risks": risks, **more}, changes)
