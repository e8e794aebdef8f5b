"""Every built-in rule passes what is quick of the conformance kit; what compiles a stack is in test_conformance_compiled.py."""

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit.plugins import offers
from mmkit.rules import Role, Rule
from mmkit.testing import CHECKS, check_rule, outputs
from mmkit.testing.given import simulated

COMPILED = ("same-bits", "bounded", "speed")
"""Checks that compile a stack for each rule: seconds."""

OF_FILES = ("declarations", "deterministic", "pure", "look-ahead", "company")
"""Checks of markets that read files, over a file."""

QUICK = tuple(name for name in CHECKS if name not in COMPILED)


def built_ins() -> dict[str, tuple[Rule, str]]:
    """Returns every rule that mmkit itself supplies, and who says so."""
    offered = offers()
    return {
        f"{role.value}.{entry.name}": offered.load(role, entry.name)
        for role in Role
        for entry in offered.entries[role]
        if entry.dist is not None and entry.dist.name == "mmkit"
    }


BUILT_INS = built_ins()


def failures(name: str, checks: Any, params: Any = None) -> list[Any]:
    rule, supplier = BUILT_INS[name]
    rows = check_rule(rule, checks=checks, params=params, name=supplier)
    assert [row.check for row in rows] == list(checks)
    return [row for row in rows if row.outcome != "passed" and row.outcome != "skipped"]


@pytest.fixture(autouse=True)
def few_random_markets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the kit's corners and a few random markets; all of them take minutes over every rule."""
    monkeypatch.setattr(outputs, "EXAMPLES", 3)


@pytest.mark.parametrize("name", [name for name in BUILT_INS if not name.startswith("optimization.")])
def test_a_built_in_passes_what_is_quick(name: str) -> None:
    assert failures(name, QUICK) == []


@pytest.mark.parametrize("name", [name for name in BUILT_INS if name.startswith("optimization.")])
def test_an_optimization_passes_everything(name: str) -> None:
    assert failures(name, CHECKS) == []


def hftbacktest_file(folder: Path) -> Path:
    """Writes the kit's book as events of hftbacktest."""
    from mmkit_plugins.market.hftbacktest import ROW

    rows = np.concatenate(simulated())[:2000]
    rows = rows[rows["kind"] <= mmkit.SELL]
    side = np.where((rows["kind"] == mmkit.BID) | (rows["kind"] == mmkit.BUY), 1 << 29, 1 << 28)
    trade = (rows["kind"] == mmkit.BUY) | (rows["kind"] == mmkit.SELL)
    found = np.zeros(len(rows), ROW)
    columns = (side | (1 << 31) | (1 << 30) | np.where(trade, 2, 1), rows["exch_ts"], rows["local_ts"])
    for name, column in zip(ROW.names, (*columns, rows["tick"] * 0.01, rows["lots"] * 0.001), strict=False):
        found[name] = column
    file = folder / "events.npz"
    np.savez(file, data=found)
    return file


def tardis_file(folder: Path) -> Path:
    """Writes the kit's book as Tardis has it."""
    head = ["exchange", "symbol", "timestamp", "local_timestamp", "is_snapshot", "side", "price", "amount"]
    rows = np.concatenate(simulated())[:2000]
    file = folder / "book.csv.gz"
    with gzip.open(file, "wt", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        for row in rows[(rows["kind"] == mmkit.BID) | (rows["kind"] == mmkit.ASK)]:
            side = "bid" if row["kind"] == mmkit.BID else "ask"
            times = [1_723_075_200_000_000 + int(row[name]) // 1000 for name in ("exch_ts", "local_ts")]
            price, amount = f"{row['tick'] * 0.01:.2f}", f"{row['lots'] * 0.001:.3f}"
            writer.writerow(["x", "X", *times, "false", side, price, amount])
    return file


@pytest.mark.parametrize(("name", "write"), [("market.hftbacktest", hftbacktest_file), ("market.tardis", tardis_file)])
def test_a_recorded_market_passes_over_a_file(name: str, write: Any, tmp_path: Path) -> None:
    rows = check_rule(BUILT_INS[name][0], checks=OF_FILES, params={"path": str(write(tmp_path))})
    assert [(row.check, row.outcome, row.reason) for row in rows if row.outcome != "passed"] == []
