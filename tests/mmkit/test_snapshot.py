"""The situation of a snapshot: what is taken, and every fault in a line of its own, file and key first."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.errors import ConfigError
from mmkit.settings import read as read_stack
from mmkit.snapshot import Other, OwnOrder, Snapshot, read

STACK = """
[instruments.SIM]
tick_size = 0.1
lot_size = 0.001
[instruments.SIM.market]
use = "book"
[signals.volatility]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.5
[pricing]
use = "avellaneda"
gamma = 0.2
k = 1.5
"""

GOOD: dict[str, Any] = {
    "time": 5_000_000_000,
    "bid": 100.0,
    "ask": 100.1,
    "mark": 100.02,
    "position": -1.25,
    "signals": {"volatility.value": 0.5},
    "orders": [{"side": 1, "price": 99.9, "qty": 0.5}],
}


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[..., Snapshot]:
    """Returns a reader of a snapshot given as text, or as GOOD with keys replaced (None: left out)."""
    (tmp_path / "stack.toml").write_text(STACK)
    stack = read_stack(tmp_path / "stack.toml")

    def given(text: str | bytes | None = None, **keys: Any) -> Snapshot:
        if text is None:
            text = json.dumps({key: value for key, value in {**GOOD, **keys}.items() if value is not None})
        (tmp_path / "now.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(tmp_path / "now.json", stack)

    return given


@pytest.fixture
def fault(snapshot: Callable[..., Snapshot], tmp_path: Path) -> Callable[..., list[str]]:
    """Returns the faults of a snapshot without the file's name, which each begins with."""

    def given(text: str | bytes | None = None, **keys: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            snapshot(text, **keys)
        assert caught.value.exit_code == 2
        start = f"{tmp_path / 'now.json'}: "
        assert all(line.startswith(start) and "\n" not in line for line in caught.value.faults)
        return [line.removeprefix(start) for line in caught.value.faults]

    return given


def test_it_is_what_the_document_says(snapshot: Any) -> None:
    assert snapshot() == Snapshot(
        time=5_000_000_000,
        start=5_000_000_000,
        bid=100.0,
        ask=100.1,
        mark=100.02,
        position=-1.25,
        signals={"volatility.value": 0.5},
        orders=(OwnOrder(1, 99.9, 0.5),),
    )


def test_time_bid_and_ask_are_enough(snapshot: Any) -> None:
    found = snapshot('{"time": 0, "bid": 1, "ask": 2}')
    assert (found.bid, found.ask, found.position, found.signals, found.orders) == (1.0, 2.0, 0.0, {}, ())
    assert math.isnan(found.mark)


def test_the_session_may_have_begun_earlier(snapshot: Any, fault: Any) -> None:
    assert snapshot(start=0).start == 0
    assert fault(start=6_000_000_000) == ["start: must not be after time, 5000000000"]


def test_null_is_a_signal_that_is_not_ready(snapshot: Any) -> None:
    assert snapshot(signals={"volatility.value": None}).signals == {}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"positon": 1.0}, 'positon: unknown key (did you mean "position"?)'),
        ({"time": None}, "time: required (ns): the time of the decision"),
        ({"time": 1.5}, "time: must be a whole number of nanoseconds, is 1.5"),
        ({"time": "now"}, 'time: must be a whole number of nanoseconds, is "now"'),
        ({"time": True}, "time: must be a whole number of nanoseconds, is true"),
        ({"time": -1}, "time: must be between 0 and 4611686018427387903 ns, is -1"),
        ({"bid": None}, "bid: required (quote): a price"),
        ({"ask": None}, "ask: required (quote): a price"),
        ({"bid": "100"}, 'bid: must be a number, is "100"'),
        ({"bid": False}, "bid: must be a number, is false"),
        ({"bid": [100]}, "bid: must be a number, is a list"),
        ({"bid": -1.0}, "bid: must be above 0, is -1"),
        ({"bid": math.nan}, "bid: must be a finite number, is nan"),
        ({"ask": math.inf}, "ask: must be a finite number, is inf"),
        ({"ask": 10**400}, "ask: must be a finite number, is a number of too many digits"),
        ({"ask": 1e300}, "ask: is too large to be counted in ticks"),
        ({"ask": 99.9}, "ask: the book is crossed: must be above bid, 100, is 99.9"),
        ({"ask": 100.0}, "ask: the book is crossed: must be above bid, 100, is 100"),
        ({"mark": 0}, "mark: must be above 0, is 0"),
        ({"mark": math.nan}, "mark: must be a finite number, is nan"),
        ({"position": math.nan}, "position: must be a finite number, is nan"),
        ({"position": "1"}, 'position: must be a number, is "1"'),
        ({"position": 1e300}, "position: is too large to be counted in lots"),
        ({"signals": [1]}, 'signals: must be an object such as {"sigma.value": 0.5}'),
        (
            {"signals": {"volatilty.value": 1.0}},
            'signals.volatilty.value: no signal of the stack publishes this (did you mean "volatility.value"?)',
        ),
        (
            {"signals": {"x": 1.0}},
            "signals.x: no signal of the stack publishes this; there are: volatility.value, volatility.daily",
        ),
        ({"signals": {"volatility.value": "1"}}, 'signals.volatility.value: must be a number, is "1"'),
        ({"signals": {"volatility.value": math.nan}}, "signals.volatility.value: must be a finite number, is nan"),
        ({"orders": {}}, 'orders: must be a list such as [{"side": 1, "price": 99.9, "qty": 0.1}]'),
        ({"orders": [1]}, "orders[0]: must be an object, is 1"),
        (
            {"orders": [{"side": 0, "price": 99.9, "qty": 1}]},
            "orders[0].side: must be 1 (buys) or -1 (sells), is 0",
        ),
        (
            {"orders": [{"side": True, "price": 99.9, "qty": 1}]},
            "orders[0].side: must be 1 (buys) or -1 (sells), is true",
        ),
        ({"orders": [{"side": 1, "qty": 1}]}, "orders[0].price: required (quote): a price"),
        (
            {"orders": [{"side": 1, "price": 99.93, "qty": 1}]},
            "orders[0].price: must be a multiple of the tick, 0.1, is 99.93",
        ),
        ({"orders": [{"side": 1, "price": 99.9}]}, "orders[0].qty: required (base): what is left of the order"),
        (
            {"orders": [{"side": 1, "price": 99.9, "qty": 0.0004}]},
            "orders[0].qty: must be a multiple of the lot, 0.001, is 0.0004",
        ),
        (
            {"orders": [{"side": 1, "price": 99.9, "qty": 1, "uuid": 3}]},
            "orders[0].uuid: unknown key",
        ),
        (
            {"orders": [{"side": 1, "price": 99.9, "qty": 1}] * 1025},
            "orders: must have at most 1024 entries, has 1025",
        ),
    ],
)
def test_a_fault_is_one_line_with_its_key(fault: Any, keys: dict[str, Any], said: str) -> None:
    assert fault(**keys) == [said]


