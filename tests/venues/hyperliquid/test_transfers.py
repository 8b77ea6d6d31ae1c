"""Rows of `userNonFundingLedgerUpdates`: what an account received and gave without a trade."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, Message
from orderledger.testing import VenueHarness
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.payload_rows import fundings
from tests.venues.harness import played
from tests.venues.hyperliquid.harness import ACCOUNT, ADDRESS
from tests.venues.hyperliquid.payloads import T

OTHER = "0x" + "ab" * 20
IN = {"user": OTHER, "destination": ADDRESS}
OUT = {"user": ADDRESS, "destination": OTHER}
CONTEXT = MessageContext(account=ACCOUNT, source="venue_poll", address=ADDRESS.lower())  # type: ignore[arg-type]


def row(kind: str, **delta: Any) -> dict[str, Any]:
    return {"time": T, "hash": "0x1", "delta": {"type": kind, **delta}}


def read(*rows: Any) -> tuple[list[Message], list[str]]:
    translated = fundings(list(rows), CONTEXT)
    return translated.messages, [fault.fault for fault in translated.faults]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (row("deposit", usdc="100.0"), ("deposit", "100.0", "USDC")),
        (row("withdraw", usdc="40", nonce=1, fee="0"), ("withdrawal", "-40", "USDC")),
        (row("internalTransfer", usdc="5", fee="0", **IN), ("other", "5", "USDC")),
        (row("internalTransfer", usdc="5", fee="0", **OUT), ("other", "-5", "USDC")),
        (row("subAccountTransfer", usdc="5", **OUT), ("internal", "-5", "USDC")),
        (row("spotTransfer", token="HYPE", amount="2", **IN), ("other", "2", "HYPE")),
        (row("send", token="PURR:0xc4bf", amount="2", **OUT), ("other", "-2", "PURR")),
        (row("vaultDeposit", vault=OTHER, usdc="7"), ("other", "-7", "USDC")),
        (row("vaultWithdraw", vault=OTHER, netWithdrawnUsd="7"), ("other", "7", "USDC")),
        (row("rewardsClaim", token="USDC", amount="3"), ("other", "3", "USDC")),
        (row("spotGenesis", token="HYPE", amount="3"), ("airdrop", "3", "HYPE")),
        (
            row("cStakingTransfer", token="HYPE", amount="3", isDeposit=True),
            ("internal", "-3", "HYPE"),
        ),
    ],
)
def test_a_transfer_is_signed_as_the_balance_moves(
    document: Any, expected: tuple[str, str, str]
) -> None:
    ((message,), faults) = read(document)
    assert (message.kind, message.amount, message.currency) == (  # type: ignore[attr-defined]
        expected[0],
        Decimal(expected[1]),
        expected[2],
    )
    assert faults == []


@pytest.mark.parametrize(
    "document",
    [
        row("accountClassTransfer", usdc="5", toPerp=True),
        row("send", token="USDC", amount="5", user=ADDRESS, destination=ADDRESS),
        row("liquidation", liquidatedNtlPos="1", accountValue="1", liquidatedPositions=[]),
    ],
)
def test_moves_between_wallets_of_the_account_change_no_balance(document: Any) -> None:
    assert read(document) == ([], [])


def test_the_fee_of_a_withdrawal_is_named_and_not_guessed() -> None:
    ((message,), _) = read(row("withdraw", usdc="40", nonce=1, fee="1.0"))
    assert message.text == "fee 1.0 USDC: not documented whether the amount includes it"


@pytest.mark.parametrize(
    "document",
    [
        row("borrowLend", token="HYPE", operation="supply", amount="1", interestAmount="0"),
        row("somethingNew", usdc="1"),
        row("vaultDeposit", vault=ADDRESS, usdc="7"),
        row("internalTransfer", usdc="5", user=OTHER, destination=OTHER),
        row("deposit"),
        {"hash": "0x1", "delta": {"type": "deposit", "usdc": "1"}},
    ],
)
def test_what_is_not_documented_is_shown(document: Any) -> None:
    messages, faults = read(document)
    assert (messages, len(faults)) == ([], 1)


def test_a_repeated_transfer_counts_once_and_another_of_the_same_time_too() -> None:
    one, other = row("deposit", usdc="1"), {**row("deposit", usdc="1"), "hash": "0x2"}
    with Ledger.open("memory://") as ledger:
        ledger.record_many([*read(one, other)[0], *read(one)[0]])
        (balance,) = ledger.balances()
    assert balance["total"] == 2


@pytest.mark.parametrize("is_late", [False, True])
def test_transfers_are_collected_also_those_of_a_time_without_a_feed(is_late: bool) -> None:
    async def story(harness: VenueHarness) -> None:
        exchange, address = harness.exchange, harness.exchange.accounts[0]
        if is_late:
            exchange.transfer(address, "USDC", "250.25")
        async with harness.collected() as counters:
            await harness.settle(counters)
            if not is_late:
                exchange.transfer(address, "USDC", "250.25")
            await harness.until(lambda: harness.ledger.balances())
            exchange.transfer(address, "HYPE", "-1.5")
            await harness.until(lambda: len(harness.ledger.balances()) == 2)
            await harness.settle(counters)
        totals = {row["currency"]: row["total"] for row in harness.ledger.balances()}
        assert totals == {"USDC": Decimal("250.25"), "HYPE": Decimal("-1.5")}

    played("hyperliquid", story)
