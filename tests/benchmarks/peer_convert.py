"""The peer's own conversion of a raw recording, timed. Run by the peer's Python: a line {"path"} in, {"seconds", "rows"} out."""

import json
import os
import sys
import time

from hftbacktest.data.utils.binancefutures import convert

ROWS = 2_000_000


def main() -> None:
    """Answers one file a line; the first time, a conversion beforehand pays for the compilation."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    compiled = False
    for line in sys.stdin:
        path = json.loads(line)["path"]
        if not compiled:
            convert(path, buffer_size=ROWS)
            compiled = True
        start = time.perf_counter()
        rows = convert(path, buffer_size=ROWS)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "rows": len(rows)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
