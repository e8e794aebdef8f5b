"""Check: both engines compute the same bits; an exact optimization changes none, and one that is not says what it may change."""

from collections.abc import Iterable, Sequence

import attrs

from mmkit.rules import Optimization, Role, Rule
from mmkit.stack import Slot, Stack
from mmkit.testing.rows import Failed, Row, Skipped
from mmkit.testing.same import differences, tables_differ
from mmkit.testing.subject import Subject, run, slots_of
from mmkit.testing.together import stacks


def check(subject: Subject) -> str:
    """Returns what was compared. Raises Failed with what differs, or why the rule is not compiled; Skipped for what never is."""
    rule = subject.rule
    if isinstance(rule, Optimization):
        return of_optimization(subject, rule)
    if rule.role in (Role.MARKET, Role.REPORT):
        raise Skipped("it runs before or after the loop that is compiled")
    if not rule.compiled:
        raise Skipped("it stays Python (compiled=False)")
    for table in subject.tables:
        agree(subject.stack(table), [rule])
    return f"{len(subject.tables)} sets of parameters" if len(subject.tables) > 1 else ""


def agree(stack: Stack, rules: Iterable[Rule]) -> None:
    """Raises Failed where the engines differ over a stack, or one of the rules was not compiled."""
    plain, compiled = run(stack), run(stack, engine="compiled")
    left = left_out(stack)
    for rule in rules:
        for slot in slots_of(stack, rule):
            if slot.path in left:
                raise Failed(f"{rule.name} is not compiled: {left[slot.path]} (or declare compiled=False)")
    found = list(differences(plain, compiled))
    if found:
        raise Failed(f"the engines differ: {'; '.join(found)}")


def left_out(stack: Stack) -> dict[str, str]:
    """Returns the rules of a stack that ran compiled which stayed Python all the same, by path, and why."""
    from mmkit.engine.cache import folder_of, manifest_of
    from mmkit.engine.callouts import stays_python
    from mmkit.engine.entry import ENTRY
    from mmkit.engine.session import program

    written = program(stack)
    manifest = manifest_of(folder_of(written, ENTRY)) or {"refused": {}}
    return {path: why for path, why in {**stays_python(stack), **manifest["refused"]}.items() if why}


def same_bits_together(rules: Sequence[Rule], name: str = "mmkit") -> list[Row]:
    """Returns a row for each rule: the check "same-bits" for many rules at once, in as few stacks as can hold them all.

    A stack that fails is charged to every rule in it. Optimizations are not among them.
    """
    rows: dict[str, Row] = {}
    for stack, inside in stacks([Subject(rule, name) for rule in rules if rule.compiled]):
        try:
            agree(stack, inside)
            outcome, reason = "passed", ""
        except Failed as failed:
            outcome, reason = "failed", str(failed)
        rows |= {f"{rule.role.value}.{rule.name}": Row("same-bits", outcome, reason) for rule in inside}
    skipped = Row("same-bits", "skipped", "it stays Python (compiled=False)")
    return [attrs.evolve(rows.get(f"{rule.role.value}.{rule.name}", skipped)) for rule in rules]


def of_optimization(subject: Subject, rule: Optimization) -> str:
    """Returns what an optimization was compared with: its host with it off."""
    from mmkit.optimizing import switched

    if rule.around is not None:
        raise Skipped("it concerns the process, not what a run computes")
    stack = subject.stack()
    if rule.without is not None:
        off, on = stack, switched(stack, found(stack, rule), True)
    else:
        off, on = switched(stack, found(stack, rule), False), stack
    params = subject.structured(subject.tables[0])
    if not rule.exact(params):  # type: ignore[misc]
        if not rule.bound:
            raise Failed("it is not exact, and says no bound (bound=)")
        run(on)
        return f"not exact: {rule.bound}"
    differ = list(tables_differ(run(off), run(on)))
    if differ:
        raise Failed(f"said to be exact, and on and off differ: {'; '.join(differ)}")
    return "on and off"


def found(stack: Stack, rule: Rule) -> Slot:
    """Returns where an optimization is switched on, or off, in a stack."""
    every: list[Slot] = [*stack.optimizations, *(off for slot in stack.optimizable for off in slot.off)]
    every += [*stack.process, *([stack.log] if stack.log else [])]
    return next(slot for slot in every if slot.rule is rule)
