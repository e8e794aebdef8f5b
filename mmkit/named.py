"""Finding rules by what a user calls them: NAME, ROLE.NAME, a distribution, or a plugin file."""

from pathlib import Path

from mmkit.errors import ConfigError, nearest
from mmkit.plugins import Offers, Supplied, offers
from mmkit.rules import Role


def named(text: str, role: Role | None = None) -> list[Supplied]:
    """Returns the rules that `text` names, loaded and checked, each with what supplied it, by role.

    text: "microprice", "signals.microprice", the name of an installed distribution, or the path of a plugin file; role: only its rules.
    Raises ConfigError, one line with the nearest spelling, where nothing is called so; PluginError where what is, is broken.
    """
    if text.endswith(".py"):
        file = Path(text)
        found = [supplied for (at, _), supplied in offers([file]).files.items() if role in (None, at)]
        if not found:
            raise ConfigError(f"{file}: offers no {role.value if role else ''} rule")
        return found
    offered = offers()
    keys = matching(offered, text, role)
    if not keys:
        among = f"{role.value} " if role else ""
        raise ConfigError(f'no {among}plugin "{text}"{nearest(text, spellings(offered, role))}')
    return [offered.load(*key) for key in keys]


def matching(offered: Offers, text: str, role: Role | None = None) -> list[tuple[Role, str]]:
    """Returns role and name of what is on offer under a name, by role; none where there is none."""
    section, dot, name = text.partition(".")
    found = []
    for at in Role:
        if role not in (None, at):
            continue
        known = offered.names(at)
        if dot and section == at.value and name in known:
            found.append((at, name))
        elif not dot:
            supplied = {entry.name for entry in offered.entries[at] if entry.dist and entry.dist.name == text}
            found += [(at, each) for each in known if each == text or each in supplied]
    return found


def spellings(offered: Offers, role: Role | None = None) -> list[str]:
    """Returns everything that `matching` understands."""
    every = [(at, name) for at in Role if role in (None, at) for name in offered.names(at)]
    distributions = {entry.dist.name for at in Role for entry in offered.entries[at] if entry.dist}
    return sorted({name for _, name in every} | {f"{at.value}.{name}" for at, name in every} | distributions)
