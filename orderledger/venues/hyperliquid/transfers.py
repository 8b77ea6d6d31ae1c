"""Translates rows of `userNonFundingLedgerUpdates` to transfers.

Sources: hyperliquid.gitbook.io, "Subscriptions" (`WsUserNonFundingLedgerUpdates`) and "Perpetuals"
(`userNonFundingLedgerUpdates`); github.com/nktkas/hyperliquid for the fields of each type. They do
not say whether the amount of a row includes its `fee`: the amount counts as it is, and the message
names the fee. A type that is not here is unreadable: it is counted and shown.
"""

from decimal import Decimal
from typing import Any

from orderledger import Message, Transfer, TransferKind
from orderledger.extend.values import EXACT
from orderledger.venues.base.row_meanings import RowMeaning
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.rows import Row, Unreadable, message_of, milliseconds
from orderledger.venues.hyperliquid.vocabulary import SETTLEMENT_CURRENCY

Kinds = dict[str, tuple[TransferKind, str]]

RECEIVED: Kinds = {
    "deposit": (TransferKind.DEPOSIT, "usdc"),
    "rewardsClaim": (TransferKind.OTHER, "amount"),
    "spotGenesis": (TransferKind.AIRDROP, "amount"),
    "vaultDistribution": (TransferKind.OTHER, "usdc"),
    "vaultLeaderCommission": (TransferKind.OTHER, "usdc"),
    "vaultWithdraw": (TransferKind.OTHER, "netWithdrawnUsd"),
}
"""Types of what the account receives, with the field of the amount."""
GIVEN: Kinds = {
    "deployGasAuction": (TransferKind.OTHER, "amount"),
    "vaultCreate": (TransferKind.OTHER, "usdc"),
    "vaultDeposit": (TransferKind.OTHER, "usdc"),
    "withdraw": (TransferKind.WITHDRAWAL, "usdc"),
}
"""The same of what it gives."""
BETWEEN_USERS: Kinds = {
    "internalTransfer": (TransferKind.OTHER, "usdc"),
    "send": (TransferKind.OTHER, "amount"),
    "spotTransfer": (TransferKind.OTHER, "amount"),
    "subAccountTransfer": (TransferKind.INTERNAL, "usdc"),
}
"""Types that name the giver, `user`, and the receiver, `destination`."""
STAKING = "cStakingTransfer"
WITHIN = frozenset({"accountClassTransfer", "perpDexClassTransfer", "liquidation"})
"""Types that change no balance of the account. Its own wallets count as one, and the fills of a
liquidation have rows of their own."""

DOCUMENT = "hyperliquid.gitbook.io, WsUserNonFundingLedgerUpdates"
SCHEMA = "the schema of github.com/nktkas/hyperliquid"


def _listed(kinds: Kinds, kind: TransferKind) -> str:
    return ", ".join(sorted(name for name, (given, _) in kinds.items() if given is kind))


ROWS = (
    RowMeaning("deposit, withdraw", "`transfer` (deposit, withdrawal)", DOCUMENT),
    RowMeaning("spotGenesis", "`transfer` (airdrop)", DOCUMENT),
    RowMeaning("subAccountTransfer", "`transfer` (internal)", DOCUMENT),
    RowMeaning(
        ", ".join(_listed(kinds, TransferKind.OTHER) for kinds in (RECEIVED, GIVEN, BETWEEN_USERS)),
        "`transfer` (other)",
        SCHEMA,
    ),
    RowMeaning(", ".join(sorted(WITHIN)), "counted: no balance of the account changes", SCHEMA),
    RowMeaning("borrowLend, and any other type", "listed: what it moves is not documented", SCHEMA),
    RowMeaning(
        "a fill with the `dir` Settlement (a delisted contract)",
        "`fill` of the venue, at its price, which may be 0",
        "a fill in nktkas/hyperliquid's schema",
    ),
)


def is_transfer(raw: Any) -> bool:
    """Whether a row has a typed `delta` that is not a funding payment."""
    delta = raw.get("delta") if isinstance(raw, dict) else None
    return isinstance(delta, dict) and delta.get("type") not in (None, "", "funding")


def transfer_messages(raw: Any, context: MessageContext) -> list[Message]:
    """The transfer of a row; none if it changes no balance."""
    outer = Row(raw)
    row = Row(outer.get("delta"))
    name = row.need("type", row.word("type"))
    at = outer.need("time", outer.moment("time"))
    if name in WITHIN:
        return []
    kind, amount = _moved(name, row, context)
    if not amount:
        return []
    token = row.word("token")
    currency = SETTLEMENT_CURRENCY if token is None else token.partition(":")[0]
    hashed = outer.need("hash", outer.word("hash"))
    transfer = message_of(
        Transfer,
        outer.raw,
        account=context.account,
        at=at,
        source=context.source,
        currency=currency,
        amount=amount,
        kind=kind,
        venue_id=f"{milliseconds(at)}-{hashed}-{name}-{currency}",
        text=_fee_text(row, currency) if amount < 0 else None,
    )
    return [transfer]


def _moved(name: str, row: Row, context: MessageContext) -> tuple[TransferKind, Decimal]:
    """The kind and the signed amount."""
    if name in BETWEEN_USERS:
        kind, field = BETWEEN_USERS[name]
        return kind, EXACT.multiply(_size(row, field), _direction(row, context))
    if name == STAKING:
        is_given = row.need("isDeposit", row.flag("isDeposit"))
        size = _size(row, "amount")
        return TransferKind.INTERNAL, EXACT.copy_negate(size) if is_given else size
    vault = row.word("vault")
    is_vault = vault is not None and vault.lower() == context.address
    if is_vault or name not in {*RECEIVED, *GIVEN}:
        raise Unreadable(f"a ledger update {name} is not documented", row.raw)
    kind, field = RECEIVED.get(name) or GIVEN[name]
    amount = row.need(field, row.number(field))
    return kind, amount if name in RECEIVED else EXACT.copy_negate(amount)


def _direction(row: Row, context: MessageContext) -> Decimal:
    """1 for the receiver, -1 for the giver, 0 for an account that is both."""
    giver, receiver = (row.need(name, row.word(name)).lower() for name in ("user", "destination"))
    if context.address not in (giver, receiver):
        raise Unreadable("neither user nor destination is the account", row.raw)
    return Decimal((context.address == receiver) - (context.address == giver))


def _size(row: Row, name: str) -> Decimal:
    return row.need(name, row.size(name))


def _fee_text(row: Row, currency: str) -> str | None:
    fee = row.number("fee")
    if not fee:
        return None
    token = row.word("feeToken") or currency
    return f"fee {fee:f} {token}: not documented whether the amount includes it"