def test_all_faults_are_reported_at_once(fault: Any) -> None:
    assert fault(bid=None, mark=-1, position="x", signals={"y": 1}) == [
        "bid: required (quote): a price",
        "mark: must be above 0, is -1",
        'position: must be a number, is "x"',
        "signals.y: no signal of the stack publishes this; there are: volatility.value, volatility.daily",
    ]


def test_a_key_that_is_there_twice_is_a_fault(fault: Any) -> None:
    assert fault('{"time": 0, "bid": 1, "ask": 2, "bid": 1}') == ["bid: is there twice"]
    twice = '{"time": 0, "bid": 1, "ask": 2, "signals": {"volatility.value": 1, "volatility.value": 2}}'
    assert fault(twice) == ["signals.volatility.value: is there twice"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe{", "{'time': 0}"])
def test_what_is_no_json_is_said_in_one_line(fault: Any, text: str | bytes) -> None:
    (said,) = fault(text)
    assert said.startswith("is not a JSON file: ")


@pytest.mark.parametrize("text", ["[]", "1", "null"])
def test_what_is_no_object_is_said_in_one_line(fault: Any, text: str) -> None:
    (said,) = fault(text)
    assert said.startswith("must be a JSON object such as ")


def test_a_file_that_is_not_there_is_exit_2_with_the_nearest(snapshot: Any, tmp_path: Path) -> None:
    snapshot()
    with pytest.raises(ConfigError, match=r'no such snapshot file \(did you mean "now.json"\?\)') as caught:
        read(tmp_path / "mow.json", read_stack(tmp_path / "stack.toml"))
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path, read_stack(tmp_path / "stack.toml"))


def test_a_world_without_a_book_has_one_price_and_counts_time_from_its_start(tmp_path: Path) -> None:
    world = 'use = "diffusion"\nsigma = 2.0\nstep = "5ms"\n[instruments.SIM.venue]\nuse = "intensity"\nA = 140\nk = 1.5'
    (tmp_path / "stack.toml").write_text(STACK.replace('use = "book"', world))
    (tmp_path / "now.json").write_text('{"time": 7, "bid": 100, "ask": 100}')
    found = read(tmp_path / "now.json", read_stack(tmp_path / "stack.toml"))
    assert (found.start, found.bid, found.ask) == (0, 100.0, 100.0)


WATCHED = STACK.replace(
    "[instruments.SIM]",
    """[stack]
quote = "SIM"
plugins = ["eye.py"]
[risk.eye]
use = "eye"
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.1
[instruments.SPOT.market]
use = "book"
[instruments.SIM]""",
)

EYE = """
import mmkit


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("eye", watch=lambda params, state, market, account, desk, control: mmkit.NORMAL)
"""


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., Snapshot]:
    """Returns a reader of a snapshot of a stack over two instruments with a rule that watches the account."""
    (tmp_path / "eye.py").write_text(EYE)
    (tmp_path / "watched.toml").write_text(WATCHED)
    stack = read_stack(tmp_path / "watched.toml")

    def given(**keys: Any) -> Snapshot:
        (tmp_path / "now.json").write_text(json.dumps(GOOD | keys))
        return read(tmp_path / "now.json", stack)

    return given


