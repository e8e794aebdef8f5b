"""The cache passes the kit."""

from mmkit.testing import RuleTests
from mmkit_quantized import cache


class TestCache(RuleTests):
    rule = cache.mmkit_optimization()
