"""mmkit check: loads and wires a stack without running it."""

from typing import TYPE_CHECKING, Any

from mmkit.cli.options import Data, Disable, DisablePlugin, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say

if TYPE_CHECKING:
    from mmkit.stack import Slot, Stack

EXAMPLE = "Example: mmkit check stack.toml --set pricing.gamma=0.2"


def check(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    disable_plugin: DisablePlugin = None,
    as_json: Json = False,
) -> None:
    """Load and wire a stack without running it; print the wiring, or one line per fault (exit code 2)."""
    from mmkit.folder import as_json as json_text
    from mmkit.settings import read

    read_stack = read(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    say(json_text(wiring_document(read_stack)) if as_json else wiring_table(read_stack))


def wiring_document(stack: "Stack") -> dict[str, Any]:
    """Returns the stack's rules in the order in which they act, with parameters and wiring, as --json prints them."""
    from mmkit.writing import values

    def rule(slot: "Slot") -> dict[str, Any]:
        return {
            "path": slot.path,
            "use": slot.rule.name,
            "from": slot.distribution,
            "params": values(slot.params),
            "inputs": dict(slot.wiring),
            "outputs": dict(slot.rule.outputs),
            **({"instrument": slot.instrument} if slot.instrument else {}),
            **({"instruments": list(stack.hedges)} if slot is stack.hedging and stack.hedges else {}),
        }

    return {
        "stack": stack.name,
        "seed": stack.seed,
        "quote": stack.quote,
        "rules": [rule(slot) for slot in _every(stack)],
    }


def wiring_table(stack: "Stack") -> str:
    """Returns the rules in the order in which they act, and where each input comes from, as a readable table."""
    from mmkit.wiring import unit_of

    rows = [("rule", "use", "from", "reads and publishes")]
    for slot in _every(stack):
        notes = [f"{name} <- {source} {_unit(unit_of(source, stack.slots))}" for name, source in slot.wiring.items()]
        notes = [*elsewhere(stack, slot), *notes]
        notes += [f"-> {slot.name}.{output} {_unit(unit)}" for output, unit in slot.rule.outputs.items()]
        rows.append((slot.path, slot.rule.name, slot.distribution, (notes or [""])[0].rstrip()))
        rows += [("", "", "", note.rstrip()) for note in notes[1:]]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"stack {stack.name}: quotes {stack.quote}, seed {stack.seed}", ""]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row[:3], widths, strict=True)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
    return "\n".join(lines)


def elsewhere(stack: "Stack", slot: "Slot") -> list[str]:
    """Returns which instruments a rule is about, where that is not the quoted one alone."""
    if slot is stack.hedging and stack.hedges:
        return [f"hedges {stack.quote} with {', '.join(stack.hedges)}"]
    return [f"listens to {slot.instrument}"] if slot.instrument and slot.instrument != stack.quote else []


def _every(stack: "Stack") -> list["Slot"]:
    legs = [slot for leg in stack.legs.values() for slot in (leg.market, leg.venue)]
    return [*legs, *stack.slots, *stack.reports]


def _unit(unit: str) -> str:
    return f"({unit})" if unit else ""
