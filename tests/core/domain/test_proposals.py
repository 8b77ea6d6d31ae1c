"""Proposals: made once, decided once, and shown as they were."""

from orderledger import Ledger
from tests.core.domain.telling import words
from tests.scenarios import Document, at, message, readable

PROPOSAL: Document = {
    "client_order_id": None,
    "proposal_id": "P-1",
}
PROPOSED = message(
    "propose",
    **PROPOSAL,
    kind="entry",
    strategy="grid",
    instrument="BTC-USD",
    side="buy",
    quantity="1",
    order_type="market",
)


def test_a_proposal_is_shown_as_it_was_made_and_decided(ledger: Ledger) -> None:
    terms = {
        "limit_price": "100",
        "time_in_force": "gtc",
        "links": {"group": "G-1"},
        "tags": {"desk": "north"},
        "at": at(1),
    }
    assert (
        words(
            ledger, {**PROPOSED, **terms}, message("decline", **PROPOSAL, reason="risk", at=at(2))
        )
        == [("recorded",)] * 2
    )
    (row,) = ledger.proposals()
    shown = (
        "kind",
        "strategy",
        "instrument",
        "side",
        "quantity",
        "order_type",
        "limit_price",
        "stop_price",
        "time_in_force",
    )
    assert [readable(row)[name] for name in shown] == [
        "entry",
        "grid",
        "BTC-USD",
        "buy",
        "1",
        "market",
        "100",
        None,
        "gtc",
    ]
    assert (row["state"], row["reason"], row["proposed_at"], row["decided_at"]) == (
        "declined",
        "risk",
        at(1),
        at(2),
    )
    assert (row["links"]["group"], row["tags"]) == ("G-1", {"desk": "north"})  # type: ignore[index]


def test_a_proposal_is_the_same_again_when_its_message_id_is(ledger: Ledger) -> None:
    made = {**PROPOSED, "message_id": "M-1"}
    again, other = {**made, "at": at(60)}, {**made, "quantity": "2"}
    assert words(ledger, made, again, other, {**other, "message_id": "M-2"}) == [
        ("recorded",),
        ("duplicate",),
        ("refused", "message_id_reused"),
        ("refused", "duplicate_proposal_id"),
    ]


def test_a_proposal_is_made_once_and_decided_once(ledger: Ledger) -> None:
    assert words(
        ledger,
        message("approve", **PROPOSAL),
        PROPOSED,
        PROPOSED,
        {**PROPOSED, "quantity": "2"},
        message("decline", **PROPOSAL, reason="risk"),
        message("decline", **PROPOSAL, reason="risk"),
        message("approve", **PROPOSAL),
    ) == [
        ("refused", "unknown_proposal"),
        ("recorded",),
        ("duplicate",),
        ("refused", "duplicate_proposal_id"),
        ("recorded",),
        ("duplicate",),
        ("refused", "proposal_decided"),
    ]
    assert [(row["proposal_id"], row["state"], row["reason"]) for row in ledger.proposals()] == [
        ("P-1", "declined", "risk")
    ]


def test_a_proposal_is_not_approved_under_the_message_id_it_was_made_under(ledger: Ledger) -> None:
    approved = message("approve", **PROPOSAL, message_id="M-1")
    made = {**PROPOSED, "message_id": "M-1"}
    own = {**approved, "message_id": "M-2"}
    assert words(ledger, made, approved, own) == [
        ("recorded",),
        ("refused", "message_id_reused"),
        ("recorded",),
    ]
    assert [row["state"] for row in ledger.proposals()] == ["approved"]
