"""Every parameter of every rule matters: changed to another valid value it changes quotes, fills, records, the log or a returned value."""

import enum
import functools
import importlib.metadata
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from mmkit import plugins, settings
from mmkit.errors import ConfigError
from mmkit.explaining import explain
from mmkit.fields import Duration
from mmkit.kinds import kind_of, out_of_range
from mmkit.rules import Role, hook_name
from mmkit.runs import attempt
from mmkit.snapshot import OwnOrder, Snapshot

Table = dict[str, Any]
Parameter = tuple[str, str, str]
"""Role, rule, parameter."""

DECIDING = ("sizing", "pricing", "ladder")
"""Roles whose rules are looked at in single decisions; the others in whole runs."""

SIMULATED = ("book", "diffusion")
"""Markets that read no file."""

MOVING = {"duration": "20s", "sigma": 0.01, "common_sigma": 0.03}
"""A book that moves with those of the other instruments."""

SETTINGS: dict[tuple[str, str], Table] = {
    ("market", "book"): {"duration": "20s"},
    ("market", "diffusion"): {"sigma": 2.0, "paths": 5, "duration": "500ms"},
    ("venue", "intensity"): {"A": 140.0, "k": 1.5},
    ("signals", "intensity"): {"half_life": "20s", "least": 5.0},
    ("signals", "microprice"): {"refit": "5s", "moves": 20},
    ("signals", "ofi"): {"levels": 3, "window": "2s"},
    ("signals", "regime"): {"window": 8},
    ("signals", "trade-flow"): {"window": "5s"},
    ("signals", "trend"): {"fast": 3, "slow": 8, "atr_window": 5},
    ("signals", "vamp"): {"window": 20, "aggressive_window": 10, "impact_window": 10, "max_age": "5s"},
    ("signals", "volatility"): {"half_life": "5s", "warm_up": "2s"},
    ("signals", "volume-candles"): {"max_time": "2s", "fast": 2, "medium": 3, "slow": 5, "refresh": "1s"},
    ("signals", "vpin"): {"bucket_volume": 0.5, "buckets": 5},
    ("sizing", "exponential"): {"quantity": 0.2, "eta": 0.5},
    ("sizing", "fixed"): {"quantity": 0.2},
    ("sizing", "inventory"): {"quantity": 0.2, "position_limit": 4.0},
    ("sizing", "notional"): {"notional": 20.0},
    ("pricing", "avellaneda"): {"gamma": 1.0, "k": 100.0},
    ("pricing", "cartea-jaimungal"): {"phi": 4.5e-4, "k": 100.0, "A": 1.9},
    ("pricing", "classic"): {"gamma": 0.4, "position_limit": 4.0},
    ("pricing", "fixed"): {"half_spread": 0.05},
    ("pricing", "glft"): {"gamma": 1.0, "k": 100.0, "A": 1.9},
    ("ladder", "fibonacci"): {"step_ticks": 5},
    ("risk", "drawdown"): {"money": 0.05},
    ("risk", "kill-switch"): {
        "widen_at": 1.0,
        "reduce_at": 1.5,
        "cancel_at": 2.0,
        "flatten_at": 2.5,
        "cool_down": "300ms",
    },
    ("risk", "loss-streak"): {"losses": 2, "cool_down": "2s"},
    ("risk", "max-age"): {"max_age": "3s"},
    ("risk", "notional-limit"): {"max_notional": 50.0},
    ("risk", "position-limit"): {"max_position": 0.5},
    ("risk", "recovery"): {"cool_down": "1s", "every": "2s"},
    ("risk", "stale-data"): {"max_age": "200ms"},
    ("risk", "stop-loss"): {"money": 0.02},
    ("risk", "take-profit"): {"money": 0.002},
    ("risk", "trailing-stop"): {"money": 0.002},
    ("execution", "classic-requote"): {
        "min_spread": 0.0,
        "amend_threshold": 3.0,
        "amend_fraction": 0.0,
        "max_distance": 0.0,
    },
    ("hedging", "delta"): {"band_fraction": 0.0},
    ("hedging", "minimum-variance"): {
        "band_fraction": 0.0,
        "sample_every": "500ms",
        "half_life": "10s",
        "least_samples": 5,
    },
    ("hedging", "notional"): {"band_fraction": 0.0},
    ("optimization", "spread-cache"): {"mode": "ttl", "ttl": "5s"},
}
"""What every test of a rule's parameters sets: what has no default, and times that fit into a short run."""

