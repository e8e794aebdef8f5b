"""mmkit plugins: what there is, what one of them does, a new one, and whether it keeps to the rules."""

import typer

from mmkit.cli.plugins import info, listed

app = typer.Typer(
    name="plugins", help="Plugins: what there is, what one does, a new one, a check.", no_args_is_help=True
)


@app.callback()
def options() -> None:
    """Plugins: what there is, what one does, a new one, a check."""


app.command("list", epilog=listed.EXAMPLE)(listed.listed)
app.command("info", epilog=info.EXAMPLE)(info.info)
