"""The peer's side of every comparison: hftbacktest 2.4.4 runs the quoter that a stack under test describes.

Run by the Python of the peer's own environment (peer_process.py), which has no mmkit. Each line of stdin is one case
as JSON (the fields of quoter.Case), each line of stdout its answer: fills as [venue time, side, price tick, lots] in
the order in which they became known, position in lots, balance, fee, rows, decisions, the best prices known at the end
and, for `repeats`, seconds per run after the compilation. `failure` is the peer's own error code where it gave up.

The quoter decides every `every` ns from the data's earliest time. It keeps no memory of its own: what it knows is the
peer's local book, position and orders. An order's id is its price tick, so one price never carries two orders.
"""

import json
import os
import sys
import time
from typing import Any

import numpy as np
from hftbacktest import (
    BUY,
    CANCELED,
    FILLED,
    GTX,
    LIMIT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)
from numba import njit, uint64

LOG = 1 << 18
NO_PRICE = 1 << 40
END_OF_DATA = 1


@njit
def on_grid(x: float, up: bool) -> int:
    """Returns x as a whole number of ticks, rounded up or down unless it is one within the tolerance of the grid."""
    nearest = round(x)
    if abs(x - nearest) <= max(1e-9, 4.0 * 2.0**-52 * abs(x)):
        return int(nearest)
    return int(np.ceil(x)) if up else int(np.floor(x))


@njit
def log_fills(hbt, lot, log, count):
    """Writes the orders that are known to be filled, then forgets every finished order; returns the new count."""
    known = hbt.orders(0).values()
    while known.has_next():
        order = known.get()
        if order.status == FILLED:
            if count < len(log):
                log[count, 0] = order.exch_timestamp
                log[count, 1] = 1 if order.side == BUY else -1
                log[count, 2] = order.exec_price_tick
                log[count, 3] = round(order.exec_qty / lot)
            count += 1
    hbt.clear_inactive_orders(0)
    return count


@njit
def quote(hbt, every, half_spread, skew, quantity, max_lots, levels, gap, log):
    """Runs the quoter to the end of the data; returns decisions, fills and what ended it (1: end of data)."""
    tick = hbt.depth(0).tick_size
    lot = hbt.depth(0).lot_size
    decisions = 0
    fills = 0
    span = (levels - 1) * gap
    while True:
        ended = hbt.elapse(every)
        if ended != 0:
            break
        fills = log_fills(hbt, lot, log, fills)
        depth = hbt.depth(0)
        best_bid = depth.best_bid_tick
        best_ask = depth.best_ask_tick
        if best_bid < -NO_PRICE or best_ask > NO_PRICE:
            continue
        decisions += 1
        held = round(hbt.position(0) / lot)
        mid = (best_bid + best_ask) * tick / 2.0
        shift = skew * (held * lot)
        bid = min(on_grid((mid - half_spread - shift) / tick, False), best_ask - 1)
        ask = max(on_grid((mid + half_spread - shift) / tick, True), best_bid + 1)
        buys = held < max_lots
        sells = held > -max_lots

        orders = hbt.orders(0)
        known = orders.values()
        highest_bid = -NO_PRICE
        lowest_ask = NO_PRICE
        while known.has_next():
            order = known.get()
            if order.cancellable:
                away = bid - order.price_tick if order.side == BUY else order.price_tick - ask
                side_on = buys if order.side == BUY else sells
                if not (side_on and 0 <= away <= span and away % gap == 0):
                    hbt.cancel(0, order.order_id, False)
                    continue
            elif order.req == CANCELED:
                continue
            # An own order that nobody has asked to go yet: an order of ours that reached it would trade with it.
            if order.side == BUY:
                highest_bid = max(highest_bid, order.price_tick)
            else:
                lowest_ask = min(lowest_ask, order.price_tick)
        for level in range(levels):
            price = bid - level * gap
            if buys and price < lowest_ask and uint64(price) not in orders:
                hbt.submit_buy_order(0, price, price * tick, quantity, GTX, LIMIT, False)
                highest_bid = max(highest_bid, price)
            price = ask + level * gap
            if sells and price > highest_bid and uint64(price) not in orders:
                hbt.submit_sell_order(0, price, price * tick, quantity, GTX, LIMIT, False)
                lowest_ask = min(lowest_ask, price)
    if ended == END_OF_DATA:
        fills = log_fills(hbt, lot, log, fills)
    return decisions, fills, ended


def build(case: dict[str, Any], rows: np.ndarray) -> Any:
    """Returns a new backtest over `rows` with the case's book, exchange, latencies, queue model and fees."""
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(case["entry"], case["response"])
        .trading_value_fee_model(case["maker_fee"], case["taker_fee"])
        .tick_size(case["tick"])
        .lot_size(case["lot"])
    )
    asset = asset.no_partial_fill_exchange() if case["exchange"] == "whole" else asset.partial_fill_exchange()
    exponent = case["exponent"]
    asset = {
        "risk-averse": lambda: asset.risk_adverse_queue_model(),
        "power": lambda: asset.power_prob_queue_model(exponent),
        "power2": lambda: asset.power_prob_queue_model2(exponent),
        "power3": lambda: asset.power_prob_queue_model3(exponent),
        "log": lambda: asset.log_prob_queue_model(),
        "log2": lambda: asset.log_prob_queue_model2(),
    }[case["model"]]()
    if case["book"] == "roi":
        return ROIVectorMarketDepthBacktest([asset.roi_lb(case["low"]).roi_ub(case["high"])])
    return HashMapMarketDepthBacktest([asset])


def answer(case: dict[str, Any], rows: np.ndarray, log: np.ndarray) -> dict[str, Any]:
    """Runs one case, then repeats it `repeats` times for its times alone."""
    settings = (
        case["every"],
        case["half_spread"],
        case["skew"],
        case["quantity"],
        round(case["max_position"] / case["lot"]),
        case["levels"],
        case["gap"],
    )
    hbt = build(case, rows)
    decisions, fills, ended = quote(hbt, *settings, log)
    if fills > len(log):
        raise SystemExit(f"{fills} fills do not fit into the log of {len(log)}")
    state, depth = hbt.state_values(0), hbt.depth(0)
    result = {
        "fills": log[:fills].tolist(),
        "position": round(state.position / case["lot"]),
        "balance": state.balance,
        "fee": state.fee,
        "rows": len(rows),
        "decisions": decisions,
        "best_bid": depth.best_bid_tick if depth.best_bid_tick > -NO_PRICE else None,
        "best_ask": depth.best_ask_tick if depth.best_ask_tick < NO_PRICE else None,
        "failure": None if ended == END_OF_DATA else ended,
    }
    hbt.close()
    times = []
    for _ in range(case["repeats"]):
        hbt = build(case, rows)
        start = time.perf_counter()
        quote(hbt, *settings, log)
        times.append(time.perf_counter() - start)
        hbt.close()
    return result | {"times": times}


def main() -> None:
    """Answers one case a line until stdin ends."""
    # The peer's core prints warnings to file descriptor 1: they go to stderr, answers keep the pipe to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    log = np.zeros((LOG, 4), np.int64)
    files: dict[tuple[str, int], np.ndarray] = {}
    for line in sys.stdin:
        case = json.loads(line)
        source = case["data"], os.stat(case["data"]).st_mtime_ns
        if source not in files:
            files.clear()
            files[source] = np.load(case["data"])["data"]
        print(json.dumps(answer(case, files[source], log)), file=answers, flush=True)


if __name__ == "__main__":
    main()