EXACT = {"method": "exact", "order_size": 0.2, "max_position": 4.0}
EXACT_GLFT = {**EXACT, "sigma": 0.05}

CONTEXTS: dict[Parameter, Table] = {
    ("market", "book", "factor"): {"common_sigma": 0.05},
    ("market", "book", "basis_half_life"): {"basis_sigma": 0.05},
    ("venue", "queue", "exponent"): {"model": "power"},
    ("signals", "microprice", "adjustment"): {"bins": 1, "spreads": 1},
    ("signals", "regime", "leave"): {"enter": 0.9},
    ("signals", "regime", "quiet"): {"ranging_after": "100ms"},
    ("signals", "volatility", "window"): {"estimator": "realised"},
    ("signals", "volatility", "scale"): {"estimator": "two-scale", "window": 40},
    ("signals", "vamp-mid", "quantity"): {"form": "effective"},
    ("signals", "vamp-mid", "notional"): {"form": "effective"},
    ("signals", "volume-candles", "max_age"): {"refresh": "0s", "max_age": "1s"},
    ("signals", "weighted-mid", "ticks"): {"levels": 5},
    ("signals", "vpin", "bar"): {"classification": "bulk"},
    ("signals", "vpin", "bars"): {"classification": "bulk", "bar": "500ms", "bars": 5},
    ("signals", "vpin", "classification"): {"bar": "500ms", "bars": 5},
    ("execution", "queue-value", "half_life"): {"least_gain": 0.02},
    ("risk", "trailing-stop", "fraction"): {"money": 1.0},
    ("execution", "classic-requote", "amend_fraction"): {"amend_threshold": 0.0},
    ("execution", "classic-requote", "lifetime_share"): {"quote_lifetime": "2s"},
    ("execution", "classic-requote", "max_lifetime"): {"max_lifetime": "1s"},
    ("execution", "classic-requote", "min_quote_interval"): {
        "quote_lifetime": "2s",
        "min_quote_interval": "200ms",
        "position_limit": 1.0,
    },
    ("execution", "classic-requote", "position_limit"): {
        "quote_lifetime": "2s",
        "min_quote_interval": "200ms",
        "position_limit": 1.0,
    },
    ("execution", "classic-requote", "position_check_interval"): {"position_check_interval": "1s"},
    ("risk", "drawdown", "fraction"): {"fraction": 0.0004, "capital": 100.0},
    ("risk", "drawdown", "capital"): {"fraction": 0.0004, "capital": 100.0},
    ("risk", "recovery", "max_position"): {"after": "flatten"},
    ("hedging", "delta", "every"): {"on": ["timer"]},
    ("hedging", "delta", "check_every"): {"slippage": 0.0},
    ("hedging", "notional", "every"): {"on": ["timer"]},
    ("hedging", "notional", "check_every"): {"slippage": 0.0},
    ("sizing", "inventory", "trend_with"): {"trend_tilt": True},
    ("sizing", "inventory", "trend_against"): {"trend_tilt": True},
    ("pricing", "avellaneda", "infinite_horizon"): {"max_position": 4.0},
    ("pricing", "cartea-jaimungal", "method"): EXACT | {"method": "asymptotic"},
    ("pricing", "cartea-jaimungal", "k_sell"): EXACT,
    ("pricing", "cartea-jaimungal", "session"): EXACT,
    ("pricing", "cartea-jaimungal", "horizon"): EXACT | {"session": True},
    ("pricing", "cartea-jaimungal", "alpha"): EXACT | {"session": True, "horizon": "30s"},
    ("pricing", "classic", "reference_volatility"): {"dynamic_gamma": True, "gamma_max": 50.0},
    ("pricing", "classic", "order_flow_intensity"): {"dynamic_gamma": True, "gamma_max": 50.0},
    ("pricing", "classic", "kappa"): {"model": "avellaneda"},
    ("pricing", "classic", "kappa_threshold"): {"model": "avellaneda"},
    ("pricing", "classic", "time_horizon"): {"model": "avellaneda"},
    ("pricing", "glft", "method"): EXACT_GLFT | {"method": "closed-form"},
    ("pricing", "glft", "session"): EXACT_GLFT,
    ("pricing", "glft", "horizon"): EXACT_GLFT | {"session": True},
    ("pricing", "glft", "terminal_penalty"): EXACT_GLFT | {"session": True, "horizon": "30s"},
}
"""What else has to be set for a parameter to matter: most often the choice that it belongs to."""

