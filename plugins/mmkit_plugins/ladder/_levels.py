"""What ladders share: how much all levels of a side may hold together."""

NO_LIMIT = 1e300


def room(capacity: float) -> float:
    """Returns how much all levels of a side may hold (base currency): what the sizing rule leaves, if it says so."""
    return capacity if capacity >= 0.0 else NO_LIMIT
