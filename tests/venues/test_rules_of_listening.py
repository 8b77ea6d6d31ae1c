"""The rules of listening, at each of our venues."""

from orderledger.testing import RulesOfListening


class TestListening(RulesOfListening):
    """Listening to each venue."""
