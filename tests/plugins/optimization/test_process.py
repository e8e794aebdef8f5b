"""What concerns the process holds for the time of the run, is given back, and says what the system refuses."""

import gc
import os
from collections.abc import Callable
from typing import Any

import pytest

import mmkit
from mmkit_plugins.optimization import cpu_affinity, gc_freeze, memory_lock, realtime_priority
from mmkit_plugins.optimization._process import Refusal

needs_linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no sched_setaffinity")


def refusing(*given: Any) -> Any:
    raise PermissionError(1, "Operation not permitted")


@needs_linux
def test_the_process_runs_on_the_named_core_and_afterwards_where_it_did() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with cpu_affinity.around(cpu_affinity.Params(cores=(float(core),)), print):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


def test_garbage_collection_rests_for_the_time_of_the_run() -> None:
    assert gc.isenabled()
    with gc_freeze.around(gc_freeze.Params(), print):
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


@needs_linux
@pytest.mark.parametrize(
    ("module", "function"), [(cpu_affinity, "sched_setaffinity"), (realtime_priority, "sched_setscheduler")]
)
def test_a_refusal_is_said_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch, module: Any, function: str) -> None:
    monkeypatch.setattr(os, function, refusing)
    said: list[str] = []
    with module.around(module.Params(), said.append):
        pass
    (line,) = said
    name = module.mmkit_optimization().name
    assert line == f"warning: process.{name}: not permitted: [Errno 1] Operation not permitted; going on without it"


@needs_linux
@pytest.mark.parametrize(
    ("module", "function"), [(cpu_affinity, "sched_setaffinity"), (realtime_priority, "sched_setscheduler")]
)
def test_a_refusal_stops_the_run_where_the_stack_says_so(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    monkeypatch.setattr(os, function, refusing)
    with (
        pytest.raises(mmkit.ConfigError, match="not permitted"),
        module.around(module.Params(refused=Refusal.STOP), print),
    ):
        raise AssertionError("the run began")


class NoSuchLibrary:
    def __getattr__(self, name: str) -> Callable[..., int]:
        if name.startswith("mlock"):
            return lambda flags: -1
        raise AttributeError(name)


def test_memory_that_cannot_be_locked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_lock.ctypes, "CDLL", lambda *given, **named: NoSuchLibrary())
    said: list[str] = []
    with memory_lock.around(memory_lock.Params(), said.append):
        pass
    assert said[0].startswith("warning: process.memory-lock: not permitted")


def test_an_error_in_the_run_gives_everything_back() -> None:
    with pytest.raises(ZeroDivisionError), gc_freeze.around(gc_freeze.Params(), print):
        raise ZeroDivisionError
    assert gc.isenabled()
