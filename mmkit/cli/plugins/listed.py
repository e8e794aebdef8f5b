"""mmkit plugins list: what is installed, from where, whether it is left out, and why it is broken."""

from typing import Annotated

import typer

from mmkit.cli.options import DisablePlugin, Json, PluginRole
from mmkit.cli.printing import columns, say

EXAMPLE = "Example: mmkit plugins list --role signals"


def listed(
    ctx: typer.Context,
    role: PluginRole = None,
    load: Annotated[bool, typer.Option("--load", help="Import each one too, and say what that finds.")] = False,
    disable_plugin: DisablePlugin = None,
    as_json: Json = False,
) -> None:
    """List every installed plugin, and why it is broken; none is imported."""
    import attrs

    from mmkit.listing import rows

    own = getattr(ctx.find_root().command, "commands", {})
    found = rows(role.value if role else None, load=load, own_commands=own)
    if as_json:
        import orjson

        say(orjson.dumps([attrs.asdict(row) for row in found], option=orjson.OPT_INDENT_2).decode())
        return
    table = [("role", "name", "distribution", "version", "origin", "state", "broken")]
    for row in found:
        kind, state = "built-in" if row.builtin else "installed", "enabled" if row.enabled else "disabled"
        table.append((row.role, row.name, row.distribution, row.version, kind, state, row.broken or ""))
    say("\n".join(columns(table)))
