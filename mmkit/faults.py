"""Every fault of a stack, gathered so that all are reported at once, each saying where it was written."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mmkit.errors import ConfigError, Outdated, PluginError


@attrs.define
class Faults:
    """What was found so far.

    file: the stack file as the user named it; given: key paths that the command line set, and the option that did; outdated: a line for
    each key that is deprecated, no fault.
    """

    file: str
    given: dict[str, str] = attrs.field(factory=dict)
    lines: list[str] = attrs.field(factory=list)
    plugin_lines: list[str] = attrs.field(factory=list)
    outdated: list[str] = attrs.field(factory=list)

    def add(self, path: str, text: str) -> None:
        """Notes what is wrong at a key path, "pricing.gamma"."""
        self.lines.append(f"{self._origin(path)}: {path}: {text}")

    def add_option(self, option: str, text: str) -> None:
        """Notes what is wrong with an option of the command line, `option` as it was written."""
        self.lines.append(f"{option}: {text}")

    def add_plugin(self, error: PluginError) -> None:
        """Notes a plugin's own fault."""
        self.plugin_lines += str(error).split("\n")

    def look_for_outdated(self, path: str, cls: type, table: Mapping[str, Any]) -> None:
        """Notes what of a section's keys is deprecated; cls: the attrs class that declares them."""
        for field in attrs.fields(cls):
            if field.metadata.get("deprecated") and field.name in table:
                key = joined(path, field.name)
                self.outdated.append(f"{self._origin(key)}: {key}: deprecated, {field.metadata['deprecated']}")

    def raise_any(self) -> None:
        """Raises ConfigError with all faults, or PluginError where only plugins are at fault; without any, warns of what is deprecated."""
        plugin_lines: Iterable[str] = dict.fromkeys(self.plugin_lines)
        if self.lines:
            raise ConfigError(*dict.fromkeys(self.lines), *plugin_lines)
        if self.plugin_lines:
            raise PluginError("\n".join(plugin_lines))
        for line in self.outdated:
            # Whoever asked for the stack: settings.read and what called it.
            warnings.warn(line, Outdated, stacklevel=3)

    def _origin(self, path: str) -> str:
        while path:
            if path in self.given:
                return self.given[path]
            path = path.rpartition(".")[0]
        return self.file


def joined(path: str, key: str) -> str:
    """Returns the key path of a key within a section, or of the section itself where the key is ''."""
    return f"{path}.{key}" if key else path
