"""The peer's quoter of tests/parity/peer.py, deciding whenever its feed brings something instead of by a timer.

Run by the peer's Python; the same questions and answers. `every` of a case becomes the longest wait, in ns.
"""

import inspect
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "parity"))

import peer

BY_TIMER = """ended = hbt.elapse(every)
        if ended != 0:"""
BY_FEED = """ended = hbt.wait_next_feed(False, every)
        if ended != 2:"""


def main() -> None:
    """Answers one case a line until stdin ends."""
    timed = inspect.getsource(peer.quote.py_func)
    if timed.count(BY_TIMER) != 1:
        raise SystemExit("tests/parity/peer.py: its quoter does not wait as it used to")
    # One quoter, so that the comparison by timer and by feed differ in nothing else.
    exec(timed.replace(BY_TIMER, BY_FEED), vars(peer))
    peer.main()


if __name__ == "__main__":
    main()
