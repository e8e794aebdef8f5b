"""The summary of a run: what summary.json holds."""

import math
import statistics
from typing import Any

from mmkit import __version__
from mmkit.driver import Outcome
from mmkit.engine.noting import middle
from mmkit.metrics import metrics, pnl_parts
from mmkit.results import Collector

SCHEMA = 1


def summarize(collector: Collector, outcome: Outcome, fills: Any, records: Any) -> dict[str, Any]:
    """Returns the summary; a run that ended early also has `ended` with the reason."""
    stack = collector.stack
    totals = collector.totals
    rule: Any = stack.leg.market.rule
    quantity = fills["qty"]
    if not rule.paths:
        collector.markouts.close(collector.last_time)
    last_mid = collector.last_mids if rule.paths else collector.last_mid
    document = {
        "schema": SCHEMA,
        "mmkit": __version__,
        "stack": stack.name,
        "seed": stack.seed,
        "engine": outcome.engine,
        "data": {
            "sources": sources(stack.leg.market),
            "events": collector.events,
            "first": collector.first_time,
            "last": collector.last_time,
        },
        "orders": {
            "submitted": totals.submitted,
            "cancelled": totals.cancelled,
            "rejected": totals.rejected,
            "expired": totals.expired,
            "amended": 0,
        },
        "fills": {
            "count": len(fills),
            "buy": int((fills["side"] > 0).sum()),
            "sell": int((fills["side"] < 0).sum()),
            "maker": int(fills["maker"].sum()),
            "taker": int((~fills["maker"]).sum()),
            "volume": math.fsum(quantity),
            "notional": math.fsum(quantity * fills["price"]),
        },
        "position": {stack.quote: collector.position},
        "cash": collector.cash_of(totals),
        "fees": collector.fees_of(totals),
        "equity": collector.equity,
        "pnl": pnl_parts(fills, last_mid),
        "metrics": metrics(fills, records, submitted=totals.submitted, markouts=collector.markouts.result()),
        "counters": {
            "decisions": totals.decisions,
            "quotes": totals.quotes,
            "records": len(records),
            "caches": caches(totals.caches),
            "log": {**logged(collector), "per_decision": per(logged(collector)["written"], totals.decisions)},
            "latency": latency(collector, outcome.engine),
        },
        "timing": {
            "assemble_s": outcome.assemble_s,
            "compile_s": outcome.compile_s,
            "convert_s": outcome.convert_s,
            "run_s": outcome.run_s,
            "events_per_s": collector.events / outcome.run_s if outcome.run_s > 0.0 else None,
        },
    }
    if rule.paths:
        document["paths"] = {
            "count": len(collector.profits),
            "profit": moments(collector.profits),
            "position": moments(collector.positions),
            "spread": moments([spread for spread in collector.spreads if not math.isnan(spread)]),
        }
    if outcome.error is not None or outcome.interrupted:
        document["ended"] = str(outcome.error) if outcome.error is not None else "interrupted"
    return document


def logged(collector: Collector) -> dict[str, int]:
    """Returns how many events the decision log has, and how many were left out of it."""
    return {"written": sum(map(len, collector.events_noted)), "left_out": collector.totals.log["left_out"]}


def per(count: int, whole: int) -> float | None:
    """Returns a share; None of nothing."""
    return count / whole if whole else None


def latency(collector: Collector, engine: str) -> dict[str, Any]:
    """Returns how long decisions took, microseconds: the first, then percentiles of the others that were timed, within 1/32; max is exact.

    histogram: middle of each bucket (ns) and how many fell into it.
    """
    counts = collector.latencies
    found: dict[str, Any] = {"engine": engine, "timed": 0 if counts is None else int(counts.sum())}
    if collector.first_latency >= 0:
        found["first_us"] = collector.first_latency / 1e3
    if found["timed"]:
        reached = counts.cumsum()
        for name, share in (("p50_us", 0.5), ("p99_us", 0.99)):
            found[name] = min(middle(int((reached >= share * found["timed"]).argmax())), collector.longest) / 1e3
        found["max_us"] = collector.longest / 1e3
        found["histogram"] = [[middle(number), int(counts[number])] for number in counts.nonzero()[0].tolist()]
    return found


def caches(counted: dict[str, dict[str, int]]) -> dict[str, dict[str, float | None]]:
    """Returns hits, misses and hit ratio of every cache."""
    found: dict[str, dict[str, float | None]] = {}
    for path, each in counted.items():
        asked = each["hits"] + each["misses"]
        found[path] = {**each, "hit_ratio": each["hits"] / asked if asked else None}
    return found


def moments(values: list[float]) -> dict[str, float | None]:
    """Returns mean and standard deviation (ddof 1); None where there are too few values."""
    return {
        "mean": math.fsum(values) / len(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
    }


def sources(market: Any) -> list[str]:
    """Returns the files that a market reads, or the name of the simulator."""
    path = getattr(market.params, "path", None)
    if path is None:
        return [market.rule.name]
    return [str(each) for each in path] if isinstance(path, tuple) else [str(path)]
