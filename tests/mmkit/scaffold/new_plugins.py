"""Names of the new plugins that these tests write: shorter and longer than what they stand for."""

from mmkit.installed import COMMAND, PLACES

RULES = [role for role in PLACES if role != COMMAND]


def name_of(role: str) -> str:
    """Returns what the new plugin of a role is called."""
    return f"z-{role}" if PLACES.index(role) % 2 else f"a-rule-of-a-rather-long-name-for-{role}"
