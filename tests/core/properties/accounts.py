"""Random accounts: trades of every kind of instrument, fees, transfers, openings and statements.

Every message has a time of its own, unless it repeats another. A story may be recorded in any
order.
"""

from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from tests.core.properties.stories import START, Message

LENGTH = timedelta(hours=36)
"""Longer than a mark serves."""
KINDS: dict[str, Message] = {
    "BTCUSDT": {"kind": "spot", "base": "BTC", "quote": "USDT"},
    "ETHUSDT": {"base": "ETH", "quote": "USDT"},
    "ETHBTC": {"kind": "spot", "base": "ETH", "quote": "BTC"},
    "BNBUSDT": {"kind": "spot", "base": "BNB", "quote": "USDT"},
    "USDTUSD": {"kind": "spot", "base": "USDT", "quote": "USD"},
    "XYZ": {"kind": "security", "quote": "USD"},
    "XYZ-C100": {"kind": "option", "quote": "USD", "multiplier": "100"},
    "BTC-C9": {"kind": "option", "quote": "BTC"},
    "ETH-PERP": {"kind": "margined", "settlement": "USDT"},
    "SOL-PERP": {"settlement": "USDC", "multiplier": "0.1"},
    "BTC-INVERSE": {"kind": "margined", "settlement": "BTC", "inverse": True, "multiplier": "10"},
}
MARGINED = ("ETH-PERP", "SOL-PERP", "BTC-INVERSE")
CURRENCIES = ("USDT", "USD", "BTC", "ETH", "BNB", "USDC")
PARITIES = ("USDT=USD", "USDC=USD", "USDC=USDT")
TRANSFERS = ("deposit", "withdrawal", "interest", "dividend", "tax", "airdrop", "internal", "other")
PRICES = ("1", "2", "4", "5", "8", "0.5")
QUANTITIES = ("1", "2", "3", "0.5")
AMOUNTS = ("0.1", "0.25", "1", "-0.1", "0.003")


class Story:
    """The messages of one account, as they are made up."""

    def __init__(self, chance: Random, kinds: dict[str, Message] = KINDS) -> None:
        self.chance = chance
        self.kinds = kinds
        self.messages: list[Message] = []
        self.instruments = chance.sample(sorted(kinds), chance.randint(2, min(5, len(kinds))))
        self._seconds = iter(chance.sample(range(60, int(LENGTH.total_seconds())), 200))
        self._ids = count(1)

    def add(self, type_: str, second: int | None = None, /, **fields: Any) -> Message:
        given = {name: value for name, value in fields.items() if value is not None}
        second = next(self._seconds) if second is None else second
        at = START + timedelta(seconds=second)
        self.messages.append({"type": type_, "at": at.isoformat(), **given})
        return self.messages[-1]

    def terms(self, instrument: str) -> Message:
        return self.kinds[first_name(instrument)]

    def is_now(self, chance: float) -> bool:
        return self.chance.random() < chance

    def id(self, letter: str) -> str:
        return f"{letter}-{next(self._ids)}"

    def repeat(self, message: Message, **changes: Any) -> None:
        """Report it again: as it was, earlier or later."""
        second = self.chance.choice((None, next(self._seconds)))
        at = {} if second is None else {"at": (START + timedelta(seconds=second)).isoformat()}
        self.messages.append({**message, **at, **changes})


def account_story(chance: Random) -> list[Message]:
    """A random account in a random order of recording."""
    return completed(Story(chance))


def event_story(chance: Random, *, has_renames: bool = True) -> list[Message]:
    """An account whose instruments are split, settled and renamed, too. The marks and the trades
    are under old and new names at any time."""
    story = Story(chance)
    if story.is_now(0.5):
        story.instruments = ["XYZ", "XYZ-C100", chance.choice(sorted(KINDS))]
    for _ in range(chance.choice((0, 1, 1, 2, 3)) if has_renames else 0):
        rename(story)
    for _ in range(chance.randint(0, 3)):
        split(story, chance.choice(story.instruments))
    for _ in range(chance.randint(0, 3)):
        settle(story, chance.choice(story.instruments))
    return completed(story)


def completed(story: Story) -> list[Message]:
    """Whatever else an account has, in a random order."""
    chance = story.chance
    define(story)
    for _ in range(chance.randint(1, 10)):
        trade(story)
    for _ in range(chance.randint(0, 4)):
        transfer(story)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        open_currency(story)
    pairs = [name for name in KINDS if "base" in KINDS[name]]
    for _ in range(chance.choice((0, 5, 10, 20))):
        instrument = chance.choice([*story.instruments, *story.instruments, *pairs])
        story.add("mark", instrument=instrument, price=chance.choice(PRICES))
    for _ in range(chance.choice((0, 0, 1, 2))):
        balance = {"currency": chance.choice(CURRENCIES), "amount": chance.choice(AMOUNTS)}
        story.add("balance", **balance)
    chance.shuffle(story.messages)
    return story.messages


