"""Check: a rule gets along with every other built-in rule in the other roles: no run fails, no quotes cross."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import attrs

from mmkit.errors import ConfigError, MmkitError
from mmkit.plugins import offers
from mmkit.rules import Optimization, Role, Rule
from mmkit.stack import Stack
from mmkit.testing.assembly import assembled
from mmkit.testing.given import simulated
from mmkit.testing.look_ahead import over
from mmkit.testing.observing import placed, watched
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import LOT, TICK, Subject, run
from mmkit.testing.surroundings import BRISK, SUBJECT, filled, instrument, needs_data

ROWS = 1200
"""Of the kit's market, which are about five seconds."""

SINGLE = (Role.SIZING, Role.PRICING, Role.LADDER, Role.EXECUTION, Role.HEDGING)

Tables = dict[str, Any]


def check(subject: Subject) -> str:
    """Returns among how many rules it ran. Raises Failed with the company in which a run failed or quotes crossed."""
    if subject.fills_by_chance:
        raise Skipped("a world without a book has its own venue and market")
    subject.stack()  # what cannot act by itself is not tried in company
    met: set[str] = set()
    count = 0
    for more in companies(subject):
        try:
            stack = assembled(
                [(subject.rule, subject.supplier, subject.tables[0])], tick_size=TICK, lot_size=LOT, more=more
            )
            lived(placed(stack, subject.rule, subject.acting))
        except (Failed, MmkitError) as error:
            raise Failed(f"{error} (with {', '.join(names(more))})") from error
        met.update(names(more))
        count += 1
    return f"{len(met)} rules, {count} stacks"


def lived(stack: Stack) -> None:
    """Runs a stack over a short market. Raises ConfigError where quotes cross, what ended the run otherwise."""
    if stack.leg.market.rule.name == "given":
        rows = [simulated(number=number)[0][:ROWS] for number in range(len(stack.legs))]
        stack = over(stack, rows)
    execution = stack.execution.rule
    run(placed(stack, execution, watched(execution, uncrossed)))


def uncrossed(name: str, given: Mapping[str, Any], result: Any) -> None:
    """Raises ConfigError where the best bid of a ladder reaches its best ask."""
    ladder = given.get("ladder")
    if ladder is None:
        return
    bids = [ladder.bid_ticks[i] for i in range(ladder.levels) if ladder.bid_lots[i] > 0]
    asks = [ladder.ask_ticks[i] for i in range(ladder.levels) if ladder.ask_lots[i] > 0]
    if bids and asks and max(bids) >= min(asks):
        raise ConfigError(f"quotes cross: a bid at {max(bids)} ticks, an ask at {min(asks)} ticks")


def names(more: Tables) -> list[str]:
    """Returns the rules that tables of a stack name, each as "pricing.fixed"."""
    found = []
    for section, table in more.items():
        tables = table.values() if section in ("signals", "risk", "report") else [table]
        found += [f"{section}.{each['use']}" for each in tables if "use" in each]
    return found


@cache
def built_ins(role: Role) -> tuple[Rule, ...]:
    """Returns the built-in rules of a role that act over the kit's market."""
    offered = offers()
    entries = [entry.name for entry in offered.entries[role] if entry.dist is not None and entry.dist.name == "mmkit"]
    rules = (offered.load(role, name)[0] for name in sorted(entries))
    return tuple(rule for rule in rules if not needs_data(rule, {}))


def companies(subject: Subject) -> Iterator[Tables]:
    """Yields tables of stacks that have, together, every built-in rule of every other role: all signals and all risk rules in the first,
    of other roles one in each."""
    own = subject.rule.role
    signals = built_ins(Role.SIGNALS) if own is not Role.SIGNALS else ()
    others = {role: built_ins(role) for role in SINGLE if role is not own}
    for number in range(max(map(len, others.values()))):
        whole = number == 0
        chosen = {role: rules[number % len(rules)] for role, rules in others.items()}
        heard = signals if whole else [rule for rule in signals if rule.name in ("volatility", "trend")]
        if own is Role.SIGNALS:
            heard = [rule for rule in built_ins(Role.SIGNALS) if rule.name == "volatility"]
        risks = built_ins(Role.RISK) if whole and own is not Role.RISK else ()
        yield tables(subject, heard, chosen, risks)


def tables(subject: Subject, heard: Sequence[Rule], chosen: Mapping[Role, Rule], risks: Sequence[Rule]) -> Tables:
    """Returns the tables of one company, every input that anybody provides wired."""
    more: Tables = {"signals": {}, "risk": {}}
    sources = [(SUBJECT, subject.rule)] if subject.rule.role is Role.SIGNALS else []
    pending = list(heard)
    while pending:
        # A signal comes after those that it cannot do without.
        ready = next((rule for rule in pending if provided(rule, sources)), pending[0])
        pending.remove(ready)
        more["signals"][ready.name] = section(ready, sources)
        sources.append((ready.name, ready))
    if Role.SIZING in chosen:
        more["sizing"] = section(chosen[Role.SIZING], sources)
        sources = [("sizing", chosen[Role.SIZING]), *sources]
    elif subject.rule.role is Role.SIZING:
        sources = [("sizing", subject.rule), *sources]
    for role, rule in chosen.items():
        if role is not Role.SIZING:
            more[role.value] = section(rule, sources)
    if getattr(chosen.get(Role.HEDGING), "hedge", None) is not None:
        more["instruments"] = {"H": instrument(TICK, LOT)}
        if subject.rule.role is Role.MARKET:  # the two would lie years apart
            more["instruments"]["H"]["market"] = {"use": subject.rule.name, **subject.tables[0]}
    for rule in risks:
        more["risk"][rule.name] = section(rule, sources)
    if isinstance(subject.rule, Optimization):
        for applied in subject.rule.applies:  # its host stays
            more.pop(applied, None)
    return more


def section(rule: Rule, sources: Sequence[tuple[str, Rule]]) -> Tables:
    """Returns a rule's table: what it must have, and the wiring of its inputs."""
    table = {"use": rule.name, **filled(rule, {}), **(BRISK.get(rule.name, {}) if rule.role is Role.SIGNALS else {})}
    wired = {each.name: source for each in inputs(rule) if (source := source_of(each, sources))}
    for each in inputs(rule):
        unless = each.metadata.get("unless")
        if unless and unless in table:
            wired.pop(each.name, None)
        elif unless and each.name not in wired:
            table[unless] = 1.0
    return {**table, "inputs": wired} if wired else table


def inputs(rule: Rule) -> Sequence["attrs.Attribute[Any]"]:
    """Returns a rule's inputs."""
    return attrs.fields(rule.inputs) if rule.inputs else ()


def provided(rule: Rule, sources: Sequence[tuple[str, Rule]]) -> bool:
    """Returns whether everything that a rule requires is there."""
    return all(source_of(each, sources) for each in inputs(rule) if each.metadata.get("required"))


def source_of(field: "attrs.Attribute[Any]", sources: Sequence[tuple[str, Rule]]) -> str:
    """Returns the first output that fits an input by name and unit, or by unit where it is required; '' where none does."""
    name, unit = field.name, field.metadata.get("unit", "")
    fitting = [
        (slot, rule, output) for slot, rule in sources for output, given in rule.outputs.items() if given == unit
    ]
    for slot, rule, output in fitting:
        if output == name or (output == "value" and name in (slot, rule.name)):
            return f"{slot}.{output}"
    if field.metadata.get("required") and unit:
        return next((f"{slot}.{output}" for slot, _, output in fitting), "")
    return ""
