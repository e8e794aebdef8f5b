"""Measures a stack: speed engine by engine, a decision's latency, memory, and what each optimization gains and changes."""

import statistics
import sys
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from mmkit.engine.layout import layout_of
from mmkit.engine.session import Program, program
from mmkit.fields import Duration
from mmkit.optimizing import switched, unless_off
from mmkit.runs import Run, attempt
from mmkit.stack import Slot, Stack

QUOTES_EVERY = Duration(100_000_000)
"""How often the quotes of two runs are compared, in ns of market time."""


def figures(values: list[float]) -> dict[str, float]:
    """Returns median, least and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def engines(stack: Stack, names: list[str], repeat: int, notify: Callable[[str], None]) -> list[dict[str, Any]]:
    """Runs a stack `repeat` times on each engine, in turn, after one run that is not counted; a row per engine.

    rows_per_s and run_s are of the replay alone; compile_s is what the first run took to compile or load.
    """
    first = {name: finished(stack, name, notify) for name in names}
    timed: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(repeat):
        for name in names:
            timed[name].append(finished(stack, name, notify).summary["timing"])
    return [
        {
            "engine": name,
            "rows": first[name].summary["data"]["events"],
            "rows_per_s": figures([timing["events_per_s"] for timing in timed[name]]),
            "run_s": figures([timing["run_s"] for timing in timed[name]]),
            "compile_s": first[name].summary["timing"]["compile_s"],
            "same_as_first": same(first[names[0]], first[name]),
        }
        for name in names
    ]


def finished(stack: Stack, engine: str, notify: Callable[[str], None]) -> Run:
    """Returns a run that came to its end; raises what ended it otherwise."""
    run = attempt(stack, engine=engine, notify=notify)
    if run.error is not None:
        raise run.error
    if run.interrupted:
        raise KeyboardInterrupt
    return run


def same(one: Run, other: Run) -> bool:
    """Returns whether two runs have the same fills and records, bit for bit."""
    return bool(one.fills.equals(other.fills) and one.records.equals(other.records))


def latency(stack: Stack, engine: str, notify: Callable[[str], None]) -> dict[str, Any]:
    """Returns how long every decision of a run takes, as a summary's counters have it: the first, p50, p99 and max in microseconds."""
    from mmkit.driver import Outcome, drive_paths, drive_tape
    from mmkit.engine.engines import choose
    from mmkit.results import Collector
    from mmkit.summary import latency as counted

    chosen = choose(engine, attrs.evolve(program(stack), untimed=0), notify)
    collector, outcome = Collector(stack), Outcome()
    if stack.leg.market.rule.paths:  # type: ignore[attr-defined]
        drive_paths(stack, chosen, collector, outcome, None)
    else:
        drive_tape(stack, chosen, collector, outcome, None, notify)
    if outcome.error is not None:
        raise outcome.error
    return counted(collector, chosen.name)


def memory(written: Program) -> dict[str, int]:
    """Returns bytes of a stack's state as one record, without the market's book.

    state_bytes: all of it, which is rules_bytes, kernel_bytes (market view, wanted ladder, ledger, clock) and orders_bytes (our orders,
    as many as `orders`); messages_bytes: the simulated way to the venue and back; log_bytes: of what chooses the decision log's events.
    """
    session = written.session()
    names = [field.name for field in attrs.fields(type(session))]
    sizes = {name: layout_of(getattr(session, name), name in written.compact).itemsize for name in names}
    requests = layout_of(session.desk.sent[0]).itemsize * len(session.desk.sent)
    ways = sizes.pop("exchange") + requests
    orders = sizes.pop("desk") - requests
    core = sum(sizes.pop(name) for name in ("market", "trade", "fill", "ladder", "ledger", "reading", "clock"))
    log = sum(sizes.pop(name) for name in list(sizes) if name.startswith("log_"))
    rules = sum(sizes.values())
    return {
        "state_bytes": rules + core + orders,
        "rules_bytes": rules,
        "kernel_bytes": core,
        "orders_bytes": orders,
        "orders": len(session.desk.orders),
        "messages_bytes": ways,
        "log_bytes": log,
    }