QUIET_BOOK = {"duration": "20s", "limit_rate": 1.0, "market_rate": 1.0, "cancel_rate": 1.0}
SLOW_VENUE = {"entry_latency": "300ms", "response_latency": "300ms"}
STOPPED = {"risk.stop": ("stop-loss", {"money": 0.02})}

SIZES = {"sizing": ("inventory", {"quantity": 0.2, "position_limit": 4.0})}

WINNING = {
    "market": ("book", {"duration": "30s", "market_rate": 8.0, "informed": 0.0}),
    "pricing": ("fixed", {"half_spread": 0.01, "skew": 0.005}),
}
"""Nobody knows more than we do, so that a position may gain."""

AROUND: dict[tuple[str, ...], dict[str, tuple[str, Table]]] = {
    ("venue", "queue", "amend"): {
        **SIZES,
        "execution": ("tolerance", {"every": "400ms"}),
    },
    ("execution", "queue-value", "half_life"): {"market": ("book", {"duration": "40s", "market_rate": 8.0})},
    ("execution", "tolerance", "wait_for_cancel"): {"venue": ("queue", {"amend": "none"})},
    ("execution", "tolerance", "size_tolerance"): SIZES,
    ("execution", "tolerance", "lots_tolerance"): SIZES,
    ("risk", "drawdown", "forgive_after"): {"risk.recovery": ("recovery", {"cool_down": "1s", "every": "1s"})},
    ("risk", "recovery"): STOPPED,
    ("risk", "take-profit"): WINNING,
    ("risk", "trailing-stop"): WINNING,
    ("risk", "stale-data"): {"market": ("book", QUIET_BOOK)},
}
"""What other sections of the stack have to say for a rule, or one parameter of it, to matter."""

VALUES: dict[Parameter, list[Any]] = {
    ("signals", "microprice", "adjustment"): [[0.5]],
    ("signals", "imbalance", "ticks"): [1],
    ("signals", "impact", "trades"): [5],
    ("signals", "intensity", "sweep"): ["1s"],
    ("signals", "intensity", "farthest"): [0.02],
    ("signals", "ofi", "ticks"): [1],
    ("signals", "ofi", "weights"): [[1.0, 0.5, 0.25]],
    ("signals", "vamp-mid", "ticks"): [1],
    ("signals", "weighted-mid", "ticks"): [1],
    ("pricing", "classic", "gamma_min"): [0.35],
    ("pricing", "classic", "gamma_max"): [0.45],
    ("ladder", "fibonacci", "sizes"): [[1.0, 2.0]],
    ("risk", "drawdown", "fraction"): [0.0002],
    ("risk", "kill-switch", "reduce_at"): [1.8],
    ("risk", "kill-switch", "cancel_at"): [2.2],
    ("risk", "stop-loss", "fraction"): [0.0001],
    ("risk", "take-profit", "fraction"): [0.00001],
    ("risk", "trailing-stop", "fraction"): [0.0001],
    ("hedging", "delta", "betas"): [[0.5, 2.0]],
    ("hedging", "delta", "weights"): [[0.3, 0.7]],
    ("hedging", "minimum-variance", "least_own"): [0.9],
    ("hedging", "notional", "weights"): [[0.3, 0.7]],
    ("execution", "classic-requote", "amend_fraction"): [0.0001],
    ("ladder", "fibonacci", "ask_sizes"): [[1.0, 2.0]],
}
"""Other values of a parameter, where they cannot be derived from its type and bounds."""

for each in ("delta", "minimum-variance", "notional"):
    VALUES["hedging", each, "min_size"] = [[0.5, 0.5]]
    CONTEXTS["hedging", each, "timeout"] = {"mode": "limit", "timeout": "2s"}
for each in ("classic-requote", "queue-value", "requote", "tolerance"):
    VALUES["execution", each, "max_distance"] = [0.0003]
    AROUND["execution", each, "one_in_flight"] = {"venue": ("queue", SLOW_VENUE)}

CALLED = (("optimization", "spread-cache", "position"),)
"""What only a call shows: in a run a position changes by a fill, and a fill ends a kept spread by itself."""

