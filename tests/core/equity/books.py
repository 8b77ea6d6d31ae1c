"""Messages for tests of the curve: short days by hand, and a long one of a seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Adjust, Fill, FillBusted, FillCorrected, Funding, Instrument, Ledger, Mark
from orderledger.infrastructure.messages.registry import Message
from orderledger.projections.view import Row

BEGAN_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
MAIN, SECOND = "sim:main", "sim:second"
INSTRUMENTS = {
    "BTC-USD": ("USD", 64_000),
    "ETH-USD": ("USD", 3_000),
    "BTC-EUR": ("EUR", 60_000),
    "XBT-PERP": ("BTC", 64_000),
}


def at(seconds: float) -> datetime:
    return BEGAN_AT + timedelta(seconds=seconds)


def defined(
    instrument: str, currency: str | None = "USD", account: str = MAIN, **terms: Any
) -> Message:
    return Instrument(account=account, instrument=instrument, currency=currency, at=at(-1), **terms)


def fill(number: int, side: str, quantity: str, price: str, seconds: float, **more: Any) -> Message:
    """A fill of an order of its own, `C-number`."""
    given: dict[str, Any] = {
        "account": MAIN,
        "instrument": "BTC-USD",
        "client_order_id": f"C-{number}",
        **more,
    }
    return Fill(
        **given, fill_id=f"F-{number}", side=side, quantity=quantity, price=price, at=at(seconds)
    )


def mark(price: str, seconds: float, instrument: str = "BTC-USD", account: str = MAIN) -> Message:
    return Mark(account=account, instrument=instrument, price=price, at=at(seconds))


def recorded(*messages: Message, url: str = "memory://") -> Ledger:
    ledger = Ledger.open(url, update_views=False)
    outcomes = {str(one.outcome) for one in ledger.record_many(messages)}
    assert outcomes == {"recorded"}, outcomes
    return ledger


def seeded(seed: int, facts: int, *, has_busts: bool = True) -> list[Message]:
    """A long day in two accounts: fills, fees in other currencies, funding, adjustments, marks,
    late fills, busts and more."""
    chance = random.Random(seed)
    messages = [
        defined(
            name,
            currency,
            account,
            inverse=name == "XBT-PERP",
            multiplier="100" if name == "XBT-PERP" else "1",
        )
        for account in (MAIN, SECOND)
        for name, (currency, _) in INSTRUMENTS.items()
    ]
    messages += [mark("600", 0, "BNB-USD", account) for account in (MAIN, SECOND)]
    messages += [mark("550", 0, "BNB/EUR", account) for account in (MAIN, SECOND)]
    messages += [mark("0.01", 0, "BNBBTC", account) for account in (MAIN, SECOND)]
    messages += [
        mark(str(price), 0.5, name, account)
        for account in (MAIN, SECOND)
        for name, (_, price) in INSTRUMENTS.items()
    ]
    return [*messages, *_facts(chance, facts, 3 if has_busts else 0)]


def _facts(chance: random.Random, facts: int, busts: int) -> Iterator[Message]:
    filled: list[tuple[str, int]] = []
    prices: dict[int, str] = {}
    for number in range(facts):
        account, name = chance.choice((MAIN, SECOND)), chance.choice(tuple(INSTRUMENTS))
        currency, usual = INSTRUMENTS[name]
        price = str(Decimal(usual) + Decimal(chance.randint(-9_999, 9_999)) / 100)
        seconds = (
            number - (chance.randint(2, 200) if chance.random() < 0.05 else 0) + 1
        )  # some are told late
        place: dict[str, Any] = {"account": account, "instrument": name, "at": at(max(1, seconds))}
        kind = chance.choices(
            ("fill", "mark", "rate", "funding", "adjust", "bust"), (60, 20, 5, 8, 2, busts)
        )[0]
        if kind == "mark":
            yield Mark(**place, price=price)
        elif kind == "rate":
            yield mark(str(chance.randint(500, 700)), seconds, "BNB-USD", account)
        elif kind == "funding":
            yield Funding(
                **place, amount=str(chance.randint(-500, 500) / Decimal(100)), currency=currency
            )
        elif kind == "adjust":
            yield Adjust(
                **place, quantity=str(chance.randint(-3, 3)), price=price, reason="transfer"
            )
        elif kind == "bust" and filled:
            where, which = filled.pop(chance.randrange(len(filled)))
            about: dict[str, Any] = {
                "account": where,
                "client_order_id": f"C-{which}",
                "at": at(number + 1),
            }
            if number % 2:
                yield FillBusted(**about, fill_id=f"F-{which}")
            else:
                numbers: dict[str, Any] = {
                    "quantity": str(chance.randint(1, 90)),
                    "price": prices[which],
                }
                yield FillCorrected(**about, fill_id=f"N-{which}", corrects=f"F-{which}", **numbers)
        else:
            fee: dict[str, Any] = chance.choice(
                ({}, {"fee": "0.013"}, {"fee": "0.0007", "fee_currency": "BNB"})
            )
            order: dict[str, Any] = {
                "client_order_id": f"C-{number}",
                "fill_id": f"F-{number}",
                "side": chance.choice(("buy", "sell")),
            }
            yield Fill(
                **place,
                **order,
                quantity=str(chance.randint(1, 90) * Decimal("0.07")),
                price=price,
                **fee,
            )
            filled.append((account, number))
            prices[number] = price


def shown(rows: list[Any], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of rows, numbers as text."""
    return [
        tuple(
            str(row[name].normalize() + 0) if isinstance(row[name], Decimal) else row[name]
            for name in names
        )
        for row in rows
    ]


def last_of(rows: list[Any], currency: str) -> Row:
    return [row for row in rows if row["currency"] == currency][-1]
