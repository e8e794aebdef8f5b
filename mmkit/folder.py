"""A run's folder: summary, fills, records, the stack as it ran, and what the report rules make of them."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmkit.errors import ConfigError, MmkitError, PluginError, raised_at
from mmkit.writing import dump


def fresh(name: str) -> Path:
    """Returns a folder that does not exist yet: runs/<UTC time>-<stack name>."""
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}"
    folder = Path("runs") / stem
    number = 2
    while folder.exists():
        folder = Path("runs") / f"{stem}-{number}"
        number += 1
    return folder


def write(run: Any) -> MmkitError | None:
    """Writes a run into run.folder; returns the error of a report rule that failed. Raises ConfigError where nothing can be written."""
    folder: Path = run.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run.fills.write_parquet(folder / "fills.parquet")
        run.records.write_parquet(folder / "records.parquet")
        (folder / "stack.toml").write_text(dump(run.stack), encoding="utf-8")
        (folder / "decisions.log").write_text("".join(f"{line}\n" for line in run.log), encoding="utf-8")
        (folder / "summary.json").write_text(as_json(run.summary) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot write there: {error.strerror or error}") from None
    fault: MmkitError | None = None
    for slot in run.stack.reports:
        try:
            slot.rule.render(run, folder)
        except MmkitError as error:
            fault = fault or error
        except Exception as error:
            raised = f"render raised {type(error).__name__}: {error} ({raised_at(error)})"
            fault = fault or PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {raised}")
    return fault


def as_json(value: Any) -> str:
    """Returns JSON text in which numbers that are not finite are null."""
    return json.dumps(finite(value), indent=2, allow_nan=False)


def finite(value: Any) -> Any:
    """Returns the same structure with null in place of nan and infinities."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
