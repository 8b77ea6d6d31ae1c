"""The rules of queries, at each of our venues."""

from orderledger.testing import RulesOfAsking, RulesOfUnreadableRows


class TestAsking(RulesOfAsking):
    """Queries of each venue."""


class TestUnreadableRows(RulesOfUnreadableRows):
    """Answers of each venue with rows that cannot be read."""
