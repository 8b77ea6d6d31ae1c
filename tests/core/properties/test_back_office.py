"""Random years of an account, against a small model in fractions that was written from the
documents alone: splits under open lots, options over splits, renames with late facts, busts."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.command_line import run

START = datetime(2025, 1, 2, tzinfo=UTC)
METHODS = ("fifo", "lifo", "hifo", "average")
FIGURES = ("position_quantity", "average_open_price", "realized_pnl", "net_pnl")
EVER = "2027-01-01T00:00:00Z"
Fact = dict[str, Any]


class Lot(NamedTuple):
    quantity: Fraction
    price: Fraction


class Held:
    """The lots of one instrument by one method, the latest last."""

    def __init__(self, method: str, multiplier: int) -> None:
        self.method, self.multiplier = method, multiplier
        self.lots: list[Lot] = []
        self.realized = self.fees = Fraction(0)

    @property
    def quantity(self) -> Fraction:
        return sum((lot.quantity for lot in self.lots), Fraction(0))

    @property
    def average(self) -> Fraction:
        cost = sum((lot.quantity * lot.price for lot in self.lots), Fraction(0))
        return cost / self.quantity if self.quantity else Fraction(0)

    def _next(self) -> int:
        if self.method == "lifo":
            return len(self.lots) - 1
        if self.method == "hifo":
            sign = 1 if self.quantity > 0 else -1
            return max(range(len(self.lots)), key=lambda one: (sign * self.lots[one].price, -one))
        return 0

    def trade(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Close what is open on the other side, then open the rest. Returns the result."""
        result = Fraction(0)
        while quantity and self.lots and self.quantity * quantity < 0:
            number = self._next()
            lot = self.lots[number]
            closed = min(abs(lot.quantity), abs(quantity)) * (1 if lot.quantity > 0 else -1)
            result += closed * (price - lot.price) * self.multiplier
            rest = lot.quantity - closed
            self.lots[number : number + 1] = [Lot(rest, lot.price)] if rest else []
            quantity += closed
        if quantity:
            self.lots.append(Lot(quantity, price))
            if self.method == "average":
                self.lots = [Lot(self.quantity, self.average)]
        self.realized += result
        return result


class Office:
    """The account at the end, by one method. Facts count in the order of their times."""

    def __init__(self, messages: Sequence[Fact], method: str) -> None:
        self.method = method
        self.held: dict[str, Held] = {}
        self.cash = Fraction(0)
        self.renames = sorted(
            (one["at"], one["instrument"], one["to"]) for one in messages if one["type"] == "rename"
        )
        busted = {
            one.get("settlement_id") or one.get("fill_id")
            for one in messages
            if "bust" in one["type"]
        }
        corrected = {one["corrects"]: one for one in messages if one["type"] == "fill_corrected"}
        facts = {json.dumps(one): one for one in messages}.values()
        for one in sorted(facts, key=lambda one: one["at"]):
            if one["type"] in HOW and not {one.get("fill_id"), one.get("message_id")} & (
                busted - {None}
            ):
                HOW[one["type"]](self, one | changed(corrected.get(one.get("fill_id"))))

    def of(self, name: str, at: str) -> Held:
        """The instrument that a name means at a time."""
        for renamed_at, old, new in self.renames:
            if old == name and at < renamed_at:
                name, at = new, renamed_at
        multiplier = 100 if "-C" in name else 1
        return self.held.setdefault(name, Held(self.method, multiplier))

    def fill(self, one: Fact) -> None:
        held, price = self.of(one["instrument"], one["at"]), Fraction(one["price"])
        quantity = Fraction(one["quantity"]) * (1 if one["side"] == "buy" else -1)
        held.trade(quantity, price)
        self.cash -= quantity * price * held.multiplier
        self.pay(held, one)

    def pay(self, held: Held, one: Fact) -> None:
        paid = sum((Fraction(fee["amount"]) for fee in one.get("fees", ())), Fraction(0))
        held.fees += paid
        self.cash -= paid

    def split(self, one: Fact) -> None:
        held, (new, old) = self.of(one["instrument"], one["at"]), one["ratio"]
        ratio = Fraction(new, old)
        held.lots = [Lot(lot.quantity * ratio, lot.price / ratio) for lot in held.lots]
        sold = one.get("cash_in_lieu")
        if sold:
            quantity, amount = Fraction(sold["quantity"]), Fraction(sold["amount"])
            held.trade(-quantity, amount / quantity / held.multiplier)
            self.cash += amount

    def settle(self, one: Fact) -> None:
        held, price = self.of(one["instrument"], one["at"]), Fraction(one["price"])
        quantity = Fraction(one["quantity"]) if "quantity" in one else abs(held.quantity)
        closed = -quantity if held.quantity > 0 else quantity
        result = held.trade(closed, price)
        self.cash -= closed * price * held.multiplier
        self.pay(held, one)
        leg = one.get("into")
        if not leg:
            return
        into, sign = self.of(leg["instrument"], one["at"]), 1 if leg["side"] == "buy" else -1
        moved, at_price = sign * Fraction(leg["quantity"]), Fraction(leg["price"])
        self.cash -= moved * at_price
        if one.get("premium") == "carry":
            held.realized -= result
            at_price -= sign * result / abs(moved)
        into.trade(moved, at_price)
        self.pay(into, leg)

    def move(self, one: Fact) -> None:
        self.cash += Fraction(one["amount"])


