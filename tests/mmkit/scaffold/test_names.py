"""What a new plugin may be called, and what is proposed instead."""

import pytest

from mmkit import ConfigError
from mmkit.scaffold.names import check_name, corrected, package_of


@pytest.mark.parametrize("name", ["lean", "lean-back", "x2", "a-1-b", "x" * 50, "match", "trend"])
def test_a_name_of_lowercase_letters_digits_and_hyphens_will_do(name: str) -> None:
    check_name(name, "pricing", ())  # trend is a signal's name: as a pricing's it is free


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("LeanBack", "lean-back"),
        ("lean_back", "lean-back"),
        ("Lean  Back!", "lean-back"),
        ("-lean-", "lean"),
        ("3-2-lean", "lean"),
        ("VPINSlope", "vpinslope"),
        ("123", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_that_will_do_is_proposed(name: str, better: str) -> None:
    assert corrected(name) == better
    with pytest.raises(ConfigError) as raised:
        check_name(name, "pricing", ())
    assert (f'(did you mean "{better}"?)' in str(raised.value)) == bool(better)
    assert "did you mean" in str(raised.value) or not better


def test_a_command_may_not_be_called_like_one_of_ours() -> None:
    check_name("balance", "command", {"run"})
    with pytest.raises(ConfigError, match="already offered by mmkit itself"):
        check_name("balance", "command", {"balance"})
    check_name("balance", "pricing", {"balance"})


def test_hyphens_are_underscores_in_python() -> None:
    assert package_of("a-1-b") == "a_1_b"
