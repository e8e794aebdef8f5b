"""CPU seconds of `mmkit --help` and `mmkit plugins list` with many plugins installed.

    python tests/benchmarks/start_up.py [--plugins N] [--rounds N]

Makes so many distributions, each with a rule and a command in modules of its own, in a folder on PYTHONPATH, and starts fresh
processes, one command after the other, with and without them. CPU time is user and system time of the process; the median and
the least of the rounds are printed. Bytecode is kept in a folder of its own, and written by a first start that does not count,
as it is after an installation.
"""

import argparse
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median

MMKIT = Path(sysconfig.get_path("scripts")) / "mmkit"
COMMANDS = (["--help"], ["plugins", "list"])
ROLES = ("signals", "pricing", "sizing", "ladder", "risk", "execution")

RULE = '''"""Dummy rule {number}: half-spreads that follow a moving average. Units: quote currency."""

import math

import attrs

import mmkit
from mmkit import field, required


@attrs.frozen
class Params:
    half_life: mmkit.Duration = field("60s", above=0, doc="time over which an observation loses half its weight")
    factor: float = field(1.0, unit="1", above=0, doc="half-spread as a multiple of the average")
    floor: float = field(0.0, unit="quote", at_least=0, doc="least half-spread")


@attrs.define
class State:
    average: float = math.nan
    last: int = 0


@attrs.define
class Inputs:
    volatility: float = required(unit="price/sqrt(s)", doc="of the mid")


def update(params, state, market):
    elapsed = market.now - state.last
    weight = math.exp(-elapsed / params.half_life)
    state.average = weight * state.average + (1.0 - weight) * market.mid
    state.last = market.now


def quote(params, state, market, inputs):
    half = max(params.floor, params.factor * inputs.volatility)
    return market.mid, half, half


@mmkit.hookimpl
def mmkit_{role}():
    return mmkit.Pricing("dummy-{number}", params=Params, state=State, inputs=Inputs, quote=quote)
'''

COMMAND = '''"""Dummy command {number}."""


def run(count: int = 1) -> None:
    """Do nothing so many times."""
'''


def install(folder: Path, plugins: int) -> None:
    """Writes so many distributions into a folder."""
    for number in range(plugins):
        role = ROLES[number % len(ROLES)]
        package = folder / f"mmkit_dummy_{number}"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "rule.py").write_text(RULE.format(number=number, role=role))
        (package / "command.py").write_text(COMMAND.format(number=number))
        about = folder / f"mmkit_dummy_{number}-0.1.{number}.dist-info"
        about.mkdir()
        readme = "A line of a description, as long as descriptions are.\n" * 100
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: mmkit-dummy-{number}\nVersion: 0.1.{number}\n\n{readme}"
        )
        (about / "entry_points.txt").write_text(
            f"[mmkit.{role}]\ndummy-{number} = mmkit_dummy_{number}.rule\n"
            f"[mmkit.command]\ndummy-{number} = mmkit_dummy_{number}.command:run\n"
        )


def cpu_seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Returns the CPU time of one process. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(MMKIT), *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="CPU time of the first things that one types")
    parser.add_argument("--plugins", type=int, default=200, help="distributions to install")
    parser.add_argument("--rounds", type=int, default=15, help="processes of each, of which the median counts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = Path(name) / "site"
        site.mkdir()
        install(site, given.plugins)
        bare = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(name) / "bytecode")}
        environments = {"none": bare, str(given.plugins): bare | {"PYTHONPATH": str(site)}}
        cases = [(arguments, count) for arguments in COMMANDS for count in environments]
        found: dict[int, list[float]] = {at: [] for at in range(len(cases))}
        for turn in range(given.rounds + 1):
            for at, (arguments, count) in enumerate(cases):
                seconds = cpu_seconds(arguments, environments[count])
                if turn:
                    found[at].append(seconds)
        print(f"CPU seconds of a process, median (least) of {given.rounds}; load {os.getloadavg()[0]:.1f}")
        for at, (arguments, count) in enumerate(cases):
            what = f"mmkit {' '.join(arguments)}, plugins installed: {count}"
            print(f"{what:<48}  {median(found[at]):.3f} ({min(found[at]):.3f})")


if __name__ == "__main__":
    sys.exit(main())
