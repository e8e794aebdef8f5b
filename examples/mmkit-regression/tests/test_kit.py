"""The regression passes the kit."""

from typing import ClassVar

from mmkit.testing import RuleTests
from mmkit_regression import signal


class TestSignal(RuleTests):
    rule = signal.mmkit_signals()
    params: ClassVar = {"weights": [0.01, 0.5, -0.25]}
