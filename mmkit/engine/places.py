"""The places where a stack's own functions go: `bind` puts the generated module's functions here."""

from typing import Any


def on_book(s: Any, leg: Any, book: Any) -> None:
    """The best prices changed."""


def on_depth(s: Any, leg: Any, book: Any) -> None:
    """A level of the book changed."""


def on_trade(s: Any, leg: Any, book: Any) -> None:
    """A trade happened."""


def on_fill(s: Any, leg: Any, book: Any) -> None:
    """An execution of ours became known."""


def on_clock(s: Any, leg: Any, book: Any) -> None:
    """A decision or a record is due."""


def on_account(s: Any, leg: Any) -> None:
    """An execution of ours has been booked: where a rule watches the account, its cost and profit follow."""


def candles(s: Any) -> int:
    """How many candles have closed so far."""
    return 0


def watch(s: Any, log: Any) -> None:
    """Asks the risk rules that watch."""


def hedge(s: Any) -> None:
    """Asks the hedging rule."""


def hedge_time(s: Any) -> int:
    """When the hedging rule is to be asked next."""
    return 0


def decide(s: Any, book: Any) -> None:
    """One decision."""


def next_time(s: Any) -> int:
    """When the next timer decision is due."""
    return 0


def record_signals(s: Any, log: Any, at: int) -> None:
    """Writes the published signals into the record that starts at `at`."""


def record_others(s: Any, log: Any) -> None:
    """Writes the other instruments, if there are any, into the record just written."""


def rest(s: Any, leg: Any, order: Any, ahead: float) -> None:
    """An order comes to rest."""


def trade(s: Any, leg: Any, order: Any, quantity: float) -> None:
    """Something traded at an order's price."""


def depth_change(s: Any, leg: Any, order: Any, previous: float, new: float) -> None:
    """An order's level changed."""


def through(s: Any, leg: Any, order: Any, ticks: int) -> bool:
    """Whether an order executes where the market is so many ticks beyond its price."""
    return True


def fill_probability(s: Any, distance: float, dt: float) -> float:
    """How likely a quote is to fill."""
    return 0.0


def fresh_ladder(s: Any) -> None:
    """Makes a new ladder, where the optimization `buffers` is off."""


def fresh_order(desk: Any, at: int) -> None:
    """Makes a new order, where the optimization `buffers` is off."""


def heard(s: Any, kind: int, size: float) -> bool:
    """Whether an event is written into the decision log."""
    return True


def note_signals(s: Any, log: Any) -> None:
    """Notes the signals that stand out and have changed."""


def nanoseconds() -> int:
    """A clock of this machine, ns: for measuring alone."""
    return 0
