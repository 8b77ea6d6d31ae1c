"""A month of an account closes to the venue's own balances, through collectors and reconciliations
that are killed with SIGKILL, times without any of them, and transfers that are listed late."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from orderledger import Funding
from orderledger.rows import CertificateRow
from tests.venues.month import ACCOUNT, DAYS, MOMENTS, THERE, Month
from tests.venues.spot_month import SpotMonth

pytestmark = pytest.mark.slow
PLACE = Decimal("1E-8")
SEEN_OPEN = "missing_end:"
"""An order that a process saw open. Wallex dates no state, so it is dated by the machine's clock: a
month after the end of the order by the venue's."""

Story = Callable[[Month], Awaitable[None]]
AnyMonth = TypeVar("AnyMonth", bound=Month)


def played(command: Path, folder: Path, seed: int, story: Story) -> Month:
    return play(Month(command, folder, seed), story)


def play(month: AnyMonth, story: Callable[[AnyMonth], Awaitable[None]]) -> AnyMonth:
    async def whole() -> None:
        async with month.server:
            month.write_config()
            month.open()
            await story(month)

    asyncio.run(whole())
    return month


def certificates(month: Month) -> list[CertificateRow]:
    with month.ledger() as ledger:
        return sorted(ledger.reconciliations.certificates(), key=lambda row: row["position"])


def balances(certificate: CertificateRow) -> dict[str, dict[str, Any]]:
    return {one["currency"]: one for one in certificate["balances"] or ()}


def differences(month: Month) -> dict[str, Decimal]:
    """The differences that the last certificate leaves open."""
    last = certificates(month)[-1]
    left = {one["id"].removeprefix("balance_differs:") for one in last["open_breaks"]}
    return {
        name: Decimal(one["difference"]) for name, one in balances(last).items() if name in left
    }


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 4))])
def test_a_month_closes_to_the_balances_of_the_venue(
    orderledger_command: Path, tmp_path: Path, seed: int
) -> None:
    async def story(month: Month) -> None:
        kills = [(name, moment) for name in ("collect", "reconcile") for moment in MOMENTS]
        month.chance.shuffle(kills)
        for name, moment in kills:
            await month.killed(name, moment, DAYS // 10)
            await month.live(DAYS // 15)
        month.clock.set(month.end)
        await month.collected()
        said = await month.reconciled()
        assert (said.status, said.rows[-1]["certificate"]["open_breaks"]) == (0, [])

    month = played(orderledger_command, tmp_path, seed, story)
    last = balances(certificates(month)[-1])
    assert {name: Decimal(one["reported"]) for name, one in last.items()} == month.wallet()
    assert {name: one["state"] for name, one in last.items()} == {"BNB": "closes", "USDT": "closes"}
    assert {name: one["rows"] for name, one in last.items()} == month.booked()
    assert (last["BNB"]["difference"], last["BNB"]["residual"]) == ("0", "0")
    usdt = last["USDT"]
    bound = PLACE / 2 * usdt["rounded"]
    assert usdt["rounded"] == len(month.exchange.fills(THERE))
    assert Decimal(usdt["residual"]) == bound
    assert abs(Decimal(usdt["difference"])) <= bound
    assert Decimal(usdt["difference"]) == month.wallet()["USDT"] - Decimal(usdt["total"])
    assert abs(Decimal(usdt["total"]) - month.exact()) < Decimal("1E-20")
    assert month.kills > 3 and month.server.late
    with month.ledger() as ledger:
        assert len(ledger.reconciliations.certificates()) > 2
        assert ledger.log.account_events(kind="gap")


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3))])
def test_a_month_at_spot_with_fees_in_the_coin_closes(
    orderledger_command: Path, tmp_path: Path, seed: int
) -> None:
    """The venue states each balance to the last digit, so nothing may be left."""

    async def story(month: SpotMonth) -> None:
        kills = [(name, moment) for name in ("collect", "reconcile") for moment in MOMENTS]
        month.chance.shuffle(kills)
        for name, moment in kills:
            await month.killed(name, moment, DAYS // 10)
            await month.live(DAYS // 15)
        await month.report(lambda known_at: True)
        month.clock.set(month.end)
        await month.collected()
        said = await month.reconciled()
        left = said.rows[-1]["certificate"]["open_breaks"]
        assert [one for one in left if not one.startswith(SEEN_OPEN)] == []

    month = play(SpotMonth(orderledger_command, tmp_path, seed), story)
    last = balances(certificates(month)[-1])
    wallet = month.wallet()
    assert {name: Decimal(one["reported"]) for name, one in last.items()} == wallet
    assert {name: Decimal(one["total"]) for name, one in last.items()} == wallet
    assert {one["state"] for one in last.values()} == {"closes"}
    assert {name: one["rows"] for name, one in last.items()} == month.booked()
    fills = month.exchange.fills(month.server.account)
    assert {fill.fee_currency for fill in fills} >= {"BTC", "ETH"}
    assert len(fills) > 25 and month.kills > 3 and month.transfers_late
    with month.ledger() as ledger:
        assert len(ledger.reconciliations.certificates()) > 2
        assert ledger.log.account_events(kind="gap")


async def drop_a_transfer(month: Month) -> None:
    dropped = month.exchange.transfer(THERE, "USDT", "12.34567891")
    month.server.dropped.add(dropped.transfer_id)


async def book_a_funding_twice(month: Month) -> None:
    """Once more, under another id and a millisecond later."""
    with month.ledger() as ledger:
        paid = ledger.log.account_events(kind="funding")[0]
        assert paid["quantity"] is not None
        ledger.record(
            Funding(
                account=ACCOUNT,
                instrument=paid["instrument"] or "",
                amount=paid["quantity"],
                currency=paid["currency"] or "",
                at=paid["at"] + timedelta(milliseconds=1),
                message_id="again",
            )
        )


async def lose_the_currency_of_a_fee(month: Month) -> None:
    """Of all fees that no process has recorded yet."""
    month.server.forgets_currencies = True
    order = month.exchange.place(
        THERE, instrument="ETH/USDT:USDT", side="buy", quantity="3", limit_price="2500"
    )
    month.exchange.fill(order, liquidity="taker", fee="0.00612345")


def of_the_dropped(month: Month) -> dict[str, Decimal]:
    return {"USDT": Decimal("12.34567891")}


def of_the_funding(month: Month) -> dict[str, Decimal]:
    return {"USDT": -month.exchange.fundings(THERE)[0].amount}


def of_the_fee(month: Month) -> dict[str, Decimal]:
    return {"BNB": Decimal("-0.00612345"), "USDT": Decimal("0.00612345")}


@pytest.mark.parametrize(
    ("plant", "missing"),
    [
        (drop_a_transfer, of_the_dropped),
        (book_a_funding_twice, of_the_funding),
        (lose_the_currency_of_a_fee, of_the_fee),
    ],
)
def test_a_planted_fault_is_left_open_with_its_amount(
    orderledger_command: Path,
    tmp_path: Path,
    plant: Story,
    missing: Callable[[Month], dict[str, Decimal]],
) -> None:
    """To the residual of rounding."""

    async def story(month: Month) -> None:
        await month.killed("collect", "recording", 4)
        await month.live(3)
        month.clock.set(month.end)
        assert (await month.reconciled()).status == 0
        await plant(month)
        assert (await month.reconciled()).status == 1

    month = played(orderledger_command, tmp_path, 5, story)
    found, expected = differences(month), missing(month)
    assert found.keys() == expected.keys()
    last = balances(certificates(month)[-1])
    for name, amount in expected.items():
        assert abs(found[name] - amount) <= Decimal(last[name]["residual"])
