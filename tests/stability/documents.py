"""The JSON documents and tables that mmkit writes, from small runs of each: which keys they have, and of which type."""

import ast
import contextlib
import inspect
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mmkit import benching, calibrating, calling
from mmkit.cli import app, bench, calibrate, demo

Keys = dict[str, str]

STACK = """
[stack]
name = "small"
quote = "QUOTED"
[instruments.QUOTED]
tick_size = 0.01
lot_size = 0.001
taker_fee = "1bp"
[instruments.QUOTED.market]
use = "book"
duration = "20s"
common_sigma = 0.02
[instruments.HEDGE]
tick_size = 0.01
lot_size = 0.001
[instruments.HEDGE.market]
use = "book"
duration = "20s"
common_sigma = 0.02
[signals.SIGMA]
use = "volatility"
warm_up = "1s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "avellaneda"
gamma = 1.0
k = 100.0
optimizations = ["spread-cache"]
[risk.STOP]
use = "stop-loss"
fraction = 0.01
[hedging]
use = "notional"
every = "1s"
"""

PATHS = """
[instruments.QUOTED]
tick_size = 0.01
lot_size = 0.001
[instruments.QUOTED.market]
use = "diffusion"
sigma = 2.0
paths = 2
[instruments.QUOTED.venue]
use = "intensity"
A = 140.0
k = 1.5
[sizing]
use = "fixed"
quantity = 1.0
[pricing]
use = "fixed"
half_spread = 0.5
"""

GIVEN = ("params", "inputs", "outputs")
"""Keys below which everything is named by a rule."""

STATIC = {
    "bench": (bench, benching, calling),
    "calibrate": (calibrate, calibrating),
    "demo": (demo,),
}
"""Documents that take long to make: the keys that their modules write."""


def documents() -> dict[str, Keys]:
    """Returns the keys of each document by its name: "json check --json", "json summary.json", "column fills.parquet"."""
    found = {f"json {command} --json": written(*modules) for command, modules in STATIC.items()}
    with tempfile.TemporaryDirectory() as folder, _within(Path(folder)):
        Path("stack.toml").write_text(STACK)
        Path("paths.toml").write_text(PATHS)
        Path("snapshot.json").write_text(
            '{"time": 1000000000, "mark": 99.05, "bid": 99.0, "ask": 99.1, "position": 5.0, "signals": {"SIGMA.value": 0.01}}'
        )
        recording(Path("recording.npy"))
        for command, arguments in asked().items():
            found[f"json {command} --json"] = keys(json.loads(printed([*arguments, "--json"])))
        summary: Keys = {}
        for stack in ("paths.toml", "stack.toml"):
            printed(["run", stack, "--engine", "python", "--out", "out", "--disable", "report.page"])
            for key, kind in keys(json.loads(Path("out", "summary.json").read_bytes())).items():
                summary[key] = _either(summary.get(key, "null"), kind)
        found["json summary.json"] = summary
        for table in ("fills.parquet", "records.parquet"):
            columns = pl.read_parquet_schema(Path("out", table))
            found[f"column {table}"] = {_plain(name): str(kind) for name, kind in columns.items()}
        found["file run"] = {path.name: "a file" for path in Path("out").iterdir()}
    return found


def asked() -> dict[str, list[str]]:
    """Returns the commands that are cheap enough to be run, with what they are run on."""
    grid = ["--market", "hftbacktest", "--tick", "0.5", "--lot", "0.1"]
    found = {
        "check": ["check", "stack.toml"],
        "explain": ["explain", "stack.toml", "--snapshot", "snapshot.json"],
        "optimizations list": ["optimizations", "list", "stack.toml"],
        "data convert": ["data", "convert", "recording.npy", *grid, "--out", "tape"],
        "data info": ["data", "info", "tape"],
        "data check": ["data", "check", "tape"],
        "data": ["data"],
        "plugins list": ["plugins", "list"],
        "plugins info": ["plugins", "info", "pricing.avellaneda"],
        "plugins check": ["plugins", "check", "sizing.fixed", "--only", "declarations"],
    }
    there = json_commands()
    return {command: arguments for command, arguments in found.items() if command in there}


