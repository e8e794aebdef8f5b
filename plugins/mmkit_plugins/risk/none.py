"""No limit: everything that the ladder proposes may leave."""

from typing import Any

import mmkit


def limit(params: Any, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Changes nothing."""


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk("none", limit=limit)
