"""What is wrong with the rows that a market hands over: their times, their prices and quantities."""

from typing import Any


def untimely(rows: Any) -> str:
    """Returns what is wrong with the times of rows of mmkit.EVENT, or ''."""
    from mmkit.tape import LOCAL, VENUE

    early = rows["local_ts"] < rows["exch_ts"]
    if early.any():
        row = int(early.argmax())
        return f"row {row} is known at {rows['local_ts'][row]} ns, before it happened at {rows['exch_ts'][row]} ns"
    for stream, name in ((VENUE, "exch_ts"), (LOCAL, "local_ts")):
        of_stream = (rows["stream"] & stream) != 0
        times = rows[name][of_stream]
        back = times[1:] < times[:-1]
        if back.any():
            row = int(of_stream.nonzero()[0][int(back.argmax()) + 1])
            return f"row {row} has a smaller {name} than the one before it"
    return ""


def unsound(rows: Any) -> str:
    """Returns what is wrong with prices and quantities of rows of mmkit.EVENT, or ''."""
    from mmkit.tape import ASK, BID, BUY, CLEAR_BIDS, SELL

    kind = rows["kind"]
    priced = kind < CLEAR_BIDS
    faults = (
        (priced & (rows["tick"] <= 0), "has a price that is not positive"),
        (((kind == BID) | (kind == ASK)) & (rows["lots"] < 0), "has a negative quantity"),
        (((kind == BUY) | (kind == SELL)) & (rows["lots"] <= 0), "is a trade of no quantity"),
    )
    for wrong, what in faults:
        if wrong.any():
            return f"row {int(wrong.argmax())} {what}"
    return ""
