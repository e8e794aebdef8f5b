"""mmkit demo: Avellaneda-Stoikov against a symmetric quoter in the same simulated markets, told as it is."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mmkit.cli.options import Json
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit demo --seeds 8"

AVELLANEDA = 'use = "avellaneda"\ngamma = 1.0\nk = 40.0\nhorizon = "30s"'

STACK = """\
# What mmkit demo runs: a market maker in the simulated order book `book`.
[stack]
name = "demo"
seed = 1
quote = "SIM"

[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = "0.1bp"
taker_fee = "2bp"

[instruments.SIM.market]
use = "book"
duration = "5m"

[instruments.SIM.venue]
use = "queue"
model = "risk-averse"
entry_latency = "10ms"
response_latency = "10ms"

[signals.sigma]
use = "volatility"
half_life = "60s"

[pricing]
{pricing}

[sizing]
use = "fixed"
quantity = 0.2

[risk.limits]
use = "position-limit"
max_position = 4.0

[execution]
use = "requote"
every = "200ms"
"""

YOURS = """\
# The same market maker over a recording of Binance's BTCUSDT perpetual: mmkit run yours.toml --data FILE
# For another instrument change its name, tick and lot; gamma, k and quantity belong to its price scale.
[stack]
name = "yours"

[instruments.BTCUSDT]
tick_size = 0.1
lot_size = 0.001
maker_fee = "2bp"
taker_fee = "5bp"

[instruments.BTCUSDT.market]
use = "binance-raw"
path = "btcusdt.gz"             # --data replaces it

[signals.sigma]
use = "volatility"

[pricing]
use = "avellaneda"
gamma = 0.1
k = 0.3

[sizing]
use = "fixed"
quantity = 0.01

[risk.limits]
use = "position-limit"
"""

NOTE = (
    "A simulated book says nothing about anyone's venue: it shows that the machinery works, "
    "and what the same quotes do under other assumptions."
)


def demo(
    seeds: Annotated[int, typer.Option(min=2, max=1000, help="Markets to run each strategy in.")] = 8,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder; else runs/<UTC time>-demo/.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run Avellaneda-Stoikov against a symmetric quoter in the same simulated markets, and say what came of it."""
    from mmkit.errors import ConfigError
    from mmkit.folder import as_json as json_text
    from mmkit.folder import fresh

    folder = out or fresh("demo")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        inventory = written(folder / "demo.toml", AVELLANEDA)
        runs = {"avellaneda": over_seeds(inventory, seeds, folder)}
        spread = mean([run.summary["metrics"]["mean_quoted_spread_quote"] or 0.0 for run in runs["avellaneda"]])
        (folder / "yours.toml").write_text(YOURS, encoding="utf-8")
        symmetric = written(folder / "symmetric.toml", f'use = "fixed"\nhalf_spread = {spread / 2:.6g}')
    except OSError as error:
        raise ConfigError(f"{folder}: cannot write there: {error.strerror}") from None
    runs["symmetric"] = over_seeds(symmetric, seeds)
    optimistic = over_seeds(inventory, seeds, set=['instruments.SIM.venue.model="power3"'])
    found = {
        "seeds": seeds,
        "quoted_spread": spread,
        "strategies": {name: figures(of) for name, of in runs.items()},
        "queue": {"risk-averse": figures(runs["avellaneda"]), "power3": figures(optimistic)},
        "quote": [step_row(step) for step in one_quote(runs["avellaneda"][0])],
        "report": str(folder / "report.html"),
        "note": NOTE,
    }
    say(json_text(found) if as_json else told(found, folder))


def written(file: Path, pricing: str) -> Path:
    """Writes the demo's stack with a pricing section; returns the file."""
    file.write_text(STACK.format(pricing=pricing), encoding="utf-8")
    return file


def over_seeds(stack: Path, seeds: int, folder: Path | None = None, **settings: Sequence[str]) -> list[Any]:
    """Runs a stack once per seed; the first run is written to `folder`."""
    from mmkit.runs import run

    return [run(stack, seed=seed, out=folder if seed == 1 else None, **settings) for seed in range(1, seeds + 1)]  # type: ignore[arg-type]


def figures(runs: Sequence[Any]) -> dict[str, Any]:
    """Returns means with standard errors over runs: profit and its parts, inventory, fills, markouts (quote, base, bp)."""
    pnl = [run.summary["pnl"] for run in runs]
    held = [run.summary["metrics"] for run in runs]
    found = {part: estimate([parts[part] for parts in pnl]) for part in ("total", "spread", "inventory", "fees")}
    found["std_position"] = estimate([each["std_position_base"] or 0.0 for each in held])
    found["max_position"] = estimate([each["max_abs_position_base"] or 0.0 for each in held])
    found["fills"] = estimate([float(run.summary["fills"]["count"]) for run in runs])
    for i, horizon in enumerate(markout["horizon_s"] for markout in held[0]["markouts"]):
        values = [each["markouts"][i]["bp"] for each in held]
        found[f"markout_{horizon}s_bp"] = estimate([value for value in values if value is not None])
    return found


def mean(values: Sequence[float]) -> float:
    """Returns the mean, nan of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def estimate(values: Sequence[float]) -> dict[str, float]:
    """Returns mean and its standard error."""
    import statistics

    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return {"mean": mean(values), "se": error}


def one_quote(run: Any) -> list[Any]:
    """Explains the price of the quotes at the record with the largest position of a run."""
    import polars as pl

    from mmkit.explaining import explain
    from mmkit.snapshot import Snapshot

    known = run.records.filter(pl.col("sigma.value").is_finite() & pl.col("mid").is_finite())
    if not len(known):
        return []
    row = known.row(int(known["position"].abs().arg_max() or 0), named=True)
    situation = Snapshot(
        time=row["time"],
        start=run.summary["data"]["first"],
        bid=row["bid"],
        ask=row["ask"],
        position=row["position"],
        signals={"sigma.value": row["sigma.value"]},
    )
    steps = explain(run.stack, situation).steps
    return [step for step in steps if step.stage in ("market", "pricing", "grid")]


def step_row(step: Any) -> dict[str, Any]:
    """Returns a step as a row of JSON."""
    return {"name": step.name, "value": step.value, "unit": step.unit}


ROWS = (
    ("profit after fees", "total", "quote"),
    ("  from the spread", "spread", "quote"),
    ("  from inventory", "inventory", "quote"),
    ("  from fees", "fees", "quote"),
    ("inventory, std", "std_position", "base"),
    ("inventory, largest", "max_position", "base"),
    ("fills", "fills", ""),
    ("markout after 1 s", "markout_1s_bp", "bp"),
    ("markout after 10 s", "markout_10s_bp", "bp"),
    ("markout after 60 s", "markout_60s_bp", "bp"),
)


def told(found: dict[str, Any], folder: Path) -> str:
    """Returns the demo's text."""
    seeds = found["seeds"]
    strategies = found["strategies"]
    lines = [
        f"Avellaneda-Stoikov against a symmetric quoter of the same average spread ({found['quoted_spread']:.4f}),",
        f"each in the same {seeds} simulated markets of 5 minutes; mean ± standard error.",
        "",
        *table(("Avellaneda-Stoikov", strategies["avellaneda"]), ("symmetric", strategies["symmetric"])),
        "",
        verdict(strategies["avellaneda"]["total"]),
        "",
        "One quote of the first market, step by step:",
        *(f"  {step['name']:<28} {step['value']:>14.6g} {step['unit']}" for step in found["quote"]),
        "",
        "The same stack, if our place in the queue is the worst or a favourable one:",
        *table(
            ("risk-averse queue", found["queue"]["risk-averse"]),
            ("power3 queue", found["queue"]["power3"]),
            rows=ROWS[:1],
        ),
        sign(found["queue"]),
        "",
        found["note"],
        f"Report: {found['report']}",
        f"Next, with your own recording: mmkit run {folder / 'yours.toml'} --data FILE",
    ]
    return "\n".join(lines)


def table(*columns: tuple[str, dict[str, Any]], rows: Sequence[tuple[str, str, str]] = ROWS) -> list[str]:
    """Returns the lines of a table of estimates."""
    lines = [f"{'':<22}" + "".join(f"{title:>24}" for title, _ in columns)]
    for label, key, unit in rows:
        cells = "".join(f"{cell(of[key]):>24}" for _, of in columns)
        lines.append(f"{label:<22}{cells}  {unit}".rstrip())
    return lines


def cell(value: dict[str, float]) -> str:
    """Returns "1.23 ± 0.45"."""
    return f"{value['mean']:.4g} ± {value['se']:.2g}"


def verdict(profit: dict[str, float]) -> str:
    """Says aloud whether the strategy earned or lost, and whether that is more than noise."""
    within = abs(profit["mean"]) < 2.0 * profit["se"]
    word = "earns" if profit["mean"] > 0 else "loses"
    if within:
        return "After fees Avellaneda-Stoikov's result here is within two standard errors of nothing."
    return f"After fees Avellaneda-Stoikov {word} money here."


def sign(queue: dict[str, Any]) -> str:
    """Says aloud whether the result depends on the queue model."""
    worst, better = queue["risk-averse"]["total"], queue["power3"]["total"]
    if worst["mean"] * better["mean"] < 0:
        return "The sign of the result changes with the queue model: do not trust it before you know your queue."
    if abs(worst["mean"] - better["mean"]) < 0.25 * worst["se"]:
        return (
            "Here the place in the queue hardly matters: this book is thin, and its trades go through our prices more often\n"
            "than they wear a queue down. Where the spread is one tick and the queues are long it can change the sign."
        )
    return "The sign of the result is the same under both."
