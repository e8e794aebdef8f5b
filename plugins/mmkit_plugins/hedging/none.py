"""No hedging."""

import mmkit


@mmkit.hookimpl
def mmkit_hedging() -> mmkit.Hedging:
    """Offers the rule."""
    return mmkit.Hedging("none")
