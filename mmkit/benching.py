"""Measures a stack: speed engine by engine, a decision's latency, memory, and what each optimization gains and changes."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from mmkit.engine.layout import layout_of
from mmkit.engine.session import ORDERS, Program, program
from mmkit.fields import Duration
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


def latency(stack: Stack) -> dict[str, float]:
    """Returns how long a decision takes in plain Python, in microseconds: the first, then p50, p99 and max of the others."""
    from mmkit.driver import Outcome, drive_paths, drive_tape
    from mmkit.engine.plain import PlainEngine
    from mmkit.results import Collector

    written = program(stack)
    taken: list[int] = []
    decide = written.functions["decide"]

    def timed(s: Any, book: Any) -> None:
        begun = time.perf_counter_ns()
        decide(s, book)
        taken.append(time.perf_counter_ns() - begun)

    engine = PlainEngine(attrs.evolve(written, functions={**written.functions, "decide": timed}))
    if stack.leg.market.rule.paths:  # type: ignore[attr-defined]
        drive_paths(stack, engine, Collector(stack), Outcome(), None)
    else:
        drive_tape(stack, engine, Collector(stack), Outcome(), None, lambda text: None)
    if len(taken) < 2:
        return {}
    others = np.array(taken[1:]) / 1e3
    p50, p99 = np.quantile(others, (0.5, 0.99)).tolist()
    return {"first_us": taken[0] / 1e3, "p50_us": p50, "p99_us": p99, "max_us": float(others.max())}


def memory(written: Program) -> dict[str, int]:
    """Returns bytes of a session as one record: what a rule has, what the kernel has, and the room for orders and messages."""
    session = written.session()
    sizes = {field.name: layout_of(getattr(session, field.name)).itemsize for field in attrs.fields(type(session))}
    room = sizes.pop("desk") + sizes.pop("exchange")
    core = sum(sizes.pop(name) for name in ("market", "trade", "fill", "ladder", "ledger", "clock"))
    return {"rules_bytes": sum(sizes.values()), "kernel_bytes": core, "orders_bytes": room, "orders": ORDERS}


def ablation(stack: Stack, engine: str, repeat: int, notify: Callable[[str], None]) -> list[dict[str, Any]]:
    """Returns a row per optimization of the stack: its time on against off, in turn, its hit ratio, and what it changes."""
    return [row(stack, slot, engine, repeat, notify) for slot in stack.optimizations]


def row(stack: Stack, slot: Slot, engine: str, repeat: int, notify: Callable[[str], None]) -> dict[str, Any]:
    """Returns what one optimization gains and changes."""
    off = without(stack, slot)
    seconds: dict[str, list[float]] = {"on": [], "off": []}
    finished(off, engine, notify)
    for _ in range(repeat):
        for name, each in (("on", stack), ("off", off)):
            seconds[name].append(finished(each, engine, notify).summary["timing"]["run_s"])
    compared = [finished(attrs.evolve(each, record_every=QUOTES_EVERY), engine, notify) for each in (stack, off)]
    counted = compared[0].summary["counters"]["caches"].get(slot.path, {})
    return {
        "optimization": slot.path,
        "on_s": figures(seconds["on"]),
        "off_s": figures(seconds["off"]),
        "ratio": figures([on / off for on, off in zip(seconds["on"], seconds["off"], strict=True)]),
        "hit_ratio": counted.get("hit_ratio"),
        **changed(*compared),
    }


def without(stack: Stack, slot: Slot) -> Stack:
    """Returns the stack with one optimization switched off."""
    pricing = stack.pricing
    kept = tuple(each for each in pricing.optimizations if each.path != slot.path)
    return attrs.evolve(stack, pricing=attrs.evolve(pricing, optimizations=kept))


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
