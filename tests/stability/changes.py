"""Compares the public surface with the recorded one, and with what the changelog says has changed: make surface.

The record is the surface of the last release. What differs from it has to be named in the changelog's first section: both of the last two
words of its name, in backticks, in one entry; where something was removed or is another than before, in an entry that is not under
"Added". The record is renewed at a release, and only where all that has changed is named.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("surface.json")
CHANGELOG = ROOT / "CHANGELOG.md"

_FILLING = ("inputs", "outputs", "*")
_PARTS = re.compile(r"[\s.\[\]]+")


@attrs.frozen
class Change:
    """An entry that is not as it was; None: it was not there, or is not any more."""

    name: str
    was: str | None
    now: str | None

    @property
    def words(self) -> list[str]:
        """What an entry of the changelog has to name."""
        _, _, path = self.name.partition(" ")
        return [part for part in _PARTS.split(path) if part and part not in _FILLING][-2:]

    def __str__(self) -> str:
        if self.was is None:
            return f"{self.name}: added: {self.now}"
        return f"{self.name}: removed" if self.now is None else f"{self.name}: was {self.was}, is {self.now}"


@attrs.frozen
class Section:
    """The changelog's first section: its heading, and its entries with the heading that each is under, "Added"."""

    heading: str
    entries: Sequence[tuple[str, str]]

    @property
    def released(self) -> bool:
        """Whether its heading has a date."""
        return re.search(r"\d{4}-\d\d-\d\d", self.heading) is not None

    def names(self, change: Change) -> bool:
        """Whether an entry tells of a change."""
        return any(
            set(change.words) <= words_of(entry)
            for kind, entry in self.entries
            if change.was is None or kind != "Added"
        )


def words_of(entry: str) -> set[str]:
    """Returns the words between backticks."""
    return {word for code in re.findall(r"`([^`]+)`", entry) for word in re.split(r"[^\w-]+", code)}


def first_section(changelog: str) -> Section:
    """Returns the section of what is not released yet, or of the last release."""
    heading, _, rest = changelog.partition("\n## ")[2].partition("\n")
    entries = []
    for part in re.split(r"(?m)^### ", rest.partition("\n## ")[0])[1:]:
        kind, _, body = part.partition("\n")
        entries += [(kind.strip(), entry) for entry in re.split(r"(?m)^- ", body)[1:]]
    return Section(heading, entries)


def changes(recorded: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """Returns what differs; of something that is new or gone, not what belongs to it."""
    found: dict[str, Change] = {}
    for name in sorted(recorded.keys() | now.keys()):
        change = Change(name, recorded.get(name), now.get(name))
        # Whether a number is there or not yet depends on a run: null is any type.
        same = change.was == change.now or (change.was and change.now and "null" in (change.was, change.now))
        if not same and not _belongs(change, found):
            found[name] = change
    return list(found.values())


def _belongs(change: Change, found: Mapping[str, Change]) -> bool:
    """Whether a change comes with that of what its name begins with."""
    if change.was is not None and change.now is not None:
        return False
    ends = [match.start() for match in _PARTS.finditer(change.name)]
    above = [found[change.name[:end]] for end in ends if change.name[:end] in found]
    return any((each.was is None, each.now is None) == (change.was is None, change.now is None) for each in above)


def unnamed(recorded: Mapping[str, str], now: Mapping[str, str], changelog: str) -> list[str]:
    """Returns a line for each change that the changelog does not tell of."""
    section = first_section(changelog)
    different = changes(recorded, now)
    if section.released and different:
        return [f"CHANGELOG.md begins with a release: start a section [Unreleased] for {len(different)} changes"]
    return [
        f"{change}: name {' and '.join(f'`{word}`' for word in change.words)} in one entry of CHANGELOG.md"
        + ("" if change.was is None else ", not under Added")
        for change in different
        if not section.names(change)
    ]


def renew(record: Path, now: Mapping[str, str], changelog: str) -> list[str]:
    """Writes the record where there is none, or at a release that names what has changed; returns why it does not."""
    section = first_section(changelog)
    if record.exists():
        kept = json.loads(record.read_text("utf-8"))
        open_section = attrs.evolve(section, heading="")
        missing = [str(change) for change in changes(kept["surface"], now) if not open_section.names(change)]
        if missing:
            return unnamed(kept["surface"], now, changelog) or missing
        if not section.released:
            return [f"every change is in the changelog; the record is renewed when {section.heading} has a date"]
        if kept["of"] == section.heading and changes(kept["surface"], now):
            return [f"{section.heading} is recorded: start a section [Unreleased] in CHANGELOG.md"]
    document = {"of": section.heading, "surface": dict(now)}
    record.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return []


if __name__ == "__main__":
    from surface import surface

    refused = renew(RECORD, surface(), CHANGELOG.read_text("utf-8"))
    sys.exit("\n".join(refused) if refused else 0)
