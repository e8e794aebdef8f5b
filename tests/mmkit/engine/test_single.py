"""One event and its decision, called from Python: both engines send the same requests, and what a session changes is seen."""

from pathlib import Path
from typing import Any

import pytest

from mmkit import calling
from mmkit.engine.compiled import CompiledEngine
from mmkit.engine.plain import PlainEngine
from mmkit.engine.session import program
from mmkit.settings import read
from mmkit.stack import Stack

STACK = """
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
duration = "120s"
[signals.sigma]
use = "volatility"
sample = "100ms"
warm_up = "1s"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
[sizing]
use = "fixed"
quantity = 0.2
[ladder]
use = "fibonacci"
levels = 3
[risk.limits]
use = "position-limit"
[report]
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "stack.toml").write_text(STACK)
    return read(tmp_path / "stack.toml")


def requests(engine: Any, *, calls: int = 300) -> list[tuple[int, ...]]:
    """Returns what an engine asks for while the best prices wander, every request answered at once."""
    session, book = engine.session(), engine.book(False)
    log = engine.log(fills=1, records=1, events=4096)
    found: list[tuple[int, ...]] = []
    before = 0
    for i in range(calls):
        bid = 10_000 + (i * i) % 17 - (i * 7) % 5
        sent = engine.single(i * 100_000_000, bid, bid + 2, session, book, log)
        for number in range(before, sent):
            request = session.desk.sent[number & session.desk.mask]
            order = session.desk.orders[request.place]
            found.append((i, request.kind, order.id, order.side, order.tick, order.lots))
        calling.answer(session, before, sent)
        before = sent
    return found


def test_both_engines_send_the_same_requests(stack: Stack) -> None:
    said: list[str] = []
    compiled = CompiledEngine(program(stack), said.append, single=True)
    plain = requests(PlainEngine(program(stack)))
    assert len(plain) > 500
    assert requests(compiled) == plain
    # Other records of the same engine, another log among them: nothing of the first session is left in the second.
    assert requests(compiled, calls=100) == [each for each in plain if each[0] < 100]
    first, second = (compiled.log(fills=1, records=1, events=events) for events in (64, 4096))
    session, book = compiled.session(), compiled.book(False)
    for log in (first, second, first):
        compiled.single(0, 10_000, 10_002, session, book, log)
    assert first.first_latency == second.first_latency == -1


def test_calls_from_python_are_timed_over_the_markets_own_prices(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "WARM", 10)
    found = calling.called_from_python(stack, lambda text: None)
    assert found["calls"] == len(calling.best_prices(stack, lambda text: None)) - 10
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["max_us"]
