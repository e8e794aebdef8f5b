"""The report passes the kit."""

from mmkit.testing import RuleTests
from mmkit_intervals import report


class TestReport(RuleTests):
    rule = report.mmkit_report()
