"""Names one step of a rule's computation, for whoever listens."""


def step(name: str, value: float, unit: str = "") -> None:
    """Names a step, as `step("inventory", shift, "quote")`: recorded by explain, nothing at all in a run."""
