"""What a page shows, done as a reader would: its files written, its commands run in one shell, what they print compared.

How a page says it: a block below a sentence that ends in a colon and names a file, as in "This is `wide.py`:", is that file. In a block
of `console` a line that starts with "$ " is a command, further lines are what it prints; there "…" stands for what varies: within a line
for anything, alone on a line for any lines or none. A block of `python` that is no file is run as a script. All others are only shown.
"""

import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

END = "the-command-has-ended"

_BLOCK = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
_FILE = re.compile(r"`([\w./-]+\.(?:py|toml|json|md))`")
_COMMAND = re.compile(r"(?m)^\$ (.+)\n((?:(?!\$ ).*\n)*)")


class File(NamedTuple):
    """A file that the page has the reader write."""

    name: str
    text: str


class Command(NamedTuple):
    """A command as the page shows it, and what it prints there."""

    line: str
    output: str


class Script(NamedTuple):
    """Lines of Python to be run as they are."""

    text: str


class Fragment(NamedTuple):
    """A block that is only shown."""

    language: str
    text: str


Step = File | Command | Script | Fragment


def steps(page: str) -> Iterator[Step]:
    """Yields what a page's blocks are, in order."""
    end = 0
    for block in _BLOCK.finditer(page):
        language, text = block.groups()
        before = page[end : block.start()].rstrip()
        end = block.end()
        sentence = re.split(r"(?<=[.!?])\s+|\n\s*\n", before)[-1]
        named = _FILE.findall(sentence) if before.endswith(":") else []
        if language == "console":
            yield from (Command(line, output) for line, output in _COMMAND.findall(text))
        elif named and language in ("python", "toml", "json", "text"):
            yield File(named[-1], text)
        elif language == "python":
            yield Script(text)
        else:
            yield Fragment(language, text)


def matches(shown: str, printed: str) -> bool:
    """Returns whether a command printed what the page shows, given what "…" stands for; blanks at the end of a line do not count."""
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed + ("" if printed.endswith("\n") or not printed else "\n")) is not None


class Shell:
    """One shell in which all commands of a page run: folders, variables and environments stay as the last one left them."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, line: str, timeout: float = 400) -> tuple[int, str]:
        """Returns a command's exit code and what it printed, errors included. Raises TimeoutError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Timer(timeout, os.killpg, (self._process.pid, signal.SIGKILL))
        late.start()
        try:
            self._process.stdin.write(
                f"{{ {line}\n}} </dev/null; code=$?; printf '%s %s\\n' '{END}' $code; (exit $code)\n"
            )
            self._process.stdin.flush()
            printed = ""
            for each in self._process.stdout:
                text, found, code = each.partition(f"{END} ")
                printed += text
                if found:
                    return int(code), printed
        finally:
            late.cancel()
        raise TimeoutError(f"{line}: no end within {timeout} s, or the end of the shell, after:\n{printed}")

    def close(self) -> None:
        """Ends the shell."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def follow(page: str, folder: Path, environment: Mapping[str, str]) -> int:
    """Does what a page shows, in its order, in a folder; returns how many commands and scripts that were.

    Raises AssertionError at the first that fails or prints something else. A command may fail where the page shows in full what it says.
    """
    done = 0
    with Shell(folder, environment) as shell:
        for step in steps(page):
            if isinstance(step, File):
                (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
                (folder / step.name).write_text(step.text, encoding="utf-8")
            elif isinstance(step, Command):
                code, printed = shell.run(step.line)
                assert matches(step.output, printed), f"$ {step.line}\n--- printed:\n{printed}--- shown:\n{step.output}"
                assert code == 0 or (step.output and "…" not in step.output), f"$ {step.line}: exit code {code}"
                done += 1
            elif isinstance(step, Script):
                code, printed = shell.run(f"python -c {shlex.quote(step.text)}")
                assert code == 0, f"{step.text}\n{printed}"
                done += 1
    return done
