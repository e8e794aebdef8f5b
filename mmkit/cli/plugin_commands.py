"""The group of all commands: our own, and those of plugins, which are imported when they are asked for and not before."""

import errno
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mmkit.errors import MmkitError, PluginError

_USAGE = [each for each in typer.BadParameter.__mro__ if issubclass(each, Exception) and each.__base__ is Exception]
_THEIR_OWN: tuple[type[Exception], ...] = (MmkitError, typer.Exit, typer.Abort, *_USAGE)
"""What a command may raise to be told as it is: typer's words about wrong usage, whose root typer does not export, are among it."""


class Commands(TyperGroup):
    """Our own commands come first, and win over a plugin's of the same name."""

    _asked: EntryPoint | None = None

    @cached_property
    def _offered(self) -> dict[str, tuple[EntryPoint, ...]]:
        from mmkit.command_plugins import commands

        return {name: offered for name, offered in commands().items() if name not in self.commands}

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of our own commands, then those of plugins."""
        return [*self.commands, *self._offered]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns one of our own; for a plugin's what stands for it in a list; None where there is none."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        from mmkit.installed import supplier

        offered = self._offered.get(cmd_name)
        return TyperCommand(cmd_name, help=f"from {' and '.join(map(supplier, offered))}") if offered else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns name, command and further arguments of what was asked for; of a plugin's command the whole, imported."""
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        from mmkit.command_plugins import disabled_command, load, only

        offered = self._offered.get(args[0])
        left_out = None if offered else disabled_command(args[0])
        if left_out:
            raise left_out
        if not offered:
            # What it takes for the nearest names are those of `commands`.
            self.commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
            return super().resolve_command(ctx, args)
        self._asked = only(args[0], offered)
        return args[0], typer.main.get_group(load(self._asked)).commands[args[0]], args[1:]

    def invoke(self, ctx: Any) -> Any:
        """Runs what was asked for. Raises PluginError, one line, where a plugin's command fails."""
        try:
            return super().invoke(ctx)
        except _THEIR_OWN:
            raise
        except Exception as error:
            if self._asked is None or getattr(error, "errno", None) == errno.EPIPE:
                raise
            from mmkit.command_plugins import titled
            from mmkit.plugins import told

            said = told(error, self._asked.module.partition(".")[0])
            raise PluginError(f"{titled(self._asked)}: {said}") from error
