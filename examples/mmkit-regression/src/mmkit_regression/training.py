"""mmkit train-regression: fits the signal's weights to what the mid did in a stack's own market."""

from pathlib import Path
from typing import Annotated, Any

import typer

import mmkit

SHARE = 0.7
"""Share of the rows, from the first on, that the regression is fitted to; the others show how it does on what it has not seen."""

LEAST = 50
"""Rows below which nothing is fitted."""


def train(
    stack: Annotated[Path, typer.Argument(metavar="STACK", help='A stack with a signal use = "regression".')],
    signal: Annotated[str, typer.Option(metavar="NAME", help="The signal's name in the stack.")] = "regression",
    horizon: Annotated[str, typer.Option(metavar="TIME", help="The move of the mid over this time is learnt.")] = "2s",
    every: Annotated[str, typer.Option(metavar="TIME", help="Time between two rows of what is learnt from.")] = "200ms",
    alpha: Annotated[float, typer.Option(min=0.0, help="Penalty of the ridge regression.")] = 1.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed of a simulated market.")] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="[NAME=]PATH", help="A recording to learn from instead; again for more.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the weights there for --set @FILE.")] = None,
) -> None:
    """Train the signal "regression" on a stack's own market: a ridge regression of scikit-learn, as a piece of a stack."""
    steps = ahead(horizon, every)
    run = mmkit.run(
        stack,
        seed=seed,
        data=data or (),
        # Whatever weights the stack has do not matter to the market; it may have none yet.
        set=[f"signals.{signal}.weights=[0.0, 0.0, 0.0]", f"stack.record_every={every}"],
    )
    [slot] = [slot for slot in run.stack.signals if slot.name == signal]
    if slot.rule.name != "regression":
        raise mmkit.ConfigError(
            f'{stack}: signals.{signal}.use: must be "regression" to be trained, is "{slot.rule.name}"'
        )
    rows, moves = table(run.records, signal, steps)
    if len(rows) < LEAST:
        raise mmkit.DataError(f"{stack}: {len(rows)} rows to learn from, at least {LEAST} are needed")
    weights, intercept, known, fresh = fitted(rows, moves, alpha)
    text = (
        f"# Ridge regression of the mid's move over {horizon}, alpha {alpha:g}, {len(rows)} rows.\n"
        f"# R2 {known:.4f} on the first {SHARE:.0%} of the rows, which it was fitted to, {fresh:.4f} on the others.\n"
        f"[signals.{signal}]\n"
        f"weights = [{', '.join(f'{weight:.6g}' for weight in weights)}]\n"
        f"intercept = {intercept:.6g}\n"
    )
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise mmkit.ConfigError(f"--out {out}: cannot write there: {error.strerror or error}") from None
    typer.echo(str(out))


def ahead(horizon: str, every: str) -> int:
    """Returns how many rows lie between a row and the end of its horizon. Raises ConfigError where that is no whole number of them."""
    try:
        whole, step = mmkit.duration(horizon), mmkit.duration(every)
    except ValueError as error:
        raise mmkit.ConfigError(f"--horizon, --every: {error}") from None
    if step <= 0 or whole <= 0 or whole % step:
        raise mmkit.ConfigError(f"--horizon {horizon}: must be one or more times --every, {every}")
    return whole // step


def table(records: Any, signal: str, steps: int) -> tuple[Any, Any]:
    """Returns features (a row each) and the move of the mid `steps` records later, as numpy arrays; rows without one are left out."""
    import numpy as np

    from mmkit_regression.signal import FEATURES

    # The last record is that of the end, at no regular time.
    kept = records[:-1]
    rows = np.column_stack([kept[f"{signal}.{name}"].to_numpy() for name in FEATURES])[:-steps]
    mids = kept["mid"].to_numpy()
    moves = mids[steps:] - mids[:-steps]
    known = np.isfinite(rows).all(axis=1) & np.isfinite(moves)
    return rows[known], moves[known]


def fitted(rows: Any, moves: Any, alpha: float) -> tuple[list[float], float, float, float]:
    """Returns weights (of the features as they are), intercept, and R2 on the first rows and on the others."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    first = round(SHARE * len(rows))
    fit = make_pipeline(StandardScaler(), Ridge(alpha)).fit(rows[:first], moves[:first])
    scaler, ridge = fit[0], fit[1]
    weights = ridge.coef_ / scaler.scale_
    intercept = float(ridge.intercept_ - weights @ scaler.mean_)
    known, fresh = fit.score(rows[:first], moves[:first]), fit.score(rows[first:], moves[first:])
    return weights.tolist(), intercept, float(known), float(fresh)
