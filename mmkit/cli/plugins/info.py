"""mmkit plugins info: what one plugin does, what it reads and publishes, its parameters, and how a stack uses it."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkit.cli.options import DisablePlugin, Json, PluginRole
from mmkit.cli.printing import columns, say

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from mmkit.described import Described, Input, Parameter
    from mmkit.inquiry import Found

EXAMPLE = "Example: mmkit plugins info signals.vamp"


def info(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="NAME, ROLE.NAME, a distribution, or a plugin file.", show_default=False)],
    role: PluginRole = None,
    disable_plugin: DisablePlugin = None,
    as_json: Json = False,
) -> None:
    """Say what a plugin does: formula, parameters, inputs and outputs with their units, and TOML to paste."""
    from mmkit import inquiry
    from mmkit.errors import ConfigError, MmkitError, PluginError
    from mmkit.installed import COMMAND
    from mmkit.rules import Role

    offered = inquiry.commands(name) if role in (None, COMMAND) else {}
    found: list[Found] = []
    faults: list[MmkitError] = []
    try:
        if role != COMMAND:
            found, faults = inquiry.rules(name, Role(role.value) if role else None)
        elif not offered:
            raise inquiry.no_command(name)
    except ConfigError as error:
        if not offered:
            raise (inquiry.disabled_command(name) if role is None else None) or error from None
    helps: list[tuple[EntryPoint, str]] = []
    for each in offered.items():
        try:
            helps.append(help_of(*each, ctx.find_root()))
        except PluginError as error:
            faults.append(error)
    if as_json and (found or helps or not faults):
        import orjson

        rows = [*map(document, found), *(command_document(*each) for each in helps)]
        say(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    elif found or helps:
        say("\n\n\n".join([*map(told, found), *(command_told(*each) for each in helps)]))
    if faults:
        kind = type(faults[0]) if len({type(each) for each in faults}) == 1 else MmkitError
        raise kind("\n".join(map(str, faults)))


def help_of(name: str, offered: tuple["EntryPoint", ...], root: Any) -> tuple["EntryPoint", str]:
    """Returns a plugin's command and its help. Raises PluginError where it cannot be had."""
    from mmkit.command_plugins import load, only

    entry = only(name, offered, getattr(root.command, "commands", ()))
    command = typer.main.get_group(load(entry)).commands[name]
    return entry, command.make_context(name, [], parent=root, resilient_parsing=True).get_help()


def told(found: "Found") -> str:
    """Returns what is known of a rule as text."""
    about = found.described
    rule = about.rule
    parts = [[f"{rule.role.value}.{rule.name}, of {f'{found.distribution} {found.version}'.rstrip()}"]]
    parts += [[text] for text in (about.about.text, *about.about.shared) if text]
    parts.append(["In a stack:", "", *_indented(about.block.rstrip().split("\n"))])
    parts.append(_section("Parameters", [_parameter_cells(each) for each in about.parameters]) or ["Parameters: none."])
    parts.append(_section("Reads", [_input_cells(each) for each in about.inputs]))
    parts.append(_section("Publishes", [(each.name, each.unit, each.doc) for each in about.outputs]))
    parts.append(_section("Steps that mmkit explain shows", about.steps))
    parts.append([" ".join(_engine(about))])
    return "\n\n".join("\n".join(lines) for lines in parts if any(lines))


def _section(title: str, rows: Any) -> list[str]:
    return [f"{title}:", "", *_indented(columns(list(rows)))] if rows else []


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}".rstrip() for line in lines]


def _parameter_cells(each: "Parameter") -> tuple[str, ...]:
    default = "required" if each.default == "" else "not set" if each.default is None else each.default
    several = "list of" if each.several else "one of"
    kind = f"{several} {', '.join(each.choices)}" if each.choices else each.type
    bounds = ", ".join(filter(None, (kind, each.range)))
    return each.name, default, each.unit, bounds, each.doc


def _input_cells(each: "Input") -> tuple[str, ...]:
    neutral = "required" if each.neutral is None else f"{each.neutral:g} where it is absent"
    neutral += f", unless {each.unless} is given" if each.unless else ""
    provided = "from what is wired to it" if each.by_hand else f"from {', '.join(_sources(each))}"
    return each.name, each.unit, neutral, each.doc, provided if each.by_hand or _sources(each) else ""


def _sources(each: "Input") -> list[str]:
    return ["every sizing rule"] if each.sizing else [f"{rule.name}.{output}" for rule, output in each.sources]


def _engine(about: "Described") -> list[str]:
    from mmkit.described import where

    called = [f"It is called at {', '.join(about.called)}."] if about.called else []
    if about.applies is not None:
        hosts = [f"{role}: {', '.join(names) or 'none'}" for role, names in about.applies.hosts]
        return [where(about.applies), f"It applies to {'; '.join(hosts)}."]
    if not about.engine:
        return [*called, about.levels]
    suiting = [f"{name}{' (unless it is switched off)' if on else ''}" for name, on in about.optimizations]
    applying = [f"Optimizations that apply: {', '.join(suiting)}."] if suiting else []
    return list(filter(None, [*called, about.levels, about.compiled, *applying]))


def document(found: "Found") -> dict[str, Any]:
    """Returns what is known of a rule as --json prints it."""
    about = found.described
    applies = about.applies
    return {
        **_head(about.rule.name, about.rule.role.value, found.distribution, found.version),
        "sentence": about.about.sentence,
        "text": "\n\n".join((about.about.text, *about.about.shared)),
        "toml": about.block,
        "parameters": [
            {
                "name": each.name,
                "type": each.type,
                "choices": list(each.choices),
                "required": each.default == "",
                "default": each.value,
                "unit": each.unit,
                "range": each.range,
                "doc": each.doc,
            }
            for each in about.parameters
        ],
        "inputs": [
            {
                "name": each.name,
                "unit": each.unit,
                "required": each.neutral is None,
                "neutral": "nan" if each.neutral is not None and math.isnan(each.neutral) else each.neutral,
                "unless": each.unless or None,
                "doc": each.doc,
                "sources": [f"{rule.role.value}.{rule.name}.{output}" for rule, output in each.sources],
            }
            for each in about.inputs
        ],
        "outputs": [{"name": each.name, "unit": each.unit, "doc": each.doc} for each in about.outputs],
        "steps": [{"name": name, "unit": unit} for name, unit in about.steps],
        "compiled": about.rule.compiled if about.engine else None,
        "optimizations": [name for name, _ in about.optimizations],
        "applies": {role: list(names) for role, names in applies.hosts} if applies else None,
        "exact": applies.exact if applies else None,
    }


def command_told(entry: "EntryPoint", text: str) -> str:
    """Returns what is known of a plugin's command as text."""
    from mmkit.installed import supplier

    return f"command.{entry.name}, of {supplier(entry)}\n\n{text.rstrip()}"


def command_document(entry: "EntryPoint", text: str) -> dict[str, Any]:
    """Returns what is known of a plugin's command as --json prints it."""
    from mmkit.installed import COMMAND, origin

    return {**_head(entry.name, COMMAND, origin(entry).name, origin(entry).version), "text": text}


def _head(name: str, role: str, distribution: str, version: str) -> dict[str, Any]:
    from mmkit.installed import BUILT_IN

    builtin = distribution == BUILT_IN
    return {"name": name, "role": role, "distribution": distribution, "version": version, "builtin": builtin}
