"""A source of hypothesis' choices that depends on nothing but its seed: neither on modules that are loaded nor on the working folder.

hypothesis mixes constants that it finds in the modules of the process into what it draws, and keeps them in a folder of its own: the same
check would try other markets in another process.
"""

import hypothesis.internal.conjecture.providers as providers

NAME = "mmkit-steady"


class Steady(providers.HypothesisProvider):
    """Draws as hypothesis does, without those constants."""

    def _maybe_draw_constant(self, *args: object, **more: object) -> None:
        return None


providers.AVAILABLE_PROVIDERS[NAME] = f"{__name__}.Steady"