def test_account_and_other_instruments_are_what_the_document_says(watched: Any) -> None:
    found = watched(
        account={"entry": 99.5, "realised": -3, "losses": 2},
        instruments={"SPOT": {"bid": 99.9, "ask": 100.05, "position": -2.5}},
    )
    assert found.account == {"entry": 99.5, "realised": -3.0, "losses": 2}
    assert found.instruments == {"SPOT": Other(99.9, 100.05, -2.5)}
    assert watched(instruments={"SPOT": {"bid": 1, "ask": 2}}).instruments == {"SPOT": Other(1.0, 2.0, 0.0)}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"account": 3}, 'account: must be an object such as {"entry": 99.5}'),
        ({"account": {"entri": 1.0}}, 'account.entri: unknown key (did you mean "entry"?)'),
        ({"account": {"entry": "1"}}, 'account.entry: must be a number, is "1"'),
        ({"account": {"entry": 0}}, "account.entry: must be above 0, is 0"),
        ({"account": {"entry": -1.5}}, "account.entry: must be above 0, is -1.5"),
        ({"account": {"peak": math.nan}}, "account.peak: must be a finite number, is nan"),
        ({"account": {"losses": 1.5}}, "account.losses: must be a whole number, is 1.5"),
        ({"account": {"opened": 0.5}}, "account.opened: must be a whole number, is 0.5"),
        ({"instruments": []}, 'instruments: must be an object such as {"SPOT": {"bid": 99.9'),
        ({"instruments": {"SPTO": {}}}, 'instruments.SPTO: no other instrument of the stack (did you mean "SPOT"?)'),
        ({"instruments": {"SIM": {}}}, "instruments.SIM: no other instrument of the stack"),
        ({"instruments": {"SPOT": 3}}, "instruments.SPOT: must be an object, is 3"),
        ({"instruments": {"SPOT": {"bid": 1.0}}}, "instruments.SPOT.ask: required (quote): a price"),
        (
            {"instruments": {"SPOT": {"bid": 2.0, "ask": 1.0}}},
            "instruments.SPOT.ask: the book is crossed: must be above bid, 2, is 1",
        ),
        (
            {"instruments": {"SPOT": {"bid": 1.0, "ask": 2.0, "postion": 1}}},
            'instruments.SPOT.postion: unknown key (did you mean "position"?)',
        ),
        (
            {"instruments": {"SPOT": {"bid": 1.0, "ask": 2.0, "position": 1e300}}},
            "instruments.SPOT.position: is too large to be counted in lots",
        ),
    ],
)
def test_a_fault_of_account_or_instruments_is_one_line_too(watched: Any, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        watched(**keys)
    (line,) = caught.value.faults
    assert said in line


def test_an_account_that_nobody_watches_is_a_fault(fault: Any) -> None:
    assert fault(account={"entry": 99.5}) == ["account: no rule of the stack watches it"]
