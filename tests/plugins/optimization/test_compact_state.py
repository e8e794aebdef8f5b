"""The smallest fields lose nothing: they hold both ends of what a rule's declarations allow, for every built-in rule."""

from importlib.metadata import entry_points
from typing import Any

import attrs
import numpy as np
import pytest

import mmkit
from mmkit.engine.layout import layout_of, record_of
from mmkit.plugins import offers
from mmkit.rules import Role

ROLES = ("signals", "sizing", "pricing", "ladder", "risk", "execution", "hedging", "venue")
RULES = [(role, entry.name) for role in ROLES for entry in entry_points(group=f"mmkit.{role}")]


def ends(field: Any) -> list[int]:
    """Returns the least and the largest whole number that a field's bounds allow."""
    bound = field.metadata.get
    lowest = bound("at_least") if bound("at_least") is not None else bound("above")
    highest = bound("at_most") if bound("at_most") is not None else bound("below")
    return [int(lowest), int(highest)] if lowest is not None and highest is not None else []


@pytest.mark.parametrize(("role", "name"), RULES)
def test_both_ends_of_every_whole_number_come_back(role: str, name: str) -> None:
    rule, _ = offers().load(Role(role), name)
    for field in attrs.fields(rule.params):
        if field.type is not int and not hasattr(field.type, "__members__"):
            continue
        values = [int(each.value) for each in field.type] if hasattr(field.type, "__members__") else ends(field)  # type: ignore[union-attr]
        one = attrs.make_class("One", {field.name: attrs.field(type=field.type, metadata=field.metadata)})
        for value in values:
            layout = layout_of(one(value), compact=True)
            record = np.zeros(1, layout)
            record[field.name] = value
            assert int(record[field.name][0]) == value


def test_a_bounded_number_takes_what_it_needs_and_others_stay() -> None:
    @attrs.frozen
    class Params:
        small: int = mmkit.field(1, at_least=0, at_most=127)
        medium: int = mmkit.field(1, at_least=-129, at_most=0)
        large: int = mmkit.field(1, at_least=0, at_most=2**31)
        open_: int = mmkit.field(1, at_least=0)
        price: float = mmkit.field(1.0, at_least=0, at_most=1)

    sizes = {
        name: layout_of(Params(), compact=True)[name].itemsize
        for name in ("small", "medium", "large", "open_", "price")
    }
    assert sizes == {"small": 1, "medium": 2, "large": 8, "open_": 8, "price": 8}


def test_only_what_is_named_is_compact() -> None:
    @attrs.define
    class Part:
        n: int = mmkit.field(1, at_least=0, at_most=9)

    @attrs.define
    class Whole:
        a: Part = attrs.field(factory=Part)
        b: Part = attrs.field(factory=Part)

    layout = record_of(Whole(), compact={"b"}).dtype
    assert (layout["a"].itemsize, layout["b"].itemsize) == (8, 1)