QUIET: dict[str, float] = {"daily_volatility": 0.001, "volatility": 0.01}
LIVELY: dict[str, float] = {
    "daily_volatility": 0.04,
    "volatility": 0.05,
    "alpha": 0.5,
    "market_impact": 0.001,
    "vamp_impact": 0.4,
    "vamp_price": 100.05,
    "momentum": 0.6,
    "volume_volatility": 0.7,
    "exhaustion": 0.4,
    "gamma_adjustment": 0.3,
    "kappa_adjustment": 0.3,
    "volatility_adjustment": 0.3,
    "offset": 0.0005,
    "trend_direction": 1.0,
    "adjustment_age": 15.0,
    "trending": 1.0,
    "trending_up": 1.0,
    "position_age": 3600.0,
}
TURNING: dict[str, float] = {
    "daily_volatility": 0.03,
    "volatility": 0.03,
    "momentum": -0.3,
    "reversal": 0.7,
    "exhaustion": -0.3,
    "gamma_adjustment": -0.3,
    "adjustment_age": 1.0,
    "ranging": 1.0,
    "trending_down": 0.0,
}
SITUATIONS = ((QUIET, 0.0), (LIVELY, 1.5), (TURNING, -3.0))
"""What signals say, and the position."""

RETURNED = ("bid quantity", "ask quantity", "reservation price", "half-spread to the bid", "half-spread to the ask")

WAVES = {
    "trend": "math.sin(market.now * 1e-9)",
    "momentum": "0.25 * math.sin(market.now * 0.7e-9)",
    "reversal": "0.15 + 0.1 * math.sin(market.now * 0.3e-9)",
    "volatility": "1.0 + 0.9 * math.sin(market.now * 0.9e-9)",
    "volume_volatility": "0.5 + 0.4 * math.sin(market.now * 1.1e-9)",
    "completed": "math.floor(market.now * 2e-9)",
    "danger": "math.nan if market.now % 5_000_000_000 < 500_000_000 else 4.0 * abs(math.sin(market.now * 0.4e-9))",
}
"""What the inputs of signals are fed with in a run; all else is 0 there."""

KNOWN = '''
"""Publishes every number that a rule may ask for, so that none depends on another rule."""
import math
import attrs
import mmkit


@attrs.define
class State:
{state}


def on_clock(params, state, market):
{waves}


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("known", state=State, outputs=dict.fromkeys(attrs.fields_dict(State), ""), on_clock=on_clock)
'''


def rules_of(role: str) -> dict[str, Any]:
    """Returns the built-in rules of a role by name."""
    entries = importlib.metadata.entry_points(group=f"mmkit.{role}")
    return {
        entry.name: getattr(entry.load(), hook_name(Role(role)))() for entry in sorted(entries, key=lambda e: e.name)
    }


def parameters(*roles: str) -> Iterator[Any]:
    """Yields every parameter of the rules of some roles."""
    for role in roles:
        for name, rule in rules_of(role).items():
            if role == "market" and name not in SIMULATED:
                continue
            if role == "optimization" and not (rule.keeps or rule.samples):
                continue
            for field in attrs.fields(attrs.resolve_types(rule.params)):
                if (role, name, field.name) in CALLED:
                    continue
                yield pytest.param(role, name, field.name, id=f"{role}-{name}-{field.name}")


def inputs_and_outputs() -> tuple[list[str], set[str]]:
    """Returns the names that rules ask for, and those that sizings publish."""
    asked: dict[str, None] = {}
    published: set[str] = set()
    for role in ("signals", *DECIDING, "risk"):
        for rule in rules_of(role).values():
            asked.update(dict.fromkeys(attrs.fields_dict(rule.inputs) if rule.inputs else ()))
            published |= set(rule.outputs) if role == "sizing" else set()
    return [name for name in asked if name not in published], published


