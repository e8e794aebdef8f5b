"""mmkit optimizations list: what exists, where it applies, exact or bounded, and what a stack has switched on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mmkit.cli.options import DisablePlugin, Json
from mmkit.cli.printing import say

EXAMPLE = "Example: mmkit optimizations list stack.toml"

app = typer.Typer(
    name="optimizations", help="Rules made faster: what there is, and what a stack uses.", no_args_is_help=True
)


@app.command("list", epilog=EXAMPLE)
def listed(
    stack: Annotated[Path | None, typer.Argument(metavar="[STACK]", help="A stack, to see what is on in it.")] = None,
    disable_plugin: DisablePlugin = None,
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
        rows += in_stack(rule, distribution, read) if read else everywhere(rule, distribution)
    if as_json:
        import orjson

        say(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    width = max((len(each["path"]) for each in rows if "path" in each), default=0)
    for each in rows:
        if "broken" in each:
            say(f"{each['name']}: broken: {each['broken']}")
        else:
            say(f"{each['path']:<{width}}  {each['state']:<16}  {each['exact']:<8}  {each['said']}".rstrip())


def everywhere(rule: Any, distribution: str) -> list[dict[str, Any]]:
    """Returns a row per role that an optimization can be switched on for."""
    state = "on unless off" if is_on_by_itself(rule) else "off unless on"
    return [
        {
            "path": f"{role}.{rule.name}",
            "name": rule.name,
            "role": role,
            "rule": None,
            "distribution": distribution,
            "exact": exactness(rule, None),
            "state": state,
            "said": rule.bound or doc(rule),
        }
        for role in rule.applies
    ]


def in_stack(rule: Any, distribution: str, stack: Any) -> list[dict[str, Any]]:
    """Returns a row per rule of a stack in whose role an optimization can be switched on: whether it is, and why not."""
    from mmkit.optimizing import unsuited

    slots = [(slot.path, slot.declared.role.value, slot) for slot in stack.optimizable]
    slots += [(section, section, None) for section in ("log", "process")]
    rows = []
    for path, role, slot in slots:
        if role not in rule.applies:
            continue
        own = f"{path}.{rule.name}"
        listed = slot.optimizations if slot else stack.process + ((stack.log,) if stack.log else ())
        on = next((each for each in listed if each.path == own), None)
        off = any(each.path == own for each in slot.off) if slot else False
        reason = unsuited(rule, role, slot.declared if slot else None)
        if reason:
            state, said = "does not apply", reason
        elif on is not None or (is_on_by_itself(rule) and not off):
            state, said = "on", f"--disable {own}"
        else:
            state, said = "off", f"--enable {own}"
        rows.append(
            {
                "path": own,
                "name": rule.name,
                "role": role,
                "rule": slot.rule.name if slot else None,
                "distribution": distribution,
                "exact": exactness(rule, on),
                "state": state,
                "said": said if not rule.bound or reason else f"{said}; {rule.bound}",
            }
        )
    return rows


def is_on_by_itself(rule: Any) -> bool:
    """Returns whether every rule has the optimization unless it is switched off."""
    return rule.without is not None or rule.samples is not None


def exactness(rule: Any, on: Any) -> str:
    """Returns "exact" or "bounded", with the parameters that a stack gives it or its own."""
    try:
        exact = rule.exact(on.params if on is not None else rule.params())
    except TypeError:  # a parameter has no default
        exact = False
    return "exact" if exact else "bounded"


def doc(rule: Any) -> str:
    """Returns the first sentence of the module that offers it."""
    import sys

    text = " ".join((sys.modules[rule.exact.__module__].__doc__ or "").split())
    return text.partition(". ")[0].rstrip(".")
