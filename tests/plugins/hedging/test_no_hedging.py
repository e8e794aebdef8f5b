"""No hedging: a rule without a function."""

import mmkit
from mmkit.rules import own_functions
from mmkit_plugins.hedging import none


def test_it_is_a_hedging_that_never_acts() -> None:
    rule = none.mmkit_hedging()
    assert isinstance(rule, mmkit.Hedging)
    assert (rule.name, list(own_functions(rule))) == ("none", [])
