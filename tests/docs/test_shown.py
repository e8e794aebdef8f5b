"""Doing what a page shows fails where the page is wrong: a test of pages that notices nothing would be none."""

import os
from pathlib import Path

import pytest
from shown import Command, File, Fragment, Script, Shell, follow, matches, steps

PAGE = """\
Write `part/greeting.py`, which says it:

```python
print("good morning")
```

```console
$ cd part && python greeting.py
good morning
$ pwd
…/part
$ export WORD=evening
$ echo "good $WORD"; ls
good evening
…
$ false || echo no such thing; exit_code() { return 3; }; exit_code
no such thing
$ echo $?
3
```

And then

```python
assert open("greeting.py").read()
```

```toml
key = 1
```
"""


def test_blocks_are_files_commands_scripts_or_only_shown() -> None:
    kinds = [type(step) for step in steps(PAGE)]
    assert kinds == [File, *([Command] * 6), Script, Fragment]
    first, second, *_ = steps(PAGE)
    assert first == ("part/greeting.py", 'print("good morning")\n')
    assert second == ("cd part && python greeting.py", "good morning\n")


def test_the_shell_keeps_its_folder_its_variables_and_the_last_exit_code(tmp_path: Path) -> None:
    assert follow(PAGE, tmp_path, os.environ) == 7


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("\ngood morning\n$ pwd", "\ngood night\n$ pwd", "printed"),
        ("$ pwd\n…/part", "$ pwd", "printed"),
        ("WORD=evening\n", "WORD=evening; false\n", "exit code 1"),
        ("ls\ngood evening\n…\n", "false\ngood evening\n…\n", "exit code 1"),
        ("assert open", "assert not open", "AssertionError"),
    ],
)
def test_a_page_that_is_wrong_fails(right: str, wrong: str, says: str, tmp_path: Path) -> None:
    assert right in PAGE
    with pytest.raises(AssertionError, match=says):
        follow(PAGE.replace(right, wrong), tmp_path, os.environ)


def test_dots_stand_for_what_varies_and_for_nothing_else() -> None:
    assert matches("a …\n…\nz\n", "a 1\nb\nc\nz\n")
    assert matches("a\n…\n", "a\n")
    assert matches("profit   … quote\n", "profit   -0.25 quote\n")
    assert not matches("a …\nz\n", "a 1\nb\nz\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("", "b\n")
    assert not matches("1.5\n", "1x5\n")


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with Shell(tmp_path, os.environ) as shell, pytest.raises(TimeoutError, match="sleep"):
        shell.run("sleep 60", timeout=0.2)
