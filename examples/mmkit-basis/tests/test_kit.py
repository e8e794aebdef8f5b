"""The basis signal and pricing rule pass the kit."""

from typing import ClassVar

from mmkit.testing import RuleTests
from mmkit_basis import pricing, signal


class TestSignal(RuleTests):
    rule = signal.mmkit_signals()


class TestPricing(RuleTests):
    rule = pricing.mmkit_pricing()
    params: ClassVar = {"half_spread": 1.0}