def toml(value: Any) -> str:
    """Returns a value as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    return repr(value)


def section(path: str, use: str, chosen: Mapping[str, Any]) -> str:
    """Returns a section of a stack file."""
    return "\n".join([f"[{path}]", f'use = "{use}"', *(f"{key} = {toml(value)}" for key, value in chosen.items())])


def stack_text(role: str, name: str, parameter: str, chosen: Table) -> str:
    """Returns a stack with a rule and its parameters; every other rule as it takes least away from what this one does."""
    used: dict[str, tuple[str, Table]] = {
        "market": ("book", SETTINGS["market", "book"]),
        "venue": ("queue", {}),
        "sizing": ("fixed", {"quantity": 0.2}),
        "pricing": ("fixed", {"half_spread": 0.0, "skew": 0.05}),
        "ladder": ("uniform", {"levels": 2}),
        "risk.limits": ("position-limit", {"max_position": 8.0}),
        "execution": ("requote", {"every": "400ms"}),
    }
    fees = "maker_fee = 0.0005\ntaker_fee = 0.001"
    others = []
    if role == "risk":
        used["market"] = ("book", {"duration": "30s", "sigma": 0.1})
        used["pricing"] = ("fixed", {"half_spread": 0.01, "skew": 0.02})
        used["ladder"] = ("uniform", {"levels": 3})
        fees = "taker_fee = 0.00002"
    if role == "hedging":
        used["market"] = ("book", MOVING)
        for each in ("Y", "Z"):
            others.append(f"[instruments.{each}]\ntick_size = 0.01\nlot_size = 0.001\ntaker_fee = 0.0001")
            others.append(section(f"instruments.{each}.market", "book", MOVING))
    if role == "ladder":
        used["sizing"] = ("inventory", SETTINGS["sizing", "inventory"])  # it publishes a capacity
    if name == "queue":  # orders that wait long enough for a queue to matter
        used["market"] = ("book", {"duration": "40s"})
        used["pricing"] = ("fixed", {"half_spread": 0.0})
        used["execution"] = ("requote", {"every": "1s"})
    if name == "log-sampling":  # candles whose signals stand out, and orders that are refused
        used["venue"] = ("queue", {"entry_latency": "300ms"})
    if name in ("diffusion", "intensity") and role in ("market", "venue"):
        used["market"] = ("diffusion", SETTINGS["market", "diffusion"])
        used["venue"] = ("intensity", SETTINGS["venue", "intensity"])
        used["pricing"] = ("fixed", {"half_spread": 0.6})
        used["execution"] = ("requote", {"post_only": False})
    signals = [section("signals.known", "known", {})]
    log: Table = {}
    if role == "signals":
        signals.append(section("signals.tried", name, chosen))
    elif name == "log-sampling":
        signals.append(section("signals.candles", "volume-candles", {}))
        log["optimizations"] = [{"use": name, **chosen}]
    elif role == "optimization":
        signals.append(section("signals.sigma", "volatility", {"half_life": "2s", "sample": "200ms", "warm_up": "1s"}))
        wiring = {"volatility": "sigma.value"}
        cached = {"gamma": 5.0, "k": 100.0, "inputs": wiring, "optimizations": [{"use": name, **chosen}]}
        used["pricing"] = ("avellaneda", cached)
    elif role == "risk":
        used["risk.tried"] = (name, chosen)
    else:
        used[role] = (name, chosen)
    used |= AROUND.get((role, name), {}) | AROUND.get((role, name, parameter), {})
    if name == "recovery":  # it is declared after those that it recovers from
        used["risk.tried"] = used.pop("risk.tried")
    paths = {"market": "instruments.X.market", "venue": "instruments.X.venue"}
    return "\n".join(
        [
            '[stack]\nname = "tried"\nseed = 2\nquote = "X"\nrecord_every = "200ms"\nplugins = ["known.py"]',
            f"[instruments.X]\ntick_size = 0.01\nlot_size = 0.001\n{fees}",
            *others,
            *signals,
            *(section(paths.get(each, each), *rule) for each, rule in used.items()),
            "[log]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in log.items()),
            "[report]",
        ]
    )


@pytest.fixture(scope="module", autouse=True)
def distributions() -> Iterator[None]:
    """Reads the names and versions of distributions once, and not for each of several hundred stacks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "supplier", functools.cache(plugins.supplier))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the signal that knows everything."""
    place = tmp_path_factory.mktemp("parameters")
    names, _ = inputs_and_outputs()
    state = "\n".join(f"    {name}: float = 0.0" for name in names)
    waves = "\n".join(f"    state.{name} = {wave}" for name, wave in WAVES.items())
    (place / "known.py").write_text(KNOWN.format(state=state, waves=waves))
    return place


@pytest.fixture(scope="module")
def outputs(folder: Path) -> Callable[[str, str, str, Table], str]:
    """Returns a function that says all that a stack with a rule and its parameters puts out."""
    known: dict[str, str] = {}

    def put_out(role: str, name: str, parameter: str, chosen: Table) -> str:
        text = stack_text(role, name, parameter, chosen)
        if text not in known:
            file = folder / "stack.toml"
            file.write_text(text)
            stack = settings.read(file)
            known[text] = decisions(stack) if role in DECIDING else whole_run(stack)
        return known[text]

    return put_out


def decisions(stack: Any) -> str:
    """Returns what the rules of a stack return in every situation, and the quotes and requests."""
    said = []
    for signals, position in SITUATIONS:
        numbers = {f"known.{name}": value for name, value in signals.items()}
        orders = (OwnOrder(1, 99.5, 0.1),)
        found = explain(stack, Snapshot(10**10, 0, 99.99, 100.01, position=position, signals=numbers, orders=orders))
        returned = [(step.name, step.value) for step in found.steps if is_returned(step.name)]
        said.append((returned, found.bids, found.asks, found.actions))
    return repr(said)


def is_returned(name: str) -> bool:
    """Returns whether a step is what a rule returns, and not a step on the way."""
    return name in RETURNED or name.startswith("level ")


def whole_run(stack: Any) -> str:
    """Returns what a run leaves: fills, records and the decision log."""
    run = attempt(stack, engine="python")
    assert run.error is None
    return repr((run.fills.rows(), run.records.rows(), run.log))


def others(role: str, name: str, parameter: str) -> tuple[Table, list[Any]]:
    """Returns a rule's settings for a test of a parameter, and other values that it may have, the nearest first."""
    params = attrs.resolve_types(rules_of(role)[name].params)
    field = attrs.fields_dict(params)[parameter]
    key = (role, name, parameter)
    chosen = SETTINGS.get((role, name), {}) | CONTEXTS.get(key, {})
    if key in VALUES:
        return chosen, VALUES[key]
    kind = kind_of(field.type)
    assert kind is not None
    now = chosen.get(parameter, field.default)
    if isinstance(now, enum.Enum):
        now = kind.write(now)
    if kind.choices:
        single = [[each] if issubclass(field.type, enum.IntFlag) else each for each in kind.choices]
        return chosen, [value for value in single if value != now]
    if field.type is bool:
        return chosen, [not now]
    assert kind.number, f"{role} {name}: add other values of {parameter} to VALUES"
    assert not kind.many, f"{role} {name}: add other values of {parameter} to VALUES"
    now = kind.read(now, Path()) if field.type is Duration and isinstance(now, str) else now
    return chosen, [kind.write(value) for value in numbers(now, field, field.type)]


