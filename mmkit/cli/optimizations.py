"""mmkit optimizations list: what exists, where it applies, exact or bounded, and what a stack has switched on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mmkit.cli.options import Json
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit optimizations list stack.toml"

app = typer.Typer(
    name="optimizations", help="Rules made faster: what there is, and what a stack uses.", no_args_is_help=True
)


@app.command("list", epilog=EXAMPLE)
def listed(
    stack: Annotated[Path | None, typer.Argument(metavar="[STACK]", help="A stack, to see what is on in it.")] = None,
    as_json: Json = False,
) -> None:
    """List every optimization: for which roles, exact or bounded, and with a stack where it is on."""
    from mmkit.errors import PluginError
    from mmkit.plugins import offers
    from mmkit.rules import Role

    read: Any = None
    if stack is not None:
        from mmkit.settings import read as read_stack

        read = read_stack(stack)
    offered = offers(read.plugins if read else ())
    rows: list[dict[str, Any]] = []
    for name in offered.names(Role.OPTIMIZATION):
        try:
            rule, distribution = offered.load(Role.OPTIMIZATION, name)
        except PluginError as error:
            rows.append({"name": name, "broken": str(error)})
            continue
        rows += [row(rule, role, distribution, read) for role in rule.applies]  # type: ignore[attr-defined]
    if as_json:
        import orjson

        say(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for each in rows:
        if "broken" in each:
            say(f"{each['name']}: broken: {each['broken']}")
        else:
            say(f"{each['role']}.{each['name']:<18} {each['exact']:<44} {each['here']}".rstrip())


def row(rule: Any, role: str, distribution: str, stack: Any) -> dict[str, Any]:
    """Returns what is said of an optimization of one role."""
    on = next((slot for slot in stack.optimizations if slot.path == f"{role}.{rule.name}"), None) if stack else None
    try:
        always = rule.exact(on.params if on else rule.params())
    except TypeError:
        always = False
    here = ""
    if stack is not None:
        slot = getattr(stack, role, None)
        rules = [slot.rule] if slot is not None and hasattr(slot, "rule") else []
        fits = any(getattr(each, "prepare", None) is not None and each.inputs for each in rules)
        off = f'off: --enable {role}.{rule.name} or optimizations = ["{rule.name}"]'
        here = "on" if on else off if fits else f"does not apply: {role} prepares nothing from inputs"
    said = "exact" if always else f"bounded: {rule.bound}"
    return {"role": role, "name": rule.name, "distribution": distribution, "exact": said, "here": here}
