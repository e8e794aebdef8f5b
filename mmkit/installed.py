"""What installed distributions offer, as their metadata says it: entry points by role and where each is from; nothing is imported."""

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, distributions

import attrs

from mmkit.rules import Role

COMMAND = "command"
"""What stands in the place of a role where plugins offer further commands."""

BUILT_IN = "mmkit"
"""The distribution whose plugins are built in."""

PLACES = (*(role.value for role in Role), COMMAND)
"""Every role by its name, in the order of the roles, and "command"."""

_HEADER = re.compile(r"(?m)^(Name|Version): *(\S.*?) *$")


@attrs.frozen
class Origin:
    """The distribution that an entry point belongs to; fault: what it lacks to be one, or ''."""

    name: str
    version: str
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


_read: dict[int, tuple[Distribution, Origin]] = {}
"""What the metadata of a distribution says, by its identity, which lasts as long: it would be read anew for each of its entry points."""


def entries(places: Iterable[str] = PLACES) -> dict[str, tuple[EntryPoint, ...]]:
    """Returns the entry points of every role, and of "command", as they are installed; or of these only.

    Of two distributions of one name the first on the path counts, as for Python itself. `entry_points()` of the standard library would
    look through all of them once for each group.
    """
    found: dict[str, list[EntryPoint]] = {f"mmkit.{place}": [] for place in places}
    seen = set()
    for distribution in distributions():
        name = getattr(distribution, "_normalized_name", None) or distribution.name
        # pip renames what it removes to "~…", and what it then cannot remove stays there.
        if name not in seen and not _folder(distribution).startswith("~"):
            for entry in distribution.entry_points:
                if entry.group in found:
                    found[entry.group].append(entry)
        seen.add(name)
    return {group.partition(".")[2]: tuple(each) for group, each in found.items()}


def origin(entry: EntryPoint) -> Origin:
    """Returns the distribution that an entry point belongs to; of one without metadata what its folder is called."""
    if entry.dist is None:
        return Origin("", "", "it belongs to no distribution")
    if id(entry.dist) not in _read:
        _read[id(entry.dist)] = (entry.dist, _origin(entry.dist))
    return _read[id(entry.dist)][1]


def supplier(entry: EntryPoint) -> str:
    """Returns name and version of the distribution that an entry point belongs to."""
    return str(origin(entry)) or entry.value


def unresolved(entry: EntryPoint) -> str:
    """Returns what keeps an entry point from meaning anything, or ''."""
    try:
        module = entry.module
    except AttributeError:  # it is not of that form at all
        module = ""
    if not module or not all(part.isidentifier() for part in module.split(".")):
        return f'its entry point "{entry.value}" is not MODULE or MODULE:NAME'
    return origin(entry).fault


def spellings(offered: Iterable[tuple[str, str, str]]) -> list[str]:
    """Returns everything by which a user may call what is on offer: role, name and distribution (or file) of each."""
    said: set[str] = set()
    for role, name, distribution in offered:
        said |= {name, f"{role}.{name}", distribution}
    return sorted(said - {"", "."})


def same_distribution(text: str, name: str) -> bool:
    """Whether a text is the name of a distribution; hyphens, underscores, dots and capitals make no difference, as for pip."""
    return bool(name) and _normal(text) == _normal(name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _folder(distribution: Distribution) -> str:
    path = getattr(distribution, "_path", None)
    return getattr(path, "name", "")


def _origin(distribution: Distribution) -> Origin:
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    # Its parser takes a whole millisecond for a long description; what is asked for stands in the first lines.
    said = dict(reversed(_HEADER.findall(text.partition("\n\n")[0])))
    if "Name" in said and "Version" in said:
        return Origin(said["Name"], said["Version"])
    folder = _folder(distribution)
    name, _, version = folder.rpartition(".")[0].partition("-")
    return Origin(name, version, f"it belongs to no distribution: {folder} has no METADATA with a name and a version")
