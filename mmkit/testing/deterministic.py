"""Check: the same stack, market and seed give the same bits, also after the rule has run elsewhere in the same process."""

from typing import Any

from mmkit.rules import Optimization, Role
from mmkit.testing.given import given, simulated
from mmkit.testing.rendered import rendered
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.same import differences
from mmkit.testing.subject import Seen, Subject, observed


def check(subject: Subject) -> str:
    """Returns how often it ran. Raises Failed with what differs; Skipped for what does nothing during a run."""
    if subject.rule.role is Role.REPORT:
        return rendered(subject)
    if isinstance(subject.rule, Optimization) and subject.rule.around is not None:
        raise Skipped("it concerns the process, not what a run computes")
    for number, table in enumerate(subject.tables):
        stack = subject.stack(table)
        first = observed(subject, stack)
        agree(first, observed(subject, stack), "a second run of the same stack")
        if number == 0 and subject.rule.role is not Role.MARKET:
            observed(subject, subject.stack(table, market=given(simulated(seed=21))))
            agree(first, observed(subject, stack), "a run of the same stack after one over another market")
    return f"{len(subject.tables) * 2 + 1} runs, {len(first[1].calls)} calls in the last"


def agree(one: tuple[Any, Seen], other: tuple[Any, Seen], what: str) -> None:
    """Raises Failed where two observed runs differ."""
    found = next(differences(one[0], other[0]), "") or unlike(one[1], other[1])
    if found:
        raise Failed(f"{what} differs: {found}")


def unlike(one: Seen, other: Seen, until: int | None = None) -> str:
    """Returns the first call in which two runs differ, or ''; until: only calls before that time (ns), and states do not count."""
    mine, its = (
        [call for call in seen.calls if until is None or (call.now is not None and call.now < until)]
        for seen in (one, other)
    )
    for place, (left, right) in enumerate(zip(mine, its, strict=False)):
        if repr(left) != repr(right):
            return f"call {place + 1}, {left.function} at {left.now} ns: {told(left, right)}"
    if len(mine) != len(its):
        return f"{len(mine)} and {len(its)} calls"
    if until is None and repr(one.states) != repr(other.states):
        return "the state at the end"
    return ""


def told(left: Any, right: Any) -> str:
    """Returns what differs between two calls."""
    for name in ("function", "now", "result", "outputs", "levels", "orders"):
        pair = repr(getattr(left, name)), repr(getattr(right, name))
        if pair[0] != pair[1]:
            return f"{name} {' and '.join(text if len(text) <= 80 else text[:77] + '...' for text in pair)}"
    return "nothing"