def peak_memory() -> int | None:
    """Returns the most memory that this process has had so far, bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def candidates(stack: Stack, engine: str, everything: bool) -> list[Slot]:
    """Returns the optimizations to measure: what the stack switches on, and what rules have unless it is switched off.

    Without `everything` the compiled engine leaves out the latter: each takes as long as compiling the stack twice.
    """
    chosen = [*stack.optimizations, *((stack.log,) if stack.log else ()), *stack.process]
    if engine == "compiled" and not everything:
        return chosen
    return [*chosen, *(each for each in unless_off(stack) if each.rule.name != "compiled" or engine == "compiled")]


def ablation(
    stack: Stack, engine: str, repeat: int, notify: Callable[[str], None], everything: bool = False
) -> list[dict[str, Any]]:
    """Returns a row per optimization and rule: its time on against off, in turn, memory, hit ratio, log, and what it changes."""
    return [row(stack, slot, engine, repeat, notify) for slot in candidates(stack, engine, everything)]


def row(stack: Stack, slot: Slot, engine: str, repeat: int, notify: Callable[[str], None]) -> dict[str, Any]:
    """Returns what one optimization gains and changes."""
    stacks = {name: switched(stack, slot, name == "on") for name in ("on", "off")}
    seconds: dict[str, list[float]] = {"on": [], "off": []}
    finished(stacks["off"], engine, notify)
    for _ in range(repeat):
        for name, each in stacks.items():
            seconds[name].append(finished(each, engine, notify).summary["timing"]["run_s"])
    often = {name: attrs.evolve(each, record_every=QUOTES_EVERY) for name, each in stacks.items()}
    compared = {name: finished(each, engine, notify) for name, each in often.items()}
    counters = {name: run.summary["counters"] for name, run in compared.items()}
    sizes = {name: memory(program(each)) for name, each in stacks.items()}
    return {
        "optimization": slot.path,
        "engine": engine,
        "exact": bool(slot.rule.exact(slot.params)),  # type: ignore[attr-defined]
        "on_s": figures(seconds["on"]),
        "off_s": figures(seconds["off"]),
        "ratio": figures([on / off for on, off in zip(seconds["on"], seconds["off"], strict=True)]),
        "hit_ratio": counters["on"]["caches"].get(slot.path, {}).get("hit_ratio"),
        "state_bytes": {name: each["state_bytes"] for name, each in sizes.items()},
        "log_per_decision": {name: each["log"]["per_decision"] for name, each in counters.items()},
        **changed(compared["on"], compared["off"]),
    }


def changed(on: Run, off: Run) -> dict[str, Any]:
    """Returns what differs between two runs: "identical" where quotes and fills are equal bit for bit, otherwise how much.

    largest_ticks: the largest difference of a quote; differing: the share of compared times with one; pnl: the difference in money.
    """
    if same(on, off):
        return {"changed": "identical", "largest_ticks": 0.0, "differing": 0.0, "pnl": 0.0}
    tick = on.stack.leg.instrument.tick_size
    quotes = [np.column_stack([run.records["bid_quote"], run.records["ask_quote"]]) for run in (on, off)]
    count = min(len(each) for each in quotes)
    apart = np.abs(quotes[0][:count] - quotes[1][:count])
    one_sided = np.isnan(quotes[0][:count]) != np.isnan(quotes[1][:count])
    return {
        "changed": "bounded",
        "largest_ticks": float(np.nanmax(apart, initial=0.0) / tick),
        "differing": float(((apart > 0) | one_sided).any(axis=1).mean()) if count else 0.0,
        "pnl": on.summary["pnl"]["total"] - off.summary["pnl"]["total"],
    }
