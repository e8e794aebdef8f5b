"""What a check finds: a row, and how a check says that it failed or means nothing for a rule."""

import attrs


@attrs.frozen
class Row:
    """What one check found.

    outcome: "passed", "failed", "skipped", or "expected": failed, as was said beforehand; reason: why, or what was measured.
    """

    check: str
    outcome: str
    reason: str = ""


class Failed(Exception):  # noqa: N818
    """A check found something; its text is the reason, one line."""


class Skipped(Exception):  # noqa: N818
    """A check has no meaning for a rule; its text says why, one line."""
