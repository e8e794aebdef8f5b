"""Finding rules by what a user calls them: NAME, ROLE.NAME, a distribution, or a plugin file."""

from collections.abc import Iterable
from pathlib import Path

import attrs

from mmkit import disabled
from mmkit.errors import ConfigError, nearest
from mmkit.installed import origin, same_distribution
from mmkit.plugins import Key, Offers, Supplied, offers
from mmkit.rules import Role


def named(text: str, role: Role | None = None) -> list[Supplied]:
    """Returns the rules that `text` names, loaded and checked, each with what supplied it, by role.

    text: "microprice", "signals.microprice", the name of an installed distribution, or the path of a plugin file; role: only its rules.
    Raises ConfigError, one line with the nearest spelling, where nothing is called so or it is disabled; PluginError where what is so
    called is broken.
    """
    offered, keys = called(text, role)
    return [offered.load(*key) for key in keys]


def called(text: str, role: Role | None = None, also: Iterable[str] = ()) -> tuple[Offers, list[Key]]:
    """Returns what is on offer, and role and name of what `text` names of it, by role: at least one. Raises as `named` does.

    also: what else the user may have meant, for the nearest spelling.
    """
    file = Path(text)
    single = text.endswith(".py")
    offered = offers([file] if single else ())
    keys = [key for key in offered.files if role in (None, key[0])] if single else matching(offered, text, role)
    if keys:
        return offered, sorted(keys, key=lambda key: list(Role).index(key[0]))
    among = f"{role.value} " if role else ""
    if single and disabled.file_disabled(file):
        raise ConfigError(f"{file}: is disabled")
    for (at, name), said in offered.disabled.items():
        if role in (None, at) and (single or text in (name, f"{at.value}.{name}")):
            raise ConfigError(f'{at.value} "{name}" {said}')
    if single:
        raise ConfigError(f"{file}: offers no {among}rule")
    raise ConfigError(f'no {among}plugin "{text}"{nearest(text, [*spellings(offered, role), *also])}')


def matching(offered: Offers, text: str, role: Role | None = None) -> list[Key]:
    """Returns role and name of what is on offer under a name, by role; none where there is none."""
    found = []
    for at in Role:
        if role not in (None, at):
            continue
        supplied = {entry.name for entry in offered.entries[at] if same_distribution(text, origin(entry).name)}
        found += [(at, name) for name in offered.names(at) if text in (name, f"{at.value}.{name}") or name in supplied]
    return found


def spellings(offered: Offers, role: Role | None = None) -> list[str]:
    """Returns everything that `matching` understands."""
    if role is None:
        return offered.spellings()
    only = attrs.evolve(
        offered,
        entries={at: entries for at, entries in offered.entries.items() if at is role},
        files={key: rule for key, rule in offered.files.items() if key[0] is role},
    )
    return only.spellings()