def define(story: Story) -> None:
    """Every instrument is defined before its facts; a mode may come later."""
    for second, name in enumerate(sorted(KINDS)):
        story.add("instrument", second, instrument=name, **KINDS[name])
    for name in MARGINED:
        if story.is_now(0.5):
            second = story.chance.choice((30 + MARGINED.index(name), next(story._seconds)))
            mode = story.chance.choice(("net", "hedge", "hedge", "unknown"))
            story.add("instrument", second, instrument=name, position_mode=mode)


def fees(story: Story, instrument: str) -> Message:
    """No fee, one in either form, or several."""
    chance, terms = story.chance, story.terms(instrument)
    names = [terms.get("base"), terms.get("quote"), terms.get("settlement"), "BNB", "USDT"]
    given = [
        {
            "currency": chance.choice([name for name in names if name]),
            "amount": chance.choice(AMOUNTS),
            "kind": chance.choice(("commission", "exchange", "tax", "rebate", "builder")),
        }
        for _ in range(chance.choice((0, 1, 1, 2, 3)))
    ]
    if len(given) == 1 and story.is_now(0.5):
        return {"fee": given[0]["amount"], "fee_currency": given[0]["currency"]}
    return {"fees": given} if given else {}


def first_name(instrument: str) -> str:
    """What it was called when the story began: a later name begins with it."""
    return instrument.partition("~")[0]


def sides_of(instrument: str) -> tuple[str | None, ...]:
    is_margined = first_name(instrument) in MARGINED
    return (None, "long", "short", "long", "short") if is_margined else (None,)


def trade(story: Story) -> None:
    """A fill, with what may come of it: a repetition, its side or its fees later, a correction, a
    bust, funding, an adjustment of the position."""
    chance = story.chance
    instrument = chance.choice(story.instruments)
    side = chance.choice(sides_of(instrument))
    order = {"client_order_id": story.id("C"), "instrument": instrument}
    filled = {"fill_id": story.id("F"), "side": chance.choice(("buy", "sell"))}
    numbers = {"quantity": chance.choice(QUANTITIES), "price": chance.choice(PRICES)}
    paid = fees(story, instrument)
    is_late = story.is_now(0.2)
    known = {} if is_late else {"position_side": side, **paid}
    fill = story.add("fill", **order, **filled, **numbers, **known)
    if is_late:
        story.repeat(fill, **({"position_side": side} if side else {}), **paid)
    if story.is_now(0.2):
        story.repeat(fill)
    named = {"client_order_id": order["client_order_id"]}
    if story.is_now(0.1):
        story.add("fill_busted", **named, fill_id=filled["fill_id"])
    elif story.is_now(0.15):
        corrected = {"fill_id": story.id("F"), "corrects": filled["fill_id"]}
        price = chance.choice(PRICES)
        story.add("fill_corrected", **named, **corrected, quantity="1", price=price)
    if first_name(instrument) in MARGINED and story.is_now(0.4):
        fund(story, instrument, side)
    if story.is_now(0.1):
        given = {"instrument": instrument, "position_side": side}
        quantity = chance.choice(("0", "1", "-2"))
        story.add("adjust", **given, quantity=quantity, price=chance.choice(PRICES))


def fund(story: Story, instrument: str, side: str | None) -> None:
    chance = story.chance
    usual = story.terms(instrument)["settlement"]
    funding = story.add(
        "funding",
        instrument=instrument,
        amount=chance.choice(AMOUNTS),
        currency=usual if story.is_now(0.8) else "BNB",
        position_side=side if story.is_now(0.5) else None,
        message_id=story.id("M") if story.is_now(0.5) else None,
    )
    if story.is_now(0.3):
        story.messages.append(funding)
    if "message_id" in funding and story.is_now(0.3):
        given = without_time(funding) | {"amount": chance.choice(AMOUNTS), "reason": "again"}
        story.add("funding", **given)


def transfer(story: Story) -> None:
    """A transfer or a loan; some are reported again, or their id with another amount."""
    chance = story.chance
    kind = chance.choice((*TRANSFERS, "borrow", "repay"))
    given = story.add(
        "transfer",
        kind=kind,
        currency=chance.choice(CURRENCIES),
        amount=chance.choice(AMOUNTS).lstrip("-" if kind == "borrow" else ""),
        venue_id=story.id("T") if (has_venue_id := story.is_now(0.8)) else None,
        message_id=None if has_venue_id else story.id("M") if story.is_now(0.5) else None,
        cause={"kind": "dividend", "instrument": "XYZ"} if kind == "dividend" else None,
    )
    if story.is_now(0.3):
        story.messages.append(given)
    if "venue_id" in given and story.is_now(0.3):
        story.repeat(given)
    if "venue_id" in given and story.is_now(0.15):
        story.add("transfer", **{**without_time(given), "amount": "7"})
    if "message_id" in given and story.is_now(0.3):
        story.add("transfer", **{**without_time(given), "amount": "7"})
    if "venue_id" in given and story.is_now(0.1):  # the id of another kind is another transfer
        story.add("transfer", **{**without_time(given), "kind": "other"})


