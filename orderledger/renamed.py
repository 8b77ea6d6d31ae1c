"""Where a name is now: for errors about former, misplaced and misspelt names.

`docs/reference/renamed.md` lists the former names.
"""

from importlib import import_module
from typing import Any

METHODS = {
    "account_counts": "views.account_counts",
    "account_events": "log.account_events",
    "aevents": "log.aevents",
    "analyse": "tables.analyse",
    "arecord_together": "recording.arecord_together",
    "bundle": "proof.bundle",
    "catch_up": "views.catch_up",
    "certificates": "reconciliations.certificates",
    "changed_orders": "views.changed_orders",
    "check": "views.check",
    "check_views": "views.raise_for_fault",
    "checkpoint": "proof.checkpoint",
    "clock": "internals.clock",
    "events_page": "log.page",
    "explain": "audit.explain",
    "following": "internals.following",
    "forget_evidence": "proof.forget_evidence",
    "in_one_state": "views.in_one_state",
    "last_certificates": "reconciliations.last_certificates",
    "latencies": "metrics.durations",
    "latency": "metrics.latency",
    "latency_histograms": "metrics.histograms",
    "move_evidence": "proof.move_evidence",
    "order_records": "audit.order_records",
    "outcomes": "metrics.outcomes",
    "page": "views.page",
    "position": "log.position",
    "preview": "recording.preview",
    "prove": "proof.prove",
    "prove_order_independence": "audit.prove_order_independence",
    "publish": "internals.publish",
    "rebuild": "views.rebuild",
    "reconciled_orders": "reconciliations.orders",
    "reconciliation": "reconciliations.by_account",
    "record_lines": "recording.record_lines",
    "restate": "audit.restate",
    "simulate": 'recording.preview(..., view="orders")',
    "sql": "tables.sql",
    "store": "internals.store",
    "stream": "views.stream",
    "table": "tables.read",
    "verify": "proof.verify",
    "what_if": "audit.what_if",
    "why": "audit.why",
}
"""The former methods of `Ledger`, and where they are now."""

PLACES = (
    "orderledger",
    "orderledger.rows",
    "orderledger.audit",
    "orderledger.venues",
    "orderledger.gateway",
    "orderledger.analytics",
    "orderledger.serve",
    "orderledger.simulation",
    "orderledger.extend.values",
)


def hint_for_method(ledger: Any, name: str) -> str:
    """A sentence, after a space, that says where a method of a ledger is now, or which one was
    meant. Empty if neither is known."""
    if name in METHODS:
        return f" It is now `ledger.{METHODS[name]}`."
    return _similar(name, [one for one in dir(ledger) if one[:1] != "_"])


def hint_for_name(package: str, name: str) -> str:
    """A sentence, after a space, that says where a public name is now, or which one was meant.
    Empty if neither is known."""
    former = _former_messages() if package == "orderledger" else {}
    if name in former:
        return f" It is now `{former[name]}`."
    for place in PLACES:
        if place != package and name in dir(import_module(place)):
            return f" It is in `{place}`."
    return _similar(name, import_module(package).__all__)


def _former_messages() -> dict[str, str]:
    """The former names of the message classes, with the present ones."""
    messages = import_module("orderledger.infrastructure.messages.registry").MESSAGES.values()
    class_name = import_module("orderledger.infrastructure.messages.derived").class_name
    return {
        class_name(one.fact.former_wire_name): one.__name__
        for one in messages
        if one.fact.former_wire_name
    }


def _similar(name: str, names: list[str]) -> str:
    sentence: str = import_module("orderledger.infrastructure.similar").did_you_mean(name, names)
    return sentence
