"""Levels at constant steps: the kit's checks, and a ladder that can be worked out by hand."""

from types import SimpleNamespace

from mmkit.testing import RuleTests

from mmkit.scaffold.rules import ladder


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = ladder.mmkit_ladder()


def test_offsets_grow_by_a_step_and_quantities_by_a_factor() -> None:
    params = ladder.Params(levels=3, step_ticks=5, growth=2.0)
    constants = ladder.Constants()
    ladder.assemble(params, constants)
    out = SimpleNamespace(levels=0, offset_ticks=[0] * 3, bid_qty=[0.0] * 3, ask_qty=[0.0] * 3)
    ladder.levels(params, None, None, constants, out, 0.1, 0.3)
    assert (out.levels, out.offset_ticks) == (3, [0, 5, 10])
    assert (out.bid_qty, out.ask_qty) == ([0.1, 0.2, 0.4], [0.3, 0.6, 1.2])


def test_there_are_never_more_levels_than_it_says() -> None:
    assert ladder.most(ladder.Params(levels=7)) == 7
