"""What a run calls of a rule: which functions never, which of them for what happens at the venue, and what they return."""

from collections.abc import Mapping

PLAINLY = ("triggers", "post_only", "most", "exact", "suits", "rewrite", "without", "around")
"""Functions that are called before a run, never by the loop."""

OF_THE_VENUE = ("rest", "trade", "depth_change", "through")
"""Functions that are called for what happens at the venue, before we know of it."""

RETURNED: Mapping[str, Mapping[str, str]] = {
    "sizes": {"bid quantity": "float64", "ask quantity": "float64"},
    "quote": {
        "reservation price": "float64",
        "half-spread to the bid": "float64",
        "half-spread to the ask": "float64",
    },
    "next_time": {"ns": "int64"},
    "watch": {"level": "int64"},
    "fill_probability": {"probability": "float64"},
    "through": {"true or false": "boolean"},
    "keeps": {"true or false": "boolean"},
    "samples": {"true or false": "boolean"},
}
"""What those functions return that return something: what each number is, and its type where it is compiled."""


def returned(name: str) -> tuple[str, ...]:
    """Returns the types of the numbers that a function returns, none where the loop takes nothing of it."""
    return tuple(RETURNED.get(name, {}).values())


def to_return(name: str) -> str:
    """Returns in words what a function has to return: "level", "(bid quantity, ask quantity)"."""
    many = ", ".join(RETURNED[name])
    return f"({many})" if len(RETURNED[name]) > 1 else many
