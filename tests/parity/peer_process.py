"""The peer's environment and process: made once beside the checkout, spoken to by lines of JSON."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".peer-venv"
PEER = "hftbacktest==2.4.4"
# The peer runs without what its pages and plots need; numba brings the one numpy that both accept.
RUNTIME = ("numba~=0.61", "numpy>=2.0,<2.3")


class UnavailableError(Exception):
    """The peer's environment is not there and cannot be made."""


def python() -> Path:
    """Returns the Python that has the peer; makes its environment on first use. Raises UnavailableError."""
    interpreter = HOME / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = HOME / f"{PEER}.ready"
    if ready.is_file() and interpreter.exists():
        return interpreter
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(HOME)],
        [*install, "--no-deps", PEER],
        [*install, *RUNTIME],
        [str(interpreter), "-c", "import hftbacktest"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UnavailableError(f"no environment for {PEER}: {' '.join(command[1:4])} failed: {why}")
    ready.touch()
    return interpreter


class Peer:
    """The peer at work in a process of its own; compiles once, then answers case after case."""

    def __init__(self, interpreter: Path, script: Path = HERE / "peer.py") -> None:
        self._cache = tempfile.TemporaryDirectory(prefix="peer-numba-")
        self._errors = Path(self._cache.name) / "errors.txt"
        environment = os.environ | {"NUMBA_CACHE_DIR": self._cache.name, "PYTHONWARNINGS": "ignore"}
        environment.pop("PYTHONPATH", None)
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [str(interpreter), str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
                bufsize=1,
            )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Returns the answer to one question. Raises RuntimeError with what the peer wrote when it died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise RuntimeError(f"the peer died: {self._errors.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends the process and forgets its cache."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._cache.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
