"""What a setting of a stack is worth, over seeds: python measure.py STACK KEY.PATH VALUE VALUE… [--seeds N].

Prints a row per value: mean and standard error of PnL (quote currency), fills, and markouts (quote currency per unit of base currency)
after 1 and 10 seconds. Differences between rows are what to look at: every row runs over the same markets.
"""

import argparse
import math
import statistics
from typing import Any

import mmkit

COLUMNS = ("PnL", "fills", "markout 1 s", "markout 10 s")


def measured(summary: dict[str, Any]) -> tuple[float, ...]:
    """Returns the figures of a run; a markout without fills is NaN."""
    later = {each["horizon_s"]: each["quote"] for each in summary["metrics"]["markouts"]}
    after = (math.nan if later[seconds] is None else later[seconds] for seconds in (1, 10))
    return summary["pnl"]["total"], summary["fills"]["count"], *after


def told(values: list[float]) -> str:
    """Returns mean and standard error of what is known."""
    known = [value for value in values if not math.isnan(value)]
    error = statistics.stdev(known) / math.sqrt(len(known))
    digits = max(0, 1 - math.floor(math.log10(error))) if error > 0 else 3
    return f"{statistics.mean(known):.{digits}f} ± {error:.{digits}f}"


def main() -> None:
    """Runs the stack once per value and seed."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("stack")
    given.add_argument("key")
    given.add_argument("values", nargs="+")
    given.add_argument("--seeds", type=int, default=20)
    asked = given.parse_args()
    print("|", asked.key, "|", " | ".join(COLUMNS), "|")
    print("|---" * (1 + len(COLUMNS)) + "|")
    for value in asked.values:
        rows = [
            measured(mmkit.run(asked.stack, seed=seed, set=[f"{asked.key}={value}"]).summary)
            for seed in range(1, asked.seeds + 1)
        ]
        print("|", value, "|", " | ".join(told(list(column)) for column in zip(*rows, strict=True)), "|", flush=True)


if __name__ == "__main__":
    main()