def numbers(now: float, field: "attrs.Attribute[Any]", annotation: Any) -> list[float]:
    """Returns numbers within a field's bounds, other than its value."""
    whole = annotation in (int, Duration)
    unit = 10**9 if annotation is Duration else 1
    if math.isfinite(now) and now != 0:
        found = [now * factor for factor in (2, 0.5, 10, 0.1, 100, 0.01)]
    else:
        found = [size * unit for size in (1, 0.1, 0.01, 10, 100, -1)]
    found += [field.metadata[bound] for bound in ("at_least", "at_most") if field.metadata[bound] is not None]
    found = [int(value) if whole else float(value) for value in found]
    return [value for value in found if value != now and out_of_range(value, annotation, field) is None]


@pytest.mark.parametrize(
    ("role", "name", "parameter"),
    [*parameters("market", "venue", "signals", *DECIDING, "risk", "execution", "hedging", "optimization")],
)
def test_a_parameter_changes_what_is_put_out(
    outputs: Callable[[str, str, str, Table], str], role: str, name: str, parameter: str
) -> None:
    chosen, values = others(role, name, parameter)
    before = outputs(role, name, parameter, chosen)
    tried = []
    for value in values:
        try:
            after = outputs(role, name, parameter, chosen | {parameter: value})
        except ConfigError:
            continue
        if after != before:
            return
        tried.append(value)
    pytest.fail(f"{role} {name}: {parameter} = {', '.join(map(toml, tried)) or 'no other value'} changes nothing")


def test_a_position_further_away_than_its_tolerance_ends_a_kept_spread() -> None:
    cache = rules_of("optimization")["spread-cache"]
    mode = attrs.fields(cache.params).mode.default.__class__.TTL
    kept = {}
    for tolerance in (0.0, 1.0):
        params, state = cache.params(mode=mode, position=tolerance), cache.state()
        market = SimpleNamespace(now=0, fills=0, mid=100.0, position=0.0)
        assert not cache.keeps(params, state, market, (0.1,))
        market.position = 0.5
        kept[tolerance] = cache.keeps(params, state, market, (0.1,))
    assert kept == {0.0: False, 1.0: True}
