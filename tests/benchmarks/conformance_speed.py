"""Times every built-in rule as the conformance kit does, and writes the medians of the roles that `mmkit plugins check` compares with.

    python tests/benchmarks/conformance_speed.py [--engines python compiled] [--write mmkit/testing/speed.toml]

Each is timed in the kit's own stack over its simulated book: ns per event of the rule's functions, and what a compiled run takes longer
with it, the least of some runs. A compiled time that the noise of the machine hides counts as none. Compiling every rule takes minutes.
"""

import argparse
import statistics
import sys
from pathlib import Path

import tomli_w
from measuring import load, table

from mmkit.plugins import offers
from mmkit.rules import Optimization, Role
from mmkit.testing import speed
from mmkit.testing.subject import Subject

ENGINES = {"python": speed.plain, "compiled": lambda subject, stack: speed.compiled(stack)}


def measured(engines: list[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Returns ns per event by role, rule and engine."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    offered = offers()
    for role in Role:
        for name in offered.names(role):
            rule, supplier = offered.load(role, name)
            subject = Subject(rule, supplier)
            skipped = role in (Role.MARKET, Role.REPORT) or isinstance(rule, Optimization) or subject.fills_by_chance
            if skipped or not speed.heard(rule):
                continue
            print(f"{role.value} {name}", file=sys.stderr)
            times = {engine: ENGINES[engine](subject, subject.stack()) for engine in engines}
            found.setdefault(role.value, {})[name] = times
    return found


def medians(found: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Returns the median of each role by engine."""
    kept: dict[str, dict[str, float]] = {"reference": {"ns": round(speed.reference(), 2)}}
    for role, rules in found.items():
        kept[role] = {}
        for engine in ENGINES:
            times = [each[engine] for each in rules.values() if engine in each]
            if times:
                kept[role][engine] = round(statistics.median(times), 1)
    return kept


def main() -> None:
    """Prints every time, and writes the medians."""
    parser = argparse.ArgumentParser(description="what each rule takes per event, as the conformance kit measures it")
    parser.add_argument("--engines", nargs="+", choices=tuple(ENGINES), default=list(ENGINES))
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the medians as TOML")
    given = parser.parse_args()
    found = measured(given.engines)
    rows = [
        [f"{role} {name}", *(f"{times[engine]:.1f}" for engine in given.engines)]
        for role, rules in found.items()
        for name, times in rules.items()
    ]
    table(f"ns per event; {load()}", ["rule", *given.engines], rows)
    if given.write:
        text = "# ns per event, the median of the built-in rules of a role: tests/benchmarks/conformance_speed.py --write\n\n"
        given.write.write_text(text + tomli_w.dumps(medians(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