def json_commands(of: Any = None, before: str = "") -> set[str]:
    """Returns every command that has --json, as one types it."""
    if of is None:
        import typer

        of = typer.main.get_command(app)
    found = {before.strip()} if any("--json" in each.opts for each in of.params) else set()
    for name, below in getattr(of, "commands", {}).items():
        found |= json_commands(below, f"{before} {name}")
    return found


def keys(document: Any, path: str = "") -> Keys:
    """Returns the keys of a document as paths, "rules[].path", with the type of what is there; names that a stack gives are "*"."""
    found: Keys = {}
    if isinstance(document, Mapping):
        for key, value in document.items():
            own = f"{path}.{_plain(key)}" if path else _plain(key)
            found |= {
                own: kind_of(value),
                **keys(dict.fromkeys(["*"]) if key in GIVEN and isinstance(value, Mapping) and value else value, own),
            }
    elif isinstance(document, list):
        for value in document:
            for key, kind in keys(value, f"{path}[]").items():
                found[key] = _either(found.get(key, "null"), kind)
    return found


def kind_of(value: Any) -> str:
    """Returns JSON's name for the type of a value."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}
    return kinds.get(type(value), "null")


def _either(one: str, other: str) -> str:
    """Returns the type of what is of one type here and of another there; what is null here may be anything there."""
    kinds = {*one.split(" or "), *other.split(" or ")} - {"null"}
    return " or ".join(sorted(kinds)) or "null"


def _plain(key: str) -> str:
    """Returns a key of ours as it is, "*" for one that is a name out of the stack."""
    return (
        key
        if re.fullmatch(r"[a-z0-9_]+", key)
        else "*"
        if key in ("QUOTED", "HEDGE")
        else re.sub(r"^[A-Z].*|.*\..*", "*", key)
    )


def written(*modules: Any) -> Keys:
    """Returns the keys of every dict that modules write out."""
    found: Keys = {}
    for module in modules:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            constants = node.keys if isinstance(node, ast.Dict) else []
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                constants = [node.slice]
            names = [each.value for each in constants if isinstance(each, ast.Constant)]
            found |= {str(name): "a key" for name in names if re.fullmatch(r"[a-z0-9_]+", str(name))}
    return found


def printed(arguments: list[str]) -> str:
    """Returns what a command prints to stdout."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        app(arguments, standalone_mode=False)
    return text.getvalue()


def recording(file: Path) -> None:
    """Writes a recording of two levels and a trade."""
    fields = "ev u8, exch_ts i8, local_ts i8, px f8, qty f8, order_id u8, ival i8, fval f8"
    kind = np.dtype([tuple(each.split()) for each in fields.split(", ")])  # type: ignore[misc]
    both, buy, sell = 3 << 30, 1 << 29, 1 << 28
    rows = [(1 | both | buy, 99.5, 1.0), (1 | both | sell, 100.5, 1.0), (2 | both | buy, 100.5, 0.5)]
    np.save(
        file, np.array([(ev, i, i + 1, price, qty, 0, 0, 0.0) for i, (ev, price, qty) in enumerate(rows, 1000)], kind)
    )


@contextlib.contextmanager
def _within(folder: Path) -> Iterator[None]:
    """Works in a folder, with a cache of its own there."""
    before, cache = Path.cwd(), os.environ.get("MMKIT_CACHE")
    os.chdir(folder)
    os.environ["MMKIT_CACHE"] = str(folder / "cache")
    try:
        yield
    finally:
        os.chdir(before)
        if cache is None:
            del os.environ["MMKIT_CACHE"]
        else:
            os.environ["MMKIT_CACHE"] = cache
