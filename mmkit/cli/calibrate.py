"""mmkit calibrate: A, k, sigma and a gamma to begin with, from a stack's own market."""

import enum
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkit.cli.options import Data, Disable, DisablePlugin, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say

if TYPE_CHECKING:
    from mmkit.calibrating import Calibration

EXAMPLE = "Example: mmkit calibrate stack.toml --data btcusdt.gz --out fit.toml && mmkit run stack.toml --set @fit.toml"


class Fill(enum.StrEnum):
    """What counts as a fill."""

    TOUCH = "touch"
    THROUGH = "through"
    QUEUE = "queue"


def calibrate(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    disable_plugin: DisablePlugin = None,
    fill: Annotated[
        Fill, typer.Option(help="What fills a quote: a trade at its price, one beyond it, or the stack's own venue.")
    ] = Fill.TOUCH,
    every: Annotated[str, typer.Option(metavar="TIME", help="Time after which quotes are centred anew.")] = "100ms",
    farthest: Annotated[
        float | None,
        typer.Option(metavar="PRICE", help="Largest distance from the mid; else as far as trades reach."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the values as TOML: mmkit run --set @FILE.")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw the fit as SVG.")] = None,
    as_json: Json = False,
) -> None:
    """Estimate A, k and sigma from a stack's market, and suggest a gamma, each with units, errors and quality of fit."""
    from mmkit import calibrating
    from mmkit.errors import ConfigError
    from mmkit.fields import duration
    from mmkit.folder import as_json as json_text

    try:
        interval = duration(every)
    except ValueError as error:
        raise ConfigError(f"--every {every}: {error}") from None
    if interval <= 0:
        raise ConfigError(f"--every {every}: must be above 0s")
    if farthest is not None and not 0.0 < farthest < float("inf"):
        raise ConfigError(f"--farthest {farthest:g}: must be a price above 0")
    read_stack = calibrating.uncalibrated(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    found = calibrating.calibrate(read_stack, fill=fill.value, every=interval, farthest=farthest)
    if picture is not None:
        from mmkit.fit_picture import svg

        write(picture, svg(found))
    if out is not None:
        write(out, fragment(found))
    say(json_text(document(found)) if as_json else told(found))
    for file in (out, picture):
        if file is not None:
            print(f"wrote {file}", file=sys.stderr)
    if found.fault is not None:
        raise found.fault


def write(file: Path, text: str) -> None:
    """Writes a file that the user named."""
    from mmkit.errors import ConfigError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None


def fragment(found: "Calibration") -> str:
    """Returns the values as TOML: part of a stack, which `--set @FILE` puts over one and which can be pasted into it."""
    instrument = found.stack.leg.instrument
    lines = [
        f"# mmkit calibrate over {found.span_s:.6g} s of {instrument.name}: {found.trades} trades; fill: {found.fill}.",
        f"# A = {found.fit.A:.6g} +- {found.A_error:.2g} 1/s a side, k = {found.fit.k:.6g} +- {found.k_error:.2g} 1/price,",
        f"# sigma = {found.sigma.value:.6g} +- {found.sigma.standard_error:.2g} price/sqrt(s) ({found.sigma.name}).",
        "# mmkit run STACK --set @THIS_FILE puts these keys over the stack's own.",
        "[pricing]",
    ]
    for path, value in found.keys.items():
        lines.append(f"{path.removeprefix('pricing.')} = {value!r}")
    if not found.keys:
        lines.append(f'# "{found.stack.pricing.rule.name}" has no parameter that takes any of them.')
    return "\n".join([*lines, ""])


def document(found: "Calibration") -> dict[str, Any]:
    """Returns what --json prints."""
    import attrs

    from mmkit.calibrating import MEANINGS

    fit = found.fit
    return {
        "stack": found.stack.name,
        "instrument": found.stack.quote,
        "data": {"span_s": found.span_s, "trades": found.trades, "fault": str(found.fault) if found.fault else None},
        "fill": {"definition": found.fill, "meaning": MEANINGS[found.fill], "every_s": found.every * 1e-9},
        "A": {"value": fit.A, "se": found.A_error, "se_independent": fit.A_error, "unit": "1/s"},
        "k": {"value": fit.k, "se": found.k_error, "se_independent": fit.k_error, "unit": "1/price"},
        "fit": {
            "fills": fit.fills,
            "log_likelihood": fit.log_likelihood,
            "correlation_ln_A_k": fit.correlation,
            "deviance": fit.deviance,
            "dof": fit.dof,
            "p_value": fit.p_value,
        },
        "cells": [attrs.asdict(cell) for cell in found.cells],
        "sigma": {
            "value": found.sigma.value,
            "se": found.sigma.standard_error,
            "estimator": found.sigma.name,
            "unit": "price/sqrt(s)",
            "estimates": [
                {"estimator": each.name, "value": each.value, "se": each.standard_error} for each in found.sigmas
            ],
        },
        "gamma": {
            "value": found.gamma.gamma,
            "glft": found.gamma.gamma_glft,
            "unit": "1/quote",
            "reasons": list(found.gamma.reasons),
        },
        "notes": list(found.notes),
        "keys": found.keys,
    }


def told(found: "Calibration") -> str:
    """Returns a calibration as text."""
    from mmkit.calibrating import MEANINGS

    fit = found.fit
    lines = [
        f"{found.stack.quote}: {found.span_s:.6g} s, {found.trades} trades",
        "",
        f"fill intensity A exp(-k d); {MEANINGS[found.fill]}; centred anew every {found.every * 1e-9:g} s",
        f"  A      {fit.A:12.6g} ± {found.A_error:<9.2g} 1/s a side  (± {fit.A_error:.2g} if fills were independent)",
        f"  k      {fit.k:12.6g} ± {found.k_error:<9.2g} 1/price     (± {fit.k_error:.2g})",
        f"  {fit.fills:.0f} fills; deviance {fit.deviance:.4g} on {fit.dof} degrees of freedom, p = {fit.p_value:.2g}",
        "",
        f"  {'distance':>12} {'exposed s':>12} {'fills':>9} {'expected':>10} {'fills/s':>11}",
    ]
    for cell in found.cells:
        lines.append(
            f"  {cell.distance:12.6g} {cell.exposure_s:12.6g} {cell.fills:9.0f} {cell.expected:10.5g} "
            f"{cell.fills / cell.exposure_s:11.4g}"
        )
    lines += ["", "sigma, price/sqrt(s)"]
    width = max(len(each.name) for each in found.sigmas)
    for each in found.sigmas:
        mark = "  <- used" if each == found.sigma else ""
        lines.append(f"  {each.name:<{width}} {each.value:12.6g} ± {each.standard_error:<9.2g}{mark}")
    lines += ["", f"gamma {found.gamma.gamma:.6g} 1/quote to begin with, because"]
    lines += [f"  {reason}" for reason in found.gamma.reasons]
    lines += [f"note: {note}" for note in found.notes]
    if found.keys:
        lines += ["", " ".join(f"--set {path}={value!r}" for path, value in found.keys.items())]
    else:
        lines += ["", f'pricing "{found.stack.pricing.rule.name}" has no parameter that takes any of these']
    return "\n".join(lines)
