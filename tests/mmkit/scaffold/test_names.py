"""What a new plugin may be called, and what is proposed instead."""

import pytest

from mmkit import ConfigError
from mmkit.scaffold.names import check_name, corrected, package_of


@pytest.mark.parametrize("name", ["lean", "lean-back", "x2", "a-1-b", "x" * 50, "match"])
def test_a_name_of_lowercase_letters_digits_and_hyphens_will_do(name: str) -> None:
    check_name(name, "pricing", ())


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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "x" * 51,
            f'(did you mean "{"x" * 50}"?): lowercase letters, digits and single hyphens, a letter first, at most 50',
        ),
        ("../up", '(did you mean "up"?)'),
        ("é", "name: lowercase letters"),
        ("lambda", "it is a keyword of Python"),
        ("sizing", "it is a role"),
        ("command", "it is a role"),
        ("fixed", 'pricing "fixed" is already offered by mmkit '),
        ("statistics", "statistics is a module of Python's own library"),
        ("numpy", "a module numpy is installed already"),
        ("mmkit-plugins", "a module mmkit_plugins is installed already"),
        ("pytest-xdist", "a distribution pytest-xdist is installed already"),
    ],
)
def test_a_name_that_cannot_be_one_is_told_in_one_line(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_name(name, "pricing", ())
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_name_that_only_another_role_has_is_free() -> None:
    check_name("queue-value", "pricing", ())
    with pytest.raises(ConfigError, match='execution "queue-value" is already offered'):
        check_name("queue-value", "execution", ())


def test_a_command_may_not_be_called_like_one_of_ours() -> None:
    check_name("balance", "command", {"run"})
    with pytest.raises(ConfigError, match="already offered by mmkit itself"):
        check_name("balance", "command", {"balance"})
    check_name("balance", "pricing", {"balance"})


def test_hyphens_are_underscores_in_python() -> None:
    assert package_of("a-1-b") == "a_1_b"
