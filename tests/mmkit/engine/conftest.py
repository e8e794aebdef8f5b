"""Random markets through whole stacks, with a rule that watches every order."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mmkit
from mmkit.runs import attempt

MARKET = '''
"""A random market: levels come and go around a walking touch, trades hit the best price or print through it."""
import attrs
import numpy as np
import mmkit


@attrs.frozen
class Params:
    rows: int = mmkit.field(400, doc="messages")


def events(params, instrument, rng):
    bids, asks = {}, {}
    rows = []
    now = 1_000_000_000
    touch = 1000
    for tick in range(touch - 12, touch):
        bids[tick] = int(rng.integers(1, 40))
    for tick in range(touch + 1, touch + 13):
        asks[tick] = int(rng.integers(1, 40))
    rows.append((now, 0, 0, mmkit.RESET))
    rows += [(now, t, q, mmkit.BID) for t, q in bids.items()]
    rows += [(now, t, q, mmkit.ASK) for t, q in asks.items()]
    for _ in range(params.rows):
        now += int(rng.integers(1_000_000, 60_000_000))
        if rng.random() < 0.4:
            if rng.random() < 0.5:
                through = int(rng.integers(0, 3))
                rows.append((now, min(asks) + through, int(rng.integers(1, 30)), mmkit.BUY))
            else:
                through = int(rng.integers(0, 3))
                rows.append((now, max(bids) - through, int(rng.integers(1, 30)), mmkit.SELL))
            continue
        touch += int(rng.integers(-2, 3))
        changes = {}
        for tick in [t for t in bids if t >= touch or t < touch - 25]:
            changes[(tick, mmkit.BID)] = 0
            del bids[tick]
        for tick in [t for t in asks if t <= touch or t > touch + 25]:
            changes[(tick, mmkit.ASK)] = 0
            del asks[tick]
        for _ in range(int(rng.integers(1, 5))):
            tick = touch - int(rng.integers(1, 12))
            bids[tick] = changes[(tick, mmkit.BID)] = int(rng.integers(1, 40))
            tick = touch + int(rng.integers(1, 12))
            asks[tick] = changes[(tick, mmkit.ASK)] = int(rng.integers(1, 40))
        rows += [(now, t, q, kind) for (t, kind), q in sorted(changes.items(), key=lambda c: c[1])]
    out = np.zeros(len(rows), mmkit.EVENT)
    for i, (ts, tick, lots, kind) in enumerate(rows):
        out[i] = (ts, ts + 2_000_000, tick, lots, kind, mmkit.BOTH)
    yield out


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("random", params=Params, events=events)
'''

SPY = '''
"""requote, watched: what leaves, and what the worst case then is."""
import importlib.metadata
import attrs
import mmkit

[entry] = importlib.metadata.entry_points(group="mmkit.execution", name="requote")
requote = entry.load().mmkit_execution()
seen = []


def act(params, state, market, ladder, desk):
    before = desk.next_id
    requote.act(params, state, market, ladder, desk)
    orders = [desk.orders[desk.live[i]] for i in range(desk.live_count)]
    quotes = [
        (ladder.bid_ticks[i], ladder.bid_lots[i], ladder.ask_ticks[i], ladder.ask_lots[i]) for i in range(ladder.levels)
    ]
    seen.append(
        dict(
            position=market.position_lots,
            long=sum(o.remaining for o in orders if o.side > 0),
            short=sum(o.remaining for o in orders if o.side < 0),
            quotes=quotes,
            touch=(market.bid_ticks, market.ask_ticks),
            sent=[(o.id, o.side, o.tick, o.lots) for o in orders if o.id >= before],
            ticks=[o.tick for o in orders],
        )
    )


@mmkit.hookimpl
def mmkit_execution():
    return attrs.evolve(requote, name="spy", act=act)
'''


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the random market and the watching execution."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "random_market.py").write_text(MARKET)
    (folder / "spy.py").write_text(SPY)
    return folder


@pytest.fixture(scope="session")
def random_run(plugins: Path) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """Returns a function that runs a stack over a random market: the run, and what the watching execution saw."""

    def run(seed: int, **chosen: Any) -> tuple[Any, list[dict[str, Any]]]:
        file = plugins / "stack.toml"
        file.write_text(stack_text(**chosen))
        done = mmkit.run(file, seed=seed)
        seen = done.stack.execution.rule.act.__globals__.get("seen", [])
        return done, list(seen)

    return run


def stack_text(**settings: Any) -> str:
    """Returns a stack over the random market."""
    chosen = {
        "model": "risk-averse",
        "partial": "true",
        "latency": "5ms",
        "pricing": 'use = "fixed"\nhalf_spread = 0.15\nskew = 0.1',
        "quantity": 0.7,
        "ladder": 'use = "uniform"\nlevels = 3\ngap_ticks = 2',
        "limit": 3.0,
        "post_only": "true",
        "every": "40ms",
        "on": '["timer"]',
        "execution": "spy",
        "rows": 400,
        **settings,
    }
    return """
[stack]
name = "random"
plugins = ["random_market.py", "spy.py"]
[instruments.X]
tick_size = 0.1
lot_size = 0.1
maker_fee = 0.0002
taker_fee = 0.0005
[instruments.X.market]
use = "random"
rows = {rows}
[instruments.X.venue]
use = "queue"
model = "{model}"
partial_fills = {partial}
entry_latency = "{latency}"
response_latency = "{latency}"
[pricing]
{pricing}
[sizing]
use = "fixed"
quantity = {quantity}
[ladder]
{ladder}
[risk.limits]
use = "position-limit"
max_position = {limit}
[execution]
use = "{execution}"
every = "{every}"
on = {on}
post_only = {post_only}
[report]
""".format(**chosen)


@pytest.fixture(scope="session")
def stack_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gives the session its own cache of compiled stacks: the same stack with other numbers compiles once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MMKIT_CACHE", str(folder))
        yield folder


@pytest.fixture
def both(stack_cache: Path, tmp_path: Path, agree: Callable[[Any, Any], None]) -> Callable[..., Any]:
    """Returns a function that runs a stack's text under both engines, asserts that they agree to the bit, and returns the compiled run.

    engine: "auto" where the stack has rules that do not compile.
    """

    def run(
        text: str, plugins: Mapping[str, str] | None = None, said: list[str] | None = None, engine: str = "compiled"
    ) -> Any:
        for name, source in (plugins or {}).items():
            (tmp_path / name).write_text(source)
        file = tmp_path / "stack.toml"
        file.write_text(text)
        plain = attempt(file, engine="python")
        compiled = attempt(file, engine=engine, notify=(said if said is not None else []).append)
        assert (plain.summary["engine"], compiled.summary["engine"]) == ("python", "compiled")
        assert str(compiled.error) == str(plain.error)
        agree(compiled, plain)
        return compiled

    return run
