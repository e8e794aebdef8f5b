"""What metadata says of installed distributions."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mmkit.installed import (
    COMMAND,
    PLACES,
    Origin,
    entries,
    origin,
    same_distribution,
    spellings,
    supplier,
    unreadable,
    unresolved,
)

Install = Callable[..., Path]


def only(name: str) -> EntryPoint:
    """Returns the one pricing entry point of that name."""
    (entry,) = (each for each in entries(["pricing"])["pricing"] if each.name == name)
    return entry


def test_entry_points_come_by_role_and_those_of_commands_last() -> None:
    assert list(entries()) == list(PLACES)
    assert PLACES[-1] == COMMAND
    assert {"glft", "fixed"} <= {entry.name for entry in entries()["pricing"]}
    assert list(entries(["risk"])) == ["risk"]


@pytest.mark.parametrize(
    "text",
    [
        "Metadata-Version: 2.1\nName: Odd.Rules\nVersion: 1!2.0+x\n\nName: another\nVersion: 9\n",
        "Metadata-Version: 2.1\r\nVersion:  1!2.0+x \r\nSummary: Name: no\r\nName:Odd.Rules\r\n",
    ],
)
def test_name_and_version_are_those_of_the_header(distribution: Install, text: str) -> None:
    site = distribution("odd", "odd_rules", "", [("pricing", "odd")])
    (site / "odd-1.5.dist-info" / "METADATA").write_bytes(text.encode())
    assert origin(only("odd")) == Origin("Odd.Rules", "1!2.0+x")
    assert supplier(only("odd")) == "Odd.Rules 1!2.0+x"


def test_of_two_of_one_name_the_first_on_the_path_counts(
    distribution: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = distribution("odd", "odd_rules", "", [("pricing", "odd")])
    before = tmp_path / "before"
    about = before / "odd-1.6.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: odd\nVersion: 1.6\n")
    (about / "entry_points.txt").write_text("[mmkit.pricing]\nodd = odd_rules\n")
    assert origin(only("odd")).version == "1.5"
    monkeypatch.syspath_prepend(str(before))
    assert origin(only("odd")).version == "1.6"
    assert site.is_dir()


def test_an_entry_point_of_nobody_has_a_fault() -> None:
    nobody = EntryPoint("odd", "odd_rules", "mmkit.pricing")
    assert unresolved(nobody) == "it belongs to no distribution"
    assert supplier(nobody) == "odd_rules"


@pytest.mark.parametrize("value", ["", "two words", "a-b", "a..b", "a:b:c", ".a"])
def test_an_entry_point_that_is_no_module_has_a_fault(value: str) -> None:
    assert "is not MODULE or MODULE:NAME" in unresolved(EntryPoint("odd", value, "mmkit.pricing"))


def test_distributions_are_compared_as_pip_does() -> None:
    assert same_distribution("My_rules", "my.RULES")
    assert not same_distribution("myrules", "my-rules")
    assert not same_distribution("", "")


def test_a_plugin_is_called_by_name_by_role_and_name_and_by_distribution() -> None:
    called = spellings([("pricing", "glft", "mmkit"), ("sizing", "fixed", "mine.py")])
    assert called == ["fixed", "glft", "mine.py", "mmkit", "pricing.glft", "sizing.fixed"]


@pytest.mark.parametrize("content", [b"[mmkit.pricing]\nodd\n", b"[mmkit.pricing]\n\xff = odd\n"])
def test_entry_points_that_nobody_can_read_hide_no_others_and_are_told(distribution: Install, content: bytes) -> None:
    site = distribution("odd", "odd_rules", "", [("pricing", "odd")])
    entries()
    assert unreadable() == []
    (site / "odd-1.5.dist-info" / "entry_points.txt").write_bytes(content)
    assert "glft" in {entry.name for entry in entries()["pricing"]}
    (line,) = unreadable()
    assert line.startswith("odd 1.5: its entry_points.txt cannot be read")


def test_metadata_that_nobody_can_read_is_no_distribution(distribution: Install) -> None:
    site = distribution("odd", "odd_rules", "", [("pricing", "odd")])
    (site / "odd-1.5.dist-info" / "METADATA").write_bytes(b"Name: odd\xff\n")
    assert "belongs to no distribution" in unresolved(only("odd"))
