"""Every fault of a stack, gathered so that all are reported at once, each saying where it was written."""

from collections.abc import Iterable

import attrs

from mmkit.errors import ConfigError, PluginError


@attrs.define
class Faults:
    """What was found so far.

    file: the stack file as the user named it; given: key paths that the command line set, and the option that did.
    """

    file: str
    given: dict[str, str] = attrs.field(factory=dict)
    lines: list[str] = attrs.field(factory=list)
    plugin_lines: list[str] = attrs.field(factory=list)

    def add(self, path: str, text: str) -> None:
        """Notes what is wrong at a key path, "pricing.gamma"."""
        self.lines.append(f"{self._origin(path)}: {path}: {text}")

    def add_option(self, option: str, text: str) -> None:
        """Notes what is wrong with an option of the command line, `option` as it was written."""
        self.lines.append(f"{option}: {text}")

    def add_plugin(self, error: PluginError) -> None:
        """Notes a plugin's own fault."""
        self.plugin_lines += str(error).split("\n")

    def raise_any(self) -> None:
        """Raises ConfigError with all faults, or PluginError where only plugins are at fault."""
        plugin_lines: Iterable[str] = dict.fromkeys(self.plugin_lines)
        if self.lines:
            raise ConfigError(*dict.fromkeys(self.lines), *plugin_lines)
        if self.plugin_lines:
            raise PluginError("\n".join(plugin_lines))

    def _origin(self, path: str) -> str:
        while path:
            if path in self.given:
                return self.given[path]
            path = path.rpartition(".")[0]
        return self.file


def joined(path: str, key: str) -> str:
    """Returns the key path of a key within a section, or of the section itself where the key is ''."""
    return f"{path}.{key}" if key else path
