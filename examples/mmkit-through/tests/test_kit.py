"""The venue passes the kit."""

from mmkit.testing import RuleTests
from mmkit_through import venue


class TestVenue(RuleTests):
    rule = venue.mmkit_venue()