def without_time(message: Message) -> Message:
    return {name: value for name, value in message.items() if name not in {"type", "at"}}


def open_currency(story: Story) -> None:
    second = 50 if story.is_now(0.3) and not opens_at_start(story) else None
    amount = story.chance.choice(("0", "100", "7.5"))
    currency = story.chance.choice(CURRENCIES)
    opening = story.add(
        "adjust", second, currency=currency, amount=amount, reason="opening_balance"
    )
    if story.is_now(0.2):
        story.messages.append(opening)


def opens_at_start(story: Story) -> bool:
    return any(message["type"] == "adjust" and "currency" in message for message in story.messages)


def rename(story: Story) -> None:
    """A new name for an instrument of the story, or back to an old one. Another instrument takes
    the old name: it is defined from then on, and perhaps again."""
    chance = story.chance
    old = chance.choice(story.instruments)
    same = [name for name in story.instruments if first_name(name) == first_name(old)]
    new = chance.choice([*sorted({*same} - {old}), f"{first_name(old)}~{len(same) + 1}"])
    add_once_or_twice(story, "rename", instrument=old, to=new)
    renamed_at = story.messages[-1]["at"]
    story.messages.append(
        {"type": "instrument", "at": renamed_at, "instrument": old, **story.terms(old)}
    )
    story.instruments.append(new)
    if story.is_now(0.5):
        story.add("instrument", instrument=old, **story.terms(old))


def split(story: Story, instrument: str) -> None:
    """A split, some with cash in lieu, some with the broker's quantity. Contracts that are worth
    their quantity over a price are never split."""
    chance, terms = story.chance, story.terms(instrument)
    if terms.get("inverse"):
        return
    currency = terms.get("settlement") or terms["quote"]
    numbers = {"quantity": chance.choice(("0.5", "0.25", "2")), "amount": chance.choice(PRICES)}
    add_once_or_twice(
        story,
        "split",
        instrument=instrument,
        ratio=chance.choice(([2, 1], [3, 2], [1, 3], [1, 10], [7, 3])),
        cash_in_lieu=numbers | {"currency": currency} if story.is_now(0.3) else None,
        quantity=chance.choice(("1", "-2", "4")) if story.is_now(0.15) else None,
        position_side=chance.choice(sides_of(instrument)),
    )


def settle(story: Story, instrument: str) -> None:
    """A settlement of all or a part, some with another leg and its premium carried on."""
    chance, is_inverse = story.chance, story.terms(instrument).get("inverse")
    kinds = ("expiry", "exercise", "assignment", "delivery", "redemption")
    settled = add_once_or_twice(
        story,
        "settle",
        instrument=instrument,
        kind=chance.choice(kinds),
        price=chance.choice(PRICES if is_inverse else (*PRICES, "0", "0")),
        quantity=chance.choice(QUANTITIES) if story.is_now(0.4) else None,
        premium=chance.choice((None, "realize", "carry", "carry")),
        into=other_leg(story, instrument) if story.is_now(0.6) else None,
        fees=listed_fees(story, instrument),
        position_side=chance.choice(sides_of(instrument)),
    )
    if "message_id" in settled and story.is_now(0.2):
        given = without_time(settled) | {"price": chance.choice(PRICES), "reason": "again"}
        story.add("settle", **given)
    if "message_id" in settled and story.is_now(0.4):
        named = {"instrument": instrument, "settlement_id": settled["message_id"]}
        add_once_or_twice(story, "settlement_busted", **named)


def other_leg(story: Story, instrument: str) -> Message | None:
    chance = story.chance
    others = [name for name in story.instruments if first_name(name) != first_name(instrument)]
    name = chance.choice(others)
    leg = {"instrument": name, "side": chance.choice(("buy", "sell"))}
    leg |= {"quantity": chance.choice(QUANTITIES), "price": chance.choice(PRICES)}
    paid = listed_fees(story, name)
    return leg | ({"fees": paid} if paid else {})


def listed_fees(story: Story, instrument: str) -> list[Message] | None:
    given = fees(story, instrument) if story.is_now(0.3) else {}
    return given.get("fees")


def add_once_or_twice(story: Story, type_: str, **fields: Any) -> Message:
    message = story.add(type_, message_id=story.id("E") if story.is_now(0.5) else None, **fields)
    if story.is_now(0.3):
        story.messages.append(message)
    if type_ in ("split", "settle") and message.get("position_side") and story.is_now(0.4):
        unsided = {name: one for name, one in message.items() if name != "position_side"}
        story.messages.append(unsided)
    return message