HOW = {
    "fill": Office.fill,
    "split": Office.split,
    "settle": Office.settle,
    "transfer": Office.move,
    "adjust": Office.move,
}


def changed(correction: Fact | None) -> Fact:
    names = ("quantity", "price", "fees")
    return {} if correction is None else {name: correction[name] for name in names}


class Year:
    """A story of an account, made in the order of time and recorded in another."""

    def __init__(self, seed: int) -> None:
        self.chance, self.account = Random(seed), f"office:{seed}"
        self.messages: list[Fact] = []
        self.at = START + timedelta(days=1)
        self.open: dict[str, Fraction] = {}
        self.now = {"AAA": "AAA", "BBB": "BBB"}
        self.add("adjust", currency="USD", amount="100000", reason="opening balance")
        for name in ("AAA", "BBB"):
            self.define(name)

    def define(self, name: str, at: datetime = START) -> None:
        terms: Fact = {"kind": "security", "quote": "USD", "at": at.isoformat()}
        if "-C" in name:
            terms |= {"kind": "option", "multiplier": "100"}
        self.messages.append(
            {"type": "instrument", "account": self.account, "instrument": name, **terms}
        )

    def add(self, type_: str, /, **fields: Any) -> Fact:
        self.at += timedelta(seconds=self.chance.randint(3_600, 400_000))
        self.messages.append(
            {"type": type_, "account": self.account, "at": self.at.isoformat(), **fields}
        )
        return self.messages[-1]

    def fees(self) -> list[Fact]:
        kind = self.chance.choice(("commission", "tax", "exchange"))
        return [{"currency": "USD", "amount": f"{self.chance.randint(0, 99)}e-2", "kind": kind}]

    def price(self) -> str:
        return str(self.chance.randint(1, 20_000) / 100)

    def lives(self) -> list[Fact]:
        for _ in range(self.chance.randint(15, 35)):
            name = self.chance.choice(sorted({*self.now.values(), *self.open}))
            kinds = (self.trade, self.trade, self.trade, self.split, self.settle, self.rename)
            self.chance.choice((*kinds, self.pay, self.option))(name)
        opening, *rest = self.messages
        definitions = [one for one in rest if one["type"] == "instrument"]
        facts = [one for one in rest if one["type"] != "instrument"]
        self.chance.shuffle(facts)
        return [*definitions, opening, *facts, *self.chance.sample(facts, len(facts) // 5)]

    def trade(self, name: str) -> None:
        quantity, side = self.chance.randint(1, 40), self.chance.choice(("buy", "sell"))
        fill_id, order = f"F{len(self.messages)}", f"V{len(self.messages)}"
        terms = {"venue_order_id": order, "instrument": name, "side": side}
        figures = {"quantity": str(quantity), "price": self.price(), "fees": self.fees()}
        self.add("fill", fill_id=fill_id, **terms, **figures)
        fate = self.chance.random()
        if fate < 0.1:
            self.add("fill_busted", venue_order_id=order, fill_id=fill_id)
            return
        if fate < 0.2:
            quantity = self.chance.randint(1, 40)
            figures |= {"quantity": str(quantity), "price": self.price()}
            self.add("fill_corrected", corrects=fill_id, fill_id=f"{fill_id}c", **terms, **figures)
        self.hold(name, quantity if side == "buy" else -quantity)

    def hold(self, name: str, quantity: Fraction | int) -> None:
        self.open[name] = self.open.get(name, Fraction(0)) + quantity

    def split(self, name: str) -> None:
        new, old = self.chance.choice(((2, 1), (3, 2), (1, 10), (7, 3)))
        self.open[name] = self.open.get(name, Fraction(0)) * Fraction(new, old)
        sold: Fact = {}
        if self.open[name] > 1 and self.chance.random() < 0.3:
            sold = {"cash_in_lieu": {"quantity": "0.5", "currency": "USD", "amount": self.price()}}
            self.hold(name, Fraction(-1, 2))
        self.add("split", instrument=name, ratio=[new, old], **sold)

    def option(self, name: str) -> None:
        if "-C" not in name:
            call = f"{name}-C{len(self.messages)}"
            self.define(call)
            self.trade(call)

    def settle(self, name: str) -> None:
        held = self.open.get(name, Fraction(0))
        if not held:
            return
        is_part = abs(held) > 1 and self.chance.random() < 0.4
        fields: Fact = {"kind": "redemption", "price": self.price()}
        closed = Fraction(1) if is_part else abs(held)
        side = "buy" if held > 0 else "sell"
        if "-C" in name:
            fields = {"kind": "expiry", "price": "0"}
            if self.chance.random() < 0.7:
                into: Fact = {"instrument": self.now["BBB"], "side": side, "price": self.price()}
                into |= {"quantity": str(int(closed) * 100 or 50), "fees": self.fees()}
                premium = self.chance.choice(("carry", "realize"))
                kind = "exercise" if held > 0 else "assignment"
                fields = {"kind": kind, "price": "0", "premium": premium, "into": into}
        part = {"quantity": "1"} if is_part else {}
        name_of_it = f"S{len(self.messages)}"
        self.add(
            "settle", instrument=name, message_id=name_of_it, fees=self.fees(), **fields, **part
        )
        if self.chance.random() < 0.3:
            self.add("settlement_busted", instrument=name, settlement_id=name_of_it)
            return
        self.hold(name, -closed if held > 0 else closed)
        if "into" in fields:
            moved = Fraction(fields["into"]["quantity"])
            self.hold(self.now["BBB"], moved if side == "buy" else -moved)

    def rename(self, name: str) -> None:
        """The name goes on to another company, some of the time."""
        root = next((root for root, now in self.now.items() if now == name), None)
        if root is None or self.chance.random() < 0.5:
            return
        new = f"{root}{len(self.messages)}"
        self.define(new)
        self.add("rename", instrument=name, to=new)
        self.now[root] = new
        self.open[new] = self.open.pop(name, Fraction(0))
        if self.chance.random() < 0.5:
            self.define(name, self.at)
            self.trade(name)

    def pay(self, name: str) -> None:
        cause = {"kind": "dividend", "instrument": name}
        amount = self.chance.choice(("12.5", "-3.75", "80"))
        self.add("transfer", kind="dividend", currency="USD", amount=amount, cause=cause)


def same(found: str | None, wanted: Fraction) -> bool:
    difference = abs(Fraction(found or "0") - wanted)
    return difference <= Fraction(1, 10**18) * max(Fraction(1), abs(wanted))


class Books:
    """What the command says of a ledger."""

    def __init__(self, folder: Path, messages: Sequence[Fact]) -> None:
        file, self.ledger = folder / "messages.jsonl", f"sqlite:///{folder / 'year.db'}"
        file.write_text("".join(json.dumps(one) + "\n" for one in messages))
        recorded = run("record", file, "--db", self.ledger)
        assert not recorded.status, recorded.err + recorded.out[-2000:]

    def told(self, *words: str) -> Iterator[Fact]:
        done = run(*words, "--json", "--effective-at", EVER, "--db", self.ledger)
        assert not done.status, done.err
        return map(json.loads, done.out.splitlines())

    def balances(self) -> dict[str, str | None]:
        return {row["account"]: row["total"] for row in self.told("balances")}

    def figures(self, method: str) -> dict[tuple[str, str], Sequence[str | None]]:
        return {
            (row["account"], row["instrument"]): [row[figure] for figure in FIGURES]
            for row in self.told("positions", "--method", method)
        }

    def lots(self, method: str) -> dict[tuple[str, str], list[tuple[str, str]]]:
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for row in self.told("lots", "--method", method) if method != "average" else ():
            name = row["account"], row["instrument"]
            found.setdefault(name, []).append((row["quantity"], row["price"]))
        return found


def compare(folder: Path, seeds: Sequence[int]) -> None:
    years = {f"office:{seed}": Year(seed).lives() for seed in seeds}
    books = Books(folder, [one for year in years.values() for one in year])
    balances = books.balances()
    for method in METHODS:
        figures, lots = books.figures(method), books.lots(method)
        for account, year in years.items():
            office = Office(year, method)
            assert same(balances[account], office.cash), (account, method)
            for name, held in office.held.items():
                place = (account, name)
                net = held.realized - held.fees
                wanted = (held.quantity, held.average, held.realized, net)
                shown = figures.get(place, [None] * len(wanted))
                assert all(map(same, shown, wanted)), (method, place, shown, wanted)
                found = lots.get(place, [])
                if method != "average":
                    assert len(found) == len(held.lots), (method, place, found, held.lots)
                for one, lot in zip(found, held.lots, strict=method != "average"):
                    assert all(map(same, one, lot)), (method, place, found, held.lots)


@pytest.mark.slow
def test_random_years_have_the_figures_of_a_back_office(tmp_path: Path) -> None:
    compare(tmp_path, range(12))


@pytest.mark.long
def test_many_random_years_have_the_figures_of_a_back_office(tmp_path: Path) -> None:
    compare(tmp_path, range(100, 300))
