"""Check: a rule reads no clock, no global random numbers and no files, and reaches for no network: time is market.now."""

import tempfile
from pathlib import Path

from mmkit.errors import MmkitError
from mmkit.rules import Optimization, Role, own_functions
from mmkit.testing.guard import Guard, Reached, on
from mmkit.testing.reach import reached
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject, run


def check(subject: Subject) -> str:
    """Returns how it was looked at. Raises Failed with what its functions reach for; Skipped for what concerns the process itself."""
    rule = subject.rule
    if isinstance(rule, Optimization) and rule.around is not None:
        raise Skipped("it concerns the process, not what a run computes")
    files = rule.role in (Role.MARKET, Role.REPORT)
    own = [*own_functions(rule), *([("setup", rule.setup)] if rule.setup is not None else [])]
    found = [each for name, function in own for each in reached(name, function, files)]
    if found:
        raise Failed(told(found))
    for table in subject.tables:
        stack = subject.stack(table)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "run"
            guard = Guard(reads=files, folder=folder if rule.role is Role.REPORT else None)
            with on(guard):
                try:
                    run(subject.put(stack, guard.rule(rule)), out=folder if rule.role is Role.REPORT else None)
                except MmkitError:
                    if not guard.found:
                        raise
        if guard.found:
            raise Failed(told(guard.found))
    return "as written, and while it ran"


def told(found: list[Reached]) -> str:
    """Returns the first things that were reached for, each once."""
    each = list(dict.fromkeys(map(str, found)))
    return "; ".join(each[:3]) + (f"; and {len(each) - 3} more" if len(each) > 3 else "")
