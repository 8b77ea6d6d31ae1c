"""The tests that every venue adapter has to pass, for adapters of your own. They need the extra
`testing`.

A class of tests derives from rules, and a fixture gives it the venue: a `VenueUnderTest`, an
`EntryUnderTest` or `PayloadSamples`. Importing the package imports none of its modules.
"""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.testing.harness import VenueHarness as VenueHarness
    from orderledger.testing.harness import played as played
    from orderledger.testing.listener import Listener as Listener
    from orderledger.testing.order_entry import EntryHarness as EntryHarness
    from orderledger.testing.order_entry import EntryUnderTest as EntryUnderTest
    from orderledger.testing.rules_of_asking import RulesOfAsking as RulesOfAsking
    from orderledger.testing.rules_of_listening import RulesOfListening as RulesOfListening
    from orderledger.testing.rules_of_payloads import RulesOfPayloads as RulesOfPayloads
    from orderledger.testing.rules_of_sending import RulesOfSending as RulesOfSending
    from orderledger.testing.rules_of_unreadable_rows import (
        RulesOfUnreadableRows as RulesOfUnreadableRows,
    )
    from orderledger.testing.samples import UNKNOWN as UNKNOWN
    from orderledger.testing.samples import PayloadSamples as PayloadSamples
    from orderledger.testing.spoiling import Mutator as Mutator
    from orderledger.testing.venue import VenueUnderTest as VenueUnderTest

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.testing.harness": (
        "VenueHarness",
        "played",
    ),
    "orderledger.testing.listener": ("Listener",),
    "orderledger.testing.order_entry": (
        "EntryHarness",
        "EntryUnderTest",
    ),
    "orderledger.testing.rules_of_asking": ("RulesOfAsking",),
    "orderledger.testing.rules_of_listening": ("RulesOfListening",),
    "orderledger.testing.rules_of_payloads": ("RulesOfPayloads",),
    "orderledger.testing.rules_of_sending": ("RulesOfSending",),
    "orderledger.testing.rules_of_unreadable_rows": ("RulesOfUnreadableRows",),
    "orderledger.testing.samples": (
        "UNKNOWN",
        "PayloadSamples",
    ),
    "orderledger.testing.spoiling": ("Mutator",),
    "orderledger.testing.venue": ("VenueUnderTest",),
}
"""The public names, by the module that declares them."""

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
