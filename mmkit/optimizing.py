"""What a rule becomes with its optimizations: which apply to it, and the rule that takes its place."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import attrs

from mmkit import contract
from mmkit.errors import MmkitError, PluginError, raised_at
from mmkit.plugins import offers
from mmkit.rules import Optimization, Role, Rule, own_functions
from mmkit.stack import Slot, Stack


def unsuited(optimization: Optimization, role: str, rule: Any) -> str:
    """Returns why an optimization does not apply to a rule, or ''."""
    if role not in optimization.applies:
        return f'"{optimization.name}" is for {", ".join(optimization.applies)}'
    if optimization.keeps is not None and (getattr(rule, "prepare", None) is None or not rule.inputs):
        return f'"{optimization.name}" has nothing to keep: "{rule.name}" prepares nothing from its inputs'
    if optimization.suits is not None and rule is not None:
        reason = _run(optimization, "suits", rule)
        return f'"{optimization.name}" does not apply: {reason}' if reason else ""
    return ""


def optimized(slot: Slot) -> Slot:
    """Returns the slot with the rule that its optimizations make of the declared one.

    Raises PluginError where an optimization fails or makes something that is no rule.
    """
    rule = slot.declared
    for each in slot.off:
        rule = _run(each.rule, "without", rule)
    for each in slot.optimizations:
        if getattr(each.rule, "rewrite", None) is not None:
            rule = _run(each.rule, "rewrite", each.params, rule)
            faults = (
                list(contract.faults(rule)) if isinstance(rule, type(slot.declared)) else ["is no longer that rule"]
            )
            if faults:
                raise PluginError(f"{each.path}: {each.rule.name} ({each.distribution}): {slot.rule.name} {faults[0]}")
    return attrs.evolve(slot, rule=rule)


def switched(stack: Stack, optimization: Slot, on: bool) -> Stack:
    """Returns the stack with one optimization of one rule on or off."""
    path = optimization.path.rpartition(".")[0]
    if path == "log":
        return attrs.evolve(stack, log=optimization if on else None)
    if path == "process":
        others = tuple(each for each in stack.process if each.path != optimization.path)
        return attrs.evolve(stack, process=(*others, optimization) if on else others)
    rule: Any = optimization.rule

    def change(slot: Slot) -> Slot:
        if slot.path != path:
            return slot
        others = tuple(each for each in slot.optimizations if each.path != optimization.path)
        off = tuple(each for each in slot.off if each.path != optimization.path)
        if rule.without is not None:
            changed = attrs.evolve(slot, optimizations=others, off=off if on else (*off, optimization))
        else:
            changed = attrs.evolve(slot, optimizations=(*others, optimization) if on else others, off=off)
        return optimized(changed)

    legs = {
        name: attrs.evolve(leg, market=change(leg.market), venue=change(leg.venue)) for name, leg in stack.legs.items()
    }
    single: dict[str, Any] = {
        name: change(getattr(stack, name)) for name in ("sizing", "pricing", "ladder", "execution", "hedging")
    }
    return attrs.evolve(
        stack,
        legs=legs,
        signals=tuple(map(change, stack.signals)),
        risk=tuple(map(change, stack.risk)),
        **single,
    )


def unless_off(stack: Stack) -> list[Slot]:
    """Returns the optimizations that the stack's rules have unless they are switched off, whether they are or not."""
    offered = offers(stack.plugins)
    found: list[Slot] = []
    for slot in stack.optimizable:
        for name in offered.names(Role.OPTIMIZATION):
            try:
                rule, distribution = offered.load(Role.OPTIMIZATION, name)
            except PluginError:
                continue  # what no stack names may be broken
            assert isinstance(rule, Optimization)
            if rule.without is not None and not unsuited(rule, slot.declared.role.value, slot.declared):
                path = f"{slot.path}.{name}"
                found.append(Slot(name, path, rule, rule.params(), wiring={}, distribution=distribution))
    return found


def replaced(rule: Rule, functions: Mapping[Callable[..., Any], Callable[..., Any]]) -> Rule:
    """Returns the rule with functions put in the place of others in everything that its own functions reach."""
    from mmkit.engine import callouts, places
    from mmkit.engine.binding import as_it_is, bind
    from mmkit.steps import step

    # What the engines put something else in the place of must stay recognisable.
    fixed = [step, callouts.call, *(each for each in vars(places).values() if isinstance(each, FunctionType))]
    replace: dict[Any, Any] = {each: each for each in fixed}
    replace |= dict(functions)
    done: dict[Any, Any] = {}
    changed = {name: bind(function, replace, as_it_is, done) for name, function in own_functions(rule)}
    to_grid = getattr(rule, "to_grid", None)
    if to_grid is not None:
        changed["to_grid"] = bind(to_grid, replace, as_it_is, done)
    return attrs.evolve(rule, **changed)


def _run(optimization: Any, function: str, *given: Any) -> Any:
    """Calls an optimization's own function; what it raises is its own fault."""
    try:
        return getattr(optimization, function)(*given)
    except MmkitError:
        raise
    except Exception as error:
        said = f"{function} raised {type(error).__name__}: {error} ({raised_at(error)})"
        raise PluginError(f'optimization "{optimization.name}": {said}') from error
