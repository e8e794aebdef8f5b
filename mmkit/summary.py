"""The summary of a run: what summary.json holds."""

import math
import statistics
from typing import Any

import polars as pl

from mmkit import __version__
from mmkit.driver import Outcome
from mmkit.engine.noting import middle
from mmkit.metrics import metrics, pnl_parts
from mmkit.money import Money
from mmkit.results import Collector
from mmkit.stack import Cost, Stack
from mmkit.statement import statement

SCHEMA = 1


def summarize(collector: Collector, outcome: Outcome, fills: Any, records: Any) -> dict[str, Any]:
    """Returns the summary; a run that ended early also has `ended` with the reason."""
    stack = collector.stack
    ends = collector.ends
    counts = collector.counts
    money = Money(stack.leg.instrument)
    quoted = fills.filter(pl.col("instrument") == stack.quote)
    rule: Any = stack.leg.market.rule
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
            "sources": [source for leg in stack.all_legs for source in sources(leg.market)],
            "events": collector.events,
            "first": collector.first_time,
            "last": collector.last_time,
        },
        "orders": {
            name: sum(getattr(end, name) for end in ends)
            for name in ("submitted", "cancelled", "rejected", "expired", "amended")
        },
        "fills": {
            "count": len(fills),
            "buy": int((fills["side"] > 0).sum()),
            "sell": int((fills["side"] < 0).sum()),
            "maker": int(fills["maker"].sum()),
            "taker": int((~fills["maker"]).sum()),
            "volume": math.fsum(fills["qty"]),
            "notional": math.fsum(notional(stack, fills)),
        },
        "position": dict(zip(stack.leg_names, positions(collector), strict=True)),
        "cash": collector.total("cash"),
        "fees": collector.total("fees"),
        "equity": collector.total("equity"),
        "pnl": pnl_parts(
            money.gains(quoted),
            money.gain_price(last_mid),
            funding=collector.totals.funding,
            hedge=math.fsum(contributed(collector, number) for number in range(1, len(stack.legs))),
        ),
        "metrics": metrics(quoted, records, submitted=collector.totals.submitted, markouts=collector.markouts.result()),
        "counters": {
            "decisions": counts.decisions,
            "quotes": counts.quotes,
            "records": len(records),
            "caches": caches(counts.caches),
            "log": {**logged(collector), "per_decision": per(logged(collector)["written"], counts.decisions)},
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
    if collector.settlements:
        document["settlements"] = collector.settlements
    if not rule.paths:
        document["instruments"] = {
            name: by_instrument(collector, number, fills) for number, name in enumerate(stack.leg_names)
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


def positions(collector: Collector) -> list[float]:
    """Returns the positions at the end, instrument by instrument: base currency, of inverse contracts contracts."""
    return [float(money.quantity(end.position)) for money, end in zip(collector.moneys, collector.ends, strict=True)]


def notional(stack: Stack, fills: Any) -> Any:
    """Returns what each fill was worth in quote currency: an inverse contract is worth its size."""
    sizes = {leg.instrument.name: leg.instrument.contract_size for leg in stack.all_legs if leg.instrument.inverse}
    names = fills["instrument"].to_list()
    worth = (fills["price"] * fills["qty"]).to_list()
    return [
        quantity * sizes[name] if name in sizes else each
        for name, quantity, each in zip(names, fills["qty"].to_list(), worth, strict=True)
    ]


def contributed(collector: Collector, number: int) -> float:
    """Returns what an instrument contributed to the profit, after its fees and funding, in the quoted instrument's money."""
    cash, _ = collector.moneys[number].of(collector.ends[number])
    return (cash + collector.worth(number)) * collector.rate(number)


def by_instrument(collector: Collector, number: int, fills: Any) -> dict[str, Any]:
    """Returns an instrument's part: orders, fills and, in the currency of its own profit, its money."""
    end, instrument = collector.ends[number], collector.stack.all_legs[number].instrument
    own = fills.filter(pl.col("instrument") == instrument.name)
    cash, fees = collector.moneys[number].of(end)
    return {
        "submitted": end.submitted,
        "fills": len(own),
        "volume": math.fsum(own["qty"]),
        "position": float(collector.moneys[number].quantity(end.position)),
        "mid": collector.end_mids[number],
        "cash": cash,
        "fees": fees,
        "funding": end.funding,
        "equity": cash + collector.worth(number),
        **statement(instrument, own, collector.end_mids[number], end.funding, Cost(int(collector.stack.fifo))),
    }


def logged(collector: Collector) -> dict[str, int]:
    """Returns how many events the decision log has, and how many were left out of it."""
    return {"written": sum(map(len, collector.events_noted)), "left_out": collector.counts.log["left_out"]}


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
