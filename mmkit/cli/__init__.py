"""The command line: which commands there are, and what happens to an error."""

import sys
from typing import Annotated

import typer

from mmkit import MmkitError, __version__
from mmkit.cli import bench, calibrate, check, data, demo, explain, init, optimizations, plugins, run
from mmkit.cli.options import DisablePlugin
from mmkit.cli.plugin_commands import Commands

app = typer.Typer(
    name="mmkit",
    cls=Commands,
    help="A pluggable market-making backtester: one TOML file names the rules of a stack, mmkit runs it.",
    no_args_is_help=True,
    # Plain texts: rich costs more time than the rest of a --help, and would draw boxes into pipes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.command("init", epilog=init.EXAMPLE)(init.init)
app.command("check", epilog=check.EXAMPLE)(check.check)
app.command("run", epilog=run.EXAMPLE)(run.run)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("calibrate", epilog=calibrate.EXAMPLE)(calibrate.calibrate)
app.command("bench", epilog=bench.EXAMPLE)(bench.bench)
app.add_typer(plugins.app)
app.add_typer(optimizations.app)
app.add_typer(data.app, name="data")


WITH_STACKS = ("run", "check", "explain", "calibrate", "bench", "optimizations", "plugins")
"""Commands that may be given plugin files: only they can tell whether what is to be left out is there."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmkit {__version__}")
        raise typer.Exit


@app.callback(epilog="Example: mmkit init mine && mmkit run mine/stack.toml")
def options(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    disable_plugin: DisablePlugin = None,
) -> None:
    """A pluggable market-making backtester: one TOML file names the rules of a stack, mmkit runs it."""
    if ctx.invoked_subcommand not in WITH_STACKS:
        check_disabled()


def check_disabled() -> None:
    """Raises ConfigError, a line each, for what is to be left out and not installed."""
    from mmkit import disabled

    if disabled.asked():
        from mmkit.installed import entries
        from mmkit.plugins import check_disabled

        check_disabled(entries())


def main() -> None:
    """Runs the command of sys.argv; an error of user, data or plugin becomes lines on stderr and its exit code."""
    try:
        app(prog_name="mmkit")
    except MmkitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
