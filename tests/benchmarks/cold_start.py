"""Seconds from the start of a process to the result of a run: mmkit with an empty and a warm cache, and hftbacktest.

    python tests/benchmarks/cold_start.py [FOLDER] [--rounds N]

Each round starts fresh processes over one recording, one after the other: mmkit (compiled) with an empty cache, with the
stack compiled but the recording not yet converted, with both there; `mmkit run` with both there, which also writes a run's
folder with its report; and hftbacktest, which compiles its strategy in every process, as mmkit does with an empty cache.
Import is everything that the run needs, numba and polars included; rest is Python's own start, reading the stack, tables, exit.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import arguments, case, empty_cache, load, median, quoter, start_peer, table

MARKET = "usdm_btcusdt"
PARTS = ("compile", "import", "convert", "run", "rest", "total")


def one(stack: str) -> None:
    """Runs a stack and prints how long its parts took as JSON."""
    begun = time.perf_counter()
    import polars  # noqa: F401

    import mmkit
    import mmkit.engine.compiled

    run = mmkit.run
    imported = time.perf_counter() - begun
    summary = run(stack, engine="compiled").summary
    timing = summary["timing"]
    print(json.dumps({"import": imported, "fills": summary["fills"]["count"], **timing}))


def fresh(stack: Path) -> dict[str, Any]:
    """Returns the parts of a run in a process of its own, in seconds, and its number of fills."""
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--one", str(stack)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    total = time.perf_counter() - begun
    found = json.loads(done.stdout)
    parts = {"import": found["import"]} | {name: found[f"{name}_s"] for name in ("compile", "convert", "run")}
    return parts | {"rest": total - sum(parts.values()), "total": total, "fills": found["fills"]}


def command_line(stack: Path, folder: Path) -> dict[str, Any]:
    """Returns what `mmkit run` takes in all, in seconds, and its number of fills."""
    shutil.rmtree(folder, ignore_errors=True)
    program = Path(sys.executable).with_name("mmkit")
    begun = time.perf_counter()
    command = [str(program), "run", str(stack), "--engine", "compiled", "--out", str(folder)]
    subprocess.run(command, capture_output=True, check=True)
    total = time.perf_counter() - begun
    timing = json.loads((folder / "summary.json").read_text())
    parts = {name: timing["timing"][f"{name}_s"] for name in ("compile", "convert", "run")}
    return parts | {"total": total, "fills": timing["fills"]["count"]}


def peer_seconds(settings: quoter.Case) -> dict[str, Any]:
    """Returns what the peer takes from the start of its process to its answer, in seconds, and its number of fills."""
    begun = time.perf_counter()
    with start_peer() as peer:
        answer = peer.ask(settings.line())
        total = time.perf_counter() - begun
    return {"total": total, "fills": len(answer["fills"]), "rows": answer["rows"]}


def main() -> None:
    """Prints the table. Exits 1 where the numbers of fills differ."""
    given = arguments("process start to result", rounds=3)
    settings: quoter.Case = case(given.folder, MARKET)
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        stack = Path(name) / "stack.toml"
        stack.write_text(settings.stack())
        with start_peer():  # its environment is made before anything is timed
            pass
        for _ in range(given.rounds):
            with empty_cache() as cache:
                found.setdefault("mmkit, empty cache", []).append(fresh(stack))
                shutil.rmtree(cache / "tapes")
                found.setdefault("mmkit, stack compiled", []).append(fresh(stack))
                found.setdefault("mmkit, warm cache", []).append(fresh(stack))
                found.setdefault("mmkit run, warm cache", []).append(command_line(stack, Path(name) / "run"))
            found.setdefault("hftbacktest", []).append(peer_seconds(settings))
    if len({each["fills"] for runs in found.values() for each in runs}) != 1:
        raise SystemExit("the numbers of fills differ")
    peer = median([each["total"] for each in found["hftbacktest"]])
    lines = []
    for who, runs in found.items():
        cells = [f"{median([each[part] for each in runs]):.2f}" if part in runs[0] else "" for part in PARTS]
        lines.append([who, *cells, f"{peer / median([each['total'] for each in runs]):.1f}"])
    rows = found["hftbacktest"][0]["rows"]
    title = f"seconds from process start to result over {rows} rows, medians of {given.rounds} ({load()})"
    table(title, ["", *PARTS, "times as fast as the peer"], lines)


if __name__ == "__main__":
    one(sys.argv[2]) if sys.argv[1:2] == ["--one"] else main()
