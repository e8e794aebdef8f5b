"""mmkit init: writes a first stack, every key explained from the rules' own declarations, and the schema that editors read."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from mmkit import ConfigError
from mmkit.cli import schema
from mmkit.cli.printing import say
from mmkit.fields import Duration
from mmkit.rules import Role

if TYPE_CHECKING:
    from mmkit.plugins import Offers

EXAMPLE = "Example: mmkit init mine && mmkit run mine/stack.toml"

HEAD = f"""\
{schema.LINE}
# A market maker on mmkit's simulated order book. Try it:
#
#     mmkit check stack.toml
#     mmkit run stack.toml
#
# A line that starts with "# key =" shows a default: remove the "#" to change it. Durations are written "100ms" or
# "60s", fees 0.0002 or "2bp". For your own data, choose another market, such as
#
#     [instruments.SIM.market]
#     use = "binance-raw"
#     path = "btcusdt.gz"

[stack]
name = "first"                  # part of a run's folder name
seed = 7                        # every random number of the run follows from it
quote = "SIM"                   # the instrument that is quoted
# record_every = "1s"           # time between two records
# watch_every = "1s"            # risk rules are asked at every decision and fill, and at least so often
# cost = "average"              # of what a fill closes: average, or fifo: first in, first out
# plugins = ["my_signal.py"]    # your own rules, in files beside this one
"""

INSTRUMENT = """\
[instruments.SIM]
tick_size = 0.01                # quote: smallest price step
lot_size = 0.001                # base: smallest quantity step
maker_fee = 0.0                 # fraction: fee of a resting order; negative = rebate
taker_fee = "4bp"               # fraction: fee of an order that takes
# kind = "linear"               # gains in quote currency; inverse: in the coin; spot: owned, never short
# contract_size = 1.0           # of a contract that lot_size counts: base currency (inverse: quote currency)
# min_quantity = 0.0            # base: least quantity of an order
# min_notional = 0.0            # quote: least price * quantity of an order
# initial_margin = 0.0          # fraction of notional, to open a position
# maintenance_margin = 0.0      # fraction of notional, below: liquidated
"""


@attrs.frozen
class Section:
    """One rule of the first stack: what it is for, where, which rule, and the keys that are set."""

    purpose: str
    path: str
    role: Role
    use: str
    chosen: dict[str, Any]


SECTIONS = (
    Section(
        "Where market events come from.",
        "instruments.SIM.market",
        Role.MARKET,
        "book",
        {"start_price": 100.0, "sigma": 0.01, "duration": "10m"},
    ),
    Section("What happens to our orders.", "instruments.SIM.venue", Role.VENUE, "queue", {"model": "risk-averse"}),
    Section("A number that pricing reads.", "signals.sigma", Role.SIGNALS, "volatility", {"half_life": "60s"}),
    Section("How much to quote.", "sizing", Role.SIZING, "fixed", {"quantity": 0.1, "max_position": 2.0}),
    Section(
        "Where to quote. gamma and k belong to a market: mmkit calibrate stack.toml estimates them from its trades.",
        "pricing",
        Role.PRICING,
        "avellaneda",
        {"gamma": 1.0, "k": 100.0},
    ),
    Section("How many levels.", "ladder", Role.LADDER, "single", {}),
    Section("What must never be exceeded.", "risk.limits", Role.RISK, "position-limit", {"max_position": 2.0}),
    Section("When to decide, and what to send.", "execution", Role.EXECUTION, "requote", {"every": "100ms"}),
)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write stack.toml.", show_default=False)],
) -> None:
    """Write a commented stack.toml that runs on the simulated order book, and the schema that editors complete it with.

    Nothing is ever overwritten.
    """
    file = folder / "stack.toml"
    text = starter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
        schema.beside(folder)
    except FileExistsError:
        there = file if folder.is_dir() else folder
        raise ConfigError(f"{there}: is there already; it is not overwritten") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None
    print(f"next: mmkit run {file}", file=sys.stderr)
    say(str(file))


def starter() -> str:
    """Returns the text of the first stack."""
    from mmkit.plugins import offers

    offered = offers()
    parts = [HEAD, INSTRUMENT]
    for section in SECTIONS:
        parts.append(_section(offered, section))
        if section.role is Role.PRICING:
            parts.append(_others(offered, section))
    return "\n".join(parts)


def _others(offered: "Offers", section: Section) -> str:
    """Returns the other rules of a section's role with every key that has no default, as comments."""
    from mmkit.contract import fields_of
    from mmkit.errors import MmkitError
    from mmkit.page_block import MEASURED

    lines = [f"# Instead of {section.use} (here only what has no default):"]
    for name in offered.names(section.role):
        if name == section.use:
            continue
        try:
            rule, _ = offered.load(section.role, name)
        except MmkitError:  # a broken plugin is no reason to write no stack
            continue
        lines += ["#", f'#     use = "{name}"']
        for field, _, _ in fields_of(rule.params):
            if field.default is attrs.NOTHING:
                unit = field.metadata.get("unit", "")
                value = MEASURED.get((field.name, unit), "…")
                said = ": ".join(text for text in (unit, field.metadata.get("doc", "")) if text)
                lines.append(_line(f"#     {field.name} = {value}", said))
    return "\n".join(lines) + "\n"


def _section(offered: "Offers", section: Section) -> str:
    from mmkit.contract import fields_of

    rule, _ = offered.load(section.role, section.use)
    known = ", ".join(offered.names(section.role))
    lines = [f"# {section.purpose}", f"[{section.path}]", _line(f'use = "{section.use}"', f"there are: {known}")]
    for field, annotation, kind in fields_of(rule.params):
        if field.metadata.get("deprecated"):
            continue
        unit = "" if annotation is Duration else field.metadata.get("unit", "")
        said = ": ".join(text for text in (unit, field.metadata.get("doc", "")) if text)
        choices = f" ({', '.join(kind.choices)})" if kind.choices else ""
        if field.name in section.chosen:
            lines.append(_line(f"{field.name} = {_toml(section.chosen[field.name])}", said + choices))
        elif field.default != field.default:  # NaN: nothing, unless it is given
            lines.append(_line(f"# {field.name}", said + choices + "; not set"))
        else:
            lines.append(_line(f"# {field.name} = {_toml(kind.write(field.default))}", said + choices))
    return "\n".join(lines) + "\n"


def _line(key: str, comment: str) -> str:
    return f"{key:<31} # {comment}"


def _toml(value: Any) -> str:
    """Returns a value as TOML; what JSON writes is TOML too, except infinity."""
    return json.dumps(value, ensure_ascii=False).replace("Infinity", "inf")
