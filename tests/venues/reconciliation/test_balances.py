"""The balances of an account are compared by currency, and certified."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderledger import CertifiedBalance, Transfer
from orderledger.domain.exact import ZERO, plain
from orderledger.domain.recorded import KINDS
from orderledger.venues.collecting.reconciling import in_words, report_of, stages_of
from orderledger.venues.reconciliation.book import MOVES_BALANCES
from orderledger.venues.reconciliation.reconciler import Reconciled
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.scenarios import ACCOUNT, Document, at, fill, message, request
from tests.venues.reconciliation.desk import Desk, left

SPOT = message(
    "instrument",
    client_order_id=None,
    instrument="BTC-USD",
    kind="spot",
    base="BTC",
    quote="USD",
    at=at(0),
)


def opened(currency: str, amount: str, second: float = 1) -> Document:
    terms = {"currency": currency, "amount": amount, "at": at(second), "reason": "opening"}
    return message("adjust", client_order_id=None, **terms)


def transfer(amount: str, second: float, name: str = "T-1", currency: str = "USD") -> Document:
    terms = {"currency": currency, "amount": amount, "at": at(second)}
    return message("transfer", client_order_id=None, kind="deposit", venue_id=name, **terms)


def bought(
    quantity: str = "1", price: str = "100", second: float = 10, **fields: Any
) -> tuple[Document, Document]:
    """An order and its only fill."""
    named = {"client_order_id": f"C-{second}", "instrument": "BTC-USD"} | fields
    asked = {"quantity": quantity, "limit_price": price, "instrument": named["instrument"]}
    terms = {**named, "side": "buy", "at": at(second)}
    return (
        request(client_order_id=named["client_order_id"], at=at(second), **asked),
        fill(f"F-{second}", quantity, price, **terms),
    )


def certified(found: Reconciled) -> dict[str, tuple[str, str | None]]:
    """State and difference by currency."""
    return {
        one.currency: (
            one.state.value,
            None if one.difference is None else str(one.difference),
        )
        for one in found.certificate.balances or ()
    }


def totals(desk: Desk) -> dict[str, str]:
    return {row["currency"]: plain(row["total"] or ZERO) for row in desk.ledger.balances()}


@pytest.fixture
def bank(desk: Desk) -> Desk:
    """An account of 1000 USD that has bought 1 BTC at 100. The venue agrees."""
    desk.record(SPOT, opened("USD", "1000.00"), *bought())
    desk.venue.wallet = {"USD": ["900.00"], "BTC": ["1"]}
    desk.venue.held = {}
    desk.venue.reports_position = lambda instrument: False  # type: ignore[method-assign]
    return desk


def test_balances_that_agree_close(bank: Desk) -> None:
    found = bank.reconcile(1000)
    assert certified(found) == {"BTC": ("closes", "0"), "USD": ("closes", "0")}
    assert (left(found), found.certificate.not_reported) == ([], ("position:BTC-USD",))
    sentence = in_words(report_of(found), is_dry_run=False)
    assert "0 positions agree, 2 of 2 balances close; 0 breaks open" in sentence
    (row,) = bank.ledger.reconciliations.certificates()
    assert row["balances"] is not None
    assert row["balances"][1] == {
        "currency": "USD",
        "state": "closes",
        "total": "900",
        "reported": "900.00",
        "difference": "0",
        "residual": "0",
        "place": "0.01",
        "rows": 1,
        "rounded": 0,
        "counted_to": row["position"] - 3,  # before two statements and the certificate
        "reason": None,
    }
    assert [row["difference"] for row in bank.ledger.balances()] == [0, 0]


def test_a_second_run_appends_nothing(bank: Desk) -> None:
    bank.reconcile(1000)
    before = list(bank.ledger.events())
    assert not bank.reconcile(1001).is_recorded
    assert list(bank.ledger.events()) == before


@pytest.mark.parametrize(
    ("wallet", "name", "difference"),
    [
        ({"USD": ["899.99"], "BTC": ["1"]}, "USD", "-0.01"),
        ({"USD": ["900.01"], "BTC": ["1"]}, "USD", "0.01"),
        ({"USD": ["900.00"]}, "BTC", "-1"),
        ({"USD": ["900.00"], "BTC": ["1"], "ETH": ["2"]}, "ETH", "2"),
    ],
)
def test_an_error_of_one_cent_or_one_coin_is_named(
    bank: Desk, wallet: dict[str, Sequence[str]], name: str, difference: str
) -> None:
    bank.venue.wallet = wallet
    found = bank.reconcile(1000)
    assert certified(found)[name] == ("differs", difference)
    assert left(found) == [f"balance_differs:{name}"]
    assert {state for one, (state, _) in certified(found).items() if one != name} == {"closes"}
    since = found.certificate.open_breaks[0].since
    assert bank.reconcile(2000).certificate.open_breaks[0].since == since


def test_an_error_of_one_side_is_named(bank: Desk) -> None:
    hedge = message(
        "instrument",
        client_order_id=None,
        instrument="BTC-PERP",
        kind="margined",
        settlement="USD",
        position_mode="hedge",
        at=at(2),
    )
    bank.reconcile(1000)
    bank.record(
        hedge,
        *bought("2", second=1020, instrument="BTC-PERP", position_side="long"),
    )
    bank.venue.reports_position = lambda instrument: instrument == "BTC-PERP"  # type: ignore[method-assign]
    found = bank.reconcile(2000)
    assert left(found) == ["position_differs:BTC-PERP:long"]
    assert certified(found) == {"BTC": ("closes", "0"), "USD": ("closes", "0")}


def test_a_transfer_that_arrives_late_closes_the_next_certificate(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["950.00"], "BTC": ["1"]}
    assert left(bank.reconcile(1000)) == ["balance_differs:USD"]
    bank.record(transfer("50", 500))
    found = bank.reconcile(1100)
    assert certified(found)["USD"] == ("closes", "0")
    assert left(found) == []


def test_a_transfer_in_an_answer_about_fills_is_a_missed_one(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["950.00"], "BTC": ["1"]}
    report = Transfer(
        account=ACCOUNT, currency="USD", amount="50", kind="deposit", venue_id="T-1", at=at(500)
    )
    bank.venue.beside = [report]
    found = bank.reconcile(1000)
    assert [one.id for one in found.breaks] == ["missing_transfer:USD:deposit:T-1"]
    assert (left(found), certified(found)["USD"]) == ([], ("closes", "0"))
    messages = reverting(bank.ledger, repairs_of(bank.ledger, found.breaks[0].id), at(1001))
    bank.ledger.record_many(messages)
    assert totals(bank)["USD"] == "900"


def test_the_first_run_opens_the_balances_at_what_the_venue_states(desk: Desk) -> None:
    desk.record(SPOT, *bought())
    desk.venue.wallet = {"USD": ["12.34"], "BTC": ["1.5"]}
    found = desk.reconcile(1000)
    assert certified(found) == {"BTC": ("closes", "0"), "USD": ("closes", "0")}
    opened_now = [one.id for one in found.breaks if "balance" in one.kind.value]
    assert opened_now == ["opening_balance:BTC", "opening_balance:USD"]
    assert (left(found), totals(desk)) == ([], {"BTC": "1.5", "USD": "12.34"})
    desk.record(transfer("1", 500))  # dated before: it is inside
    desk.record(transfer("2.66", 1001, "T-2"))
    desk.venue.wallet = {"USD": ["15.00"], "BTC": ["1.5"]}
    assert left(desk.reconcile(1100)) == []


def test_balances_that_a_person_opened_are_never_opened_again(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["900.00"], "BTC": ["1"], "ETH": ["2"]}
    assert left(bank.reconcile(1000)) == ["balance_differs:ETH"]
    assert totals(bank) == {"BTC": "1", "USD": "900", "ETH": "0"}


def test_without_an_opening_balance_nothing_is_certified(desk: Desk) -> None:
    desk.record(SPOT, *bought())
    desk.venue.wallet = {"USD": ["12.34"]}
    found = desk.reconcile(1000, may_open=False)
    assert certified(found) == {"BTC": ("unknown", None), "USD": ("unknown", None)}
    assert {one.reason for one in found.certificate.balances or ()} == {"no_opening_balance"}
    assert not any("balance" in one for one in left(found))


def test_an_adjustment_settles_a_difference_if_it_is_allowed_and_is_reverted(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["899.99"], "BTC": ["1"]}
    shown = bank.reconcile(1000)
    (repair,) = shown.breaks[0].repairs
    assert repair.model_dump(include={"currency", "amount", "reason", "causation_id"}) == {
        "currency": "USD",
        "amount": Decimal("899.99"),
        "reason": "balance_differs",
        "causation_id": "balance_differs:USD",
    }
    assert totals(bank)["USD"] == "900"
    found = bank.reconcile(1001, may_adjust=True)
    assert (certified(found)["USD"], left(found)) == (("closes", "0"), [])
    assert totals(bank)["USD"] == "899.99"
    assert left(bank.reconcile(1002)) == []
    bank.record(transfer("7", 500))  # dated before the adjustment: it is inside
    assert totals(bank)["USD"] == "899.99"
    messages = reverting(bank.ledger, repairs_of(bank.ledger, "balance_differs:USD"), at(1003))
    assert {one.outcome for one in bank.ledger.record_many(messages)} == {"recorded"}
    assert totals(bank)["USD"] == "907"
    again = reverting(bank.ledger, repairs_of(bank.ledger, "balance_differs:USD"), at(1004))
    assert {one.outcome for one in bank.ledger.record_many(again)} == {"duplicate"}


def test_a_snapshot_that_a_fill_overtakes_is_asked_again(bank: Desk) -> None:
    deposits = [transfer("1", 900)]

    def deposit() -> None:
        if deposits:
            bank.record(deposits.pop())

    bank.venue.while_positions_are_told = deposit
    bank.venue.wallet = {"USD": ["901.00"], "BTC": ["1"]}
    found = bank.reconcile(1000)
    assert certified(found)["USD"] == ("closes", "0")
    assert bank.venue.asked.count("positions") == 2


def test_a_balance_that_moves_during_every_query_is_unstable(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["899.99"], "BTC": ["1"]}
    assert left(bank.reconcile(1000)) == ["balance_differs:USD"]
    numbers = iter(range(100))

    def deposit() -> None:
        number = next(numbers)
        bank.record(transfer("1", 1001 + number, f"T-{number}"))

    bank.venue.while_positions_are_told = deposit
    before = bank.venue.asked.count("positions")
    found = bank.reconcile(2000)
    assert certified(found) == {"BTC": ("unstable", None), "USD": ("unstable", None)}
    assert bank.venue.asked.count("positions") - before == 3
    assert left(found) == ["balance_differs:USD"]  # nobody knows better
    assert not bank.ledger.log.account_events(kind="adjust", since=at(2))


def test_a_mark_during_the_query_does_not_move_a_balance(bank: Desk) -> None:
    mark = {"client_order_id": None, "instrument": "BTC-USD", "price": "101"}
    seconds = iter(range(900, 1000))
    bank.venue.while_positions_are_told = lambda: bank.record(
        message("mark", at=at(next(seconds)), **mark)
    )
    assert certified(bank.reconcile(1000))["USD"] == ("closes", "0")
    assert bank.venue.asked.count("positions") == 1


def test_every_event_either_moves_balances_or_does_not() -> None:
    assert sorted(name for name in KINDS if name.startswith(MOVES_BALANCES)) == [
        "fill_busted.v1",
        "fill_corrected.v1",
        "fill_recorded.v1",
        "funding_recorded.v1",
        "instrument_defined.v1",
        "instrument_renamed.v1",
        "instrument_settled.v1",
        "instrument_split.v1",
        "order_attributed.v1",
        "position_adjusted.v1",
        "settlement_busted.v1",
        "transfer_recorded.v1",
    ]


def test_two_balances_of_one_currency_are_recorded_and_not_compared(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["900.00", "901.00"], "BTC": ["1"]}
    found = bank.reconcile(1000)
    assert certified(found) == {"BTC": ("closes", "0"), "USD": ("unknown", None)}
    assert left(found) == ["balance_differs:USD"]
    assert [row["code"] for row in bank.ledger.anomalies()] == ["balance_conflict"]
    count = len(list(bank.ledger.events()))
    bank.reconcile(1001)
    assert len(list(bank.ledger.events())) == count


def test_a_total_that_is_unknown_here_is_not_compared(bank: Desk) -> None:
    bank.record(*bought(second=20, instrument="ABC"))
    found = bank.reconcile(1000)
    assert {one.reason for one in found.certificate.balances or ()} == {"currency_unknown:ABC"}
    assert left(found) == []


def test_a_venue_that_states_no_balances_is_said_to(bank: Desk) -> None:
    bank.venue.wallet = None
    found = bank.reconcile(1000)
    assert found.certificate.balances is None
    assert found.certificate.not_reported == ("position:BTC-USD", "balances")
    assert left(found) == []


def test_a_venue_whose_transfers_are_not_read_is_named(bank: Desk) -> None:
    bank.venue.abilities = replace(bank.venue.abilities, lists_transfers=False)
    found = bank.reconcile(1000)
    assert found.certificate.not_reported == ("position:BTC-USD", "transfers")


def test_a_difference_stays_open_while_the_venue_does_not_state_the_balance(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["899.99"], "BTC": ["1"]}
    assert left(bank.reconcile(1000)) == ["balance_differs:USD"]
    bank.venue.wallet = None
    found = bank.reconcile(1001)
    assert (left(found), found.certificate.balances) == (["balance_differs:USD"], None)
    bank.venue.wallet = {"USD": ["900"], "BTC": ["1"]}
    assert left(bank.reconcile(1002)) == []


def test_rounding_by_the_venue_is_allowed_half_a_last_place_for_each_row(bank: Desk) -> None:
    """33.335 is booked as 33.33 or 33.34, each time. What is printed exactly is not rounded."""
    bank.record(*bought("1", "33.335", second=20), *bought("1", "33.335", second=30))
    bank.venue.wallet = {"USD": ["833.32"], "BTC": ["3"]}  # 833.330, and two rows rounded up
    found = bank.reconcile(1000)
    (usd,) = [one for one in found.certificate.balances or () if one.currency == "USD"]
    assert (usd.difference, usd.rows, usd.rounded) == (Decimal("-0.01"), 3, 2)
    assert usd.residual == Decimal("0.01")  # though 833.330 has no more digits than are printed
    assert left(found) == []
    bank.venue.wallet = {"USD": ["833.31"], "BTC": ["3"]}
    assert left(bank.reconcile(1001)) == ["balance_differs:USD"]
    bank.record(*bought("1", "33.335", second=1010))
    bank.venue.wallet = {"USD": ["799.98"], "BTC": ["4"]}  # 799.995, rounded 4 times
    found = bank.reconcile(2000)
    (usd,) = [one for one in found.certificate.balances or () if one.currency == "USD"]
    assert (usd.difference, usd.rows, usd.residual) == (
        Decimal("-0.015"),
        4,
        Decimal("0.015"),
    )
    assert left(found) == []
    bank.venue.wallet = {"USD": ["799.97"], "BTC": ["4"]}
    assert left(bank.reconcile(3000)) == ["balance_differs:USD"]


def usd(found: Reconciled) -> CertifiedBalance:
    (one,) = [one for one in found.certificate.balances or () if one.currency == "USD"]
    return one


def test_rows_that_arrive_late_enter_the_residual_of_the_next_certificate(bank: Desk) -> None:
    """They happened days before the certificate, which could not count them."""
    bank.venue.wallet = {"USD": ["899.99"], "BTC": ["1"]}
    assert usd(bank.reconcile(500_000)).rows == 1
    bank.record(*bought("1", "33.333", second=20), transfer("0.001", 30), transfer("9", 40, "T-2"))
    bank.record(*bought("1", "33.333", second=500_001))
    bank.venue.wallet = {"USD": ["842.35"], "BTC": ["3"]}  # 842.335, each row rounded by itself
    found = usd(bank.reconcile(500_100))
    assert (found.rows, found.rounded) == (5, 3)
    assert (found.residual, found.difference) == (Decimal("0.015"), Decimal("0.015"))
    assert found.state == "closes"
    assert usd(bank.reconcile(600_000)).rows == 5


def test_rows_recorded_while_a_certificate_is_made_are_counted_by_the_next(bank: Desk) -> None:
    def buy() -> None:
        bank.venue.while_positions_are_told = lambda: None
        bank.record(*bought("1", "10", second=999))

    bank.venue.while_positions_are_told = buy
    bank.venue.wallet = {"USD": ["890.00"], "BTC": ["2"]}
    found = bank.reconcile(1000)
    assert (usd(found).rows, left(found)) == (2, [])
    bank.record(*bought("1", "10", second=500))
    bank.venue.wallet = {"USD": ["880.00"], "BTC": ["3"]}
    assert usd(bank.reconcile(2000)).rows == 3


def test_a_correction_and_a_new_opening_have_all_rows_counted_again(bank: Desk) -> None:
    bank.record(*bought("1", "10", second=20), *bought("1", "10", second=30))
    bank.venue.wallet = {"USD": ["880.00"], "BTC": ["3"]}
    assert usd(bank.reconcile(1000)).rows == 3
    bank.record(message("fill_busted", client_order_id="C-20", fill_id="F-20", at=at(40)))
    bank.venue.wallet = {"USD": ["890.00"], "BTC": ["2"]}
    assert usd(bank.reconcile(1100)).rows == 2
    bank.record(opened("USD", "900", 25))
    assert usd(bank.reconcile(1200)).rows == 1


def test_the_finest_place_that_was_printed_counts(bank: Desk) -> None:
    bank.reconcile(1000)
    bank.record(*bought("1", "33.335", second=1010))
    bank.venue.wallet = {"USD": ["867"], "BTC": ["2"]}  # 866.665, and a venue that cuts zeros off
    found = bank.reconcile(2000)
    assert left(found) == ["balance_differs:USD"]


def test_a_dry_run_shows_the_stages_and_changes_nothing(bank: Desk) -> None:
    bank.venue.wallet = {"USD": ["949.99"], "BTC": ["1"]}
    bank.venue.beside = [
        Transfer(account=ACCOUNT, currency="USD", amount="50", kind="deposit", at=at(500))
    ]
    before = list(bank.ledger.events())
    thought = bank.reconcile(1000, is_dry_run=True, may_adjust=True)
    assert list(bank.ledger.events()) == before
    stages = stages_of(thought)
    assert [one["break"] for one in stages["differences"]] == [
        f"missing_transfer:USD:deposit:{at(500).isoformat()}",
        "balance_differs:USD",
    ]
    assert stages["differences"][1]["text"] == "950 here, 949.99 at the venue"
    assert [one["message"]["type"] for one in stages["repairs"]] == ["transfer", "adjust"]
    recorded = [one["message"]["type"] for one in stages["records"]]
    assert recorded == ["transfer", "balance", "balance", "adjust", "certify"]
    assert [(one["compared"], one["state"]) for one in stages["certificate"]] == [
        ("orders", "agree"),
        ("fills", "agree"),
        ("positions", "agree"),
        ("balance:BTC", "closes"),
        ("balance:USD", "closes"),
        ("position:BTC-USD", "not_reported"),
    ]
    done = bank.reconcile(1000, may_adjust=True)
    assert thought.certificate.balances == done.certificate.balances
    assert [one.id for one in thought.breaks] == [one.id for one in done.breaks]


def test_a_run_that_dies_before_its_certificate_is_made_up_for_by_the_next(desk: Desk) -> None:
    """The missed fill is recorded, and then the process ends."""
    desk.record(SPOT)
    desk.venue.wallet = {"USD": ["12.34"], "BTC": ["1"]}
    desk.venue.beside = [
        Transfer(account=ACCOUNT, currency="USD", amount="50", kind="deposit", at=at(500))
    ]

    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    desk.venue.while_positions_are_told = kill
    with pytest.raises(Killed):
        desk.reconcile(1000)
    assert [row["kind"] for row in desk.ledger.log.account_events()] == ["transfer"]
    assert desk.ledger.reconciliations.certificates() == []
    desk.venue.while_positions_are_told = lambda: None
    found = desk.reconcile(1001)
    assert [one.id for one in found.breaks] == ["opening_balance:BTC", "opening_balance:USD"]
    assert (left(found), totals(desk)) == ([], {"BTC": "1", "USD": "12.34"})
    assert left(desk.reconcile(1002)) == []


def test_a_total_that_does_not_end_is_certified_with_28_decimals(bank: Desk) -> None:
    """Profits by average cost: 1 at 100 and 2 at 101, of which 1 is sold at 110."""
    bank.record(
        message(
            "instrument",
            client_order_id=None,
            instrument="ABC-PERP",
            kind="margined",
            settlement="USD",
            at=at(0),
        ),
        *bought("1", "100", second=11, instrument="ABC-PERP"),
        *bought("2", "101", second=12, instrument="ABC-PERP"),
        fill(
            "F-13",
            "1",
            "110",
            client_order_id="C-13",
            instrument="ABC-PERP",
            side="sell",
            at=at(13),
        ),
    )
    bank.venue.wallet = {"USD": ["909.33"], "BTC": ["1"]}
    found = usd(bank.reconcile(1000))
    assert (found.state, found.rows, found.rounded) == ("closes", 4, 3)
    assert found.total == Decimal("909.3333333333333333333333333333")
    assert found.difference == Decimal("-0.0033333333333333333333333333")
