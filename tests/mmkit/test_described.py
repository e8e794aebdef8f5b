"""What is gathered of a rule's declarations: most of it shows in the pages; here is what no built-in rule does."""

from typing import Any

import attrs

from mmkit import ConfigError, Optimization, Pricing, Risk, Signal, field
from mmkit.described import Documented, describe, home, where


def quote(params: Any, state: Any, market: Any) -> tuple[float, float, float]:
    return 1.0, 1.0, 1.0


def fails(*given: Any) -> Any:
    raise ZeroDivisionError


@attrs.frozen
class Needy:
    share: float = field(unit="1", doc="it has no default")


def of(rule: Any, *others: Any) -> Any:
    return describe(Documented(rule, "Does little. Or nothing.\n\nMore."), [*others, rule])


def test_the_sentence_is_the_first_of_the_docstring() -> None:
    assert of(Pricing("odd", quote=quote)).about.sentence == "Does little."
    assert Documented(Pricing("odd", quote=quote), "").sentence == ""


def test_an_optimization_that_fails_when_it_is_asked_applies_to_nothing() -> None:
    odd = Optimization("odd", exact=fails, suits=fails, rewrite=fails)
    rule = Pricing("plain", quote=quote)
    assert of(rule, odd).optimizations == ()
    assert of(rule, attrs.evolve(odd, suits=None)).optimizations == (("odd", False),)


def test_an_optimization_with_a_parameter_without_default_is_inexact_until_it_is_given() -> None:
    found = of(Optimization("odd", params=Needy, exact=lambda params: True, rewrite=fails, bound="a tick"))
    assert found.applies.exact is False
    assert where(found.applies) == (
        "It is off unless it is switched on. With its defaults inexact; what it may change: a tick."
    )


def test_a_setup_that_fails_by_itself_is_no_reason_not_to_describe_the_rule() -> None:
    assert 'use = "odd"' in of(Pricing("odd", quote=quote, setup=fails)).block

    def asks(params: Any, state: Any, instrument: Any) -> None:
        raise ConfigError("another thing")

    assert 'use = "odd"' in of(Pricing("odd", quote=quote, setup=asks)).block


def test_a_rule_is_at_home_where_its_functions_were_written() -> None:
    assert home(Pricing("odd", quote=quote)) == __name__
    assert home(Signal("odd")) == ""


def test_only_what_events_call_has_an_engine() -> None:
    assert of(Risk("odd", limit=fails)).engine
    assert not of(Optimization("odd", exact=lambda params: True, rewrite=fails)).engine
