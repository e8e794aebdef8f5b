"""A progress bar on stderr, only where somebody watches: rows done, rows a second, time left."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int | None], None]
"""Called with the rows done and, where it is known, how many there are."""


@contextmanager
def bar() -> Iterator[Progress | None]:
    """Gives a function that moves the bar, or None where stderr is no terminal; the bar is gone afterwards."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class RowsColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = f", {task.speed:,.0f} rows/s" if task.speed else ""
            return Text(f"{task.completed:,.0f} rows{speed}")

    columns = (TextColumn("{task.description}"), BarColumn(), RowsColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("replaying", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
