"""Analyses of recorded order flow agree with pandas, which works them out from the messages alone.

Marks are not in the recorded flow: here each hundredth message is followed by one, at the price of
its order.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from orderledger import Ledger, parse_document
from orderledger.projections.positions import METHODS
from tests.analytics.by_pandas import Messages, compare
from tests.auditing.facts import FORMER_WORDS
from tests.real.test_recorded_flow import messages_of

pytestmark = pytest.mark.shared

SOURCE = "LOBSTER_AAPL"
COUNTS = [2_500, pytest.param(0, marks=pytest.mark.long)]
MARK_EVERY = 100


class Flow:
    """The messages as frames, and a ledger that recorded them."""

    def __init__(self, ledger: Ledger, messages: list[dict[str, Any]]) -> None:
        present = [{**one, "type": FORMER_WORDS.get(one["type"], one["type"])} for one in messages]
        self.ledger, self.messages = ledger, present
        told = pandas.DataFrame(present)
        told["at"] = pandas.to_datetime(told["at"], utc=True, format="ISO8601")
        told["log"] = range(len(told))
        by_type = {
            kind: frame.dropna(axis="columns", how="all") for kind, frame in told.groupby("type")
        }
        self.requests = by_type["request"].set_index("client_order_id")
        self.of = by_type
        fills = by_type["fill"].drop(
            columns=[name for name in ("instrument", "side") if name in by_type["fill"]]
        )
        fills = fills.join(
            self.requests[["instrument", "side", "quantity"]],
            on="client_order_id",
            rsuffix="_asked",
        )
        fills = fills.dropna(subset=["side"]).sort_values(["at", "log"], kind="stable")
        for name in ("quantity", "price"):
            fills[name] = fills[name].astype(float)
        fills["sign"] = numpy.where(fills["side"] == "buy", 1.0, -1.0)
        self.fills = fills.reset_index(drop=True)
        marks = by_type["mark"].assign(price=by_type["mark"]["price"].astype(float))
        self.marks = marks.drop_duplicates("at", keep="last").sort_values("at")[["at", "price"]]

    def rows(self, name: str, **asked: Any) -> pandas.DataFrame:
        found = self.ledger.tables.analyse(name, **asked).to_arrow().to_pandas()
        return found.astype(
            {
                column: float
                for column in found
                if found[column].map(type).astype(str).str.contains("Decimal").any()
            }
        )


@pytest.fixture(scope="module", params=COUNTS)
def flow(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flow]:
    shared: Path = request.getfixturevalue("shared")
    told = messages_of(SOURCE, shared, *(("--limit", str(request.param)) if request.param else ()))
    known = {one["client_order_id"] for one in told if one["type"] == "request"}
    messages: list[dict[str, Any]] = []
    for number, one in enumerate(told):
        if one.get("client_order_id") in known:
            messages.append(one)
            if number % MARK_EVERY == 0 and "limit_price" in one:
                place = {
                    "account": one["account"],
                    "instrument": one["instrument"],
                    "at": one["at"],
                }
                messages.append({"type": "mark", **place, "price": one["limit_price"]})
    first = messages[0]
    defined = {name: first[name] for name in ("account", "instrument", "at")}
    messages.insert(0, {"type": "instrument", **defined, "currency": "USD"})
    with Ledger.open(tmp_path_factory.mktemp("flow") / "ledger.db", synchronous="OFF") as ledger:
        ledger.record_many(map(parse_document, messages))
        yield Flow(ledger, messages)


def test_turnover_and_fills(flow: Flow) -> None:
    (row,) = flow.rows("turnover", by="instrument").to_dict("records")
    worth = flow.fills["quantity"] * flow.fills["price"]
    bought, sold = (worth[flow.fills["side"] == side].sum() for side in ("buy", "sell"))
    assert (row["fills"], row["bought"], row["sold"]) == (
        len(worth),
        pytest.approx(bought),
        pytest.approx(sold),
    )


def test_derived_figures_are_numbers_in_sql(flow: Flow) -> None:
    """Realized P&L at average cost has 34 digits here. The sums are those of the exact rows."""
    exact = list(flow.ledger.pnl_of_fills())
    for method in METHODS:
        name = f"realized_pnl_{method}"
        assert max(len(str(row[name])) for row in exact) > 30 or method != "average"  # type: ignore[literal-required]
        query = (
            f"SELECT sum({name}) AS total, avg({name}) AS mean, count(*) FILTER ({name} < 0) AS "
            "lost FROM pnl_of_fills"
        )
        (found,) = flow.ledger.tables.sql(query).to_rows()
        values = [float(row[name]) for row in exact]  # type: ignore[literal-required]
        expected = (sum(values), sum(values) / len(values), sum(value < 0 for value in values))
        assert (found["total"], found["mean"], found["lost"]) == (
            *map(pytest.approx, expected[:2]),
            expected[2],
        )
    (row,) = flow.ledger.tables.sql(
        "SELECT avg(average_price) AS mean, count(*) FILTER (average_price > 0) AS priced FROM "
        "orders"
    ).to_rows()
    prices = [
        float(one["average_price"])
        for one in flow.ledger.orders()
        if one["average_price"] is not None
    ]
    assert (row["mean"], row["priced"]) == (pytest.approx(sum(prices) / len(prices)), len(prices))


def test_exposure_by_hour(flow: Flow) -> None:
    held = (flow.fills["sign"] * flow.fills["quantity"]).cumsum()
    by_hour = held.groupby(flow.fills["at"].dt.strftime("%Y-%m-%d %H:00")).agg(
        ["last", "min", "max"]
    )
    found = flow.rows("exposure", by="account,instrument,hour").set_index("hour")
    assert found.index.tolist() == by_hour.index.tolist()
    for ours, theirs in (("", "last"), ("_least", "min"), ("_most", "max")):
        assert found[f"position_quantity{ours}"].tolist() == pytest.approx(by_hour[theirs].tolist())


def realized(fills: pandas.DataFrame) -> list[float]:
    """What each fill realizes at average cost."""
    held = price = 0.0
    found = []
    for change, at in zip(fills["sign"] * fills["quantity"], fills["price"], strict=True):
        closes = held * change < 0
        closed = min(abs(held), abs(change)) if closes else 0.0
        found.append(closed * (at - price) * (1 if held > 0 else -1))
        after = held + change
        if not closes:
            price = (price * abs(held) + at * abs(change)) / abs(after)
        elif abs(change) > abs(held):
            price = at
        held = after
    return found


def test_realized_pnl_and_round_trips(flow: Flow) -> None:
    expected = realized(flow.fills)
    assert flow.rows("pnl", by="instrument")["realized_pnl"].sum() == pytest.approx(sum(expected))
    assert flow.ledger.tables.read("pnl_of_fills").to_pandas()["realized_pnl_average"].astype(
        float
    ).tolist() == pytest.approx(expected)
    held = (flow.fills["sign"] * flow.fills["quantity"]).cumsum().round(6)
    ends = ((held == 0) | (held * held.shift(fill_value=0) < 0)).to_numpy()
    number = pandas.Series(ends).shift(fill_value=False).cumsum()
    gains = pandas.Series(expected).groupby(number).sum()[: ends.sum()]
    (row,) = flow.rows("round-trips", by="instrument").to_dict("records")
    assert (row["trips"], row["wins"], row["losses"]) == (
        len(gains),
        (gains > 1e-9).sum(),
        (gains < -1e-9).sum(),
    )
    assert row["gross_profit"] - row["gross_loss"] == pytest.approx(gains.sum(), abs=1e-6)


def test_equity_and_drawdown(flow: Flow) -> None:
    fills = flow.fills.assign(change=flow.fills["sign"] * flow.fills["quantity"], mark=numpy.nan)
    marks = flow.of["mark"].assign(
        change=0.0, mark=flow.of["mark"]["price"].astype(float), price=0.0
    )
    steps = pandas.concat([fills, marks]).sort_values(["at", "log"], kind="stable")
    held, spent, mark = (
        steps["change"].cumsum(),
        (-steps["change"] * steps["price"]).cumsum(),
        steps["mark"].ffill(),
    )
    equity = (spent + held * mark)[mark.notna()]
    row = flow.rows("equity", by="account,month").iloc[-1]
    assert row["equity"] == pytest.approx(equity.iloc[-1])
    assert row["peak"] == pytest.approx(max(0.0, equity.max()))
    assert row["drawdown_most"] >= (equity.cummax().clip(lower=0) - equity).max() - 1e-6


def test_fill_and_cancel_ratios_and_lives(flow: Flow) -> None:
    asked = flow.requests
    filled = (
        flow.fills.groupby("client_order_id")["quantity"].sum().reindex(asked.index, fill_value=0.0)
    )
    changes = [
        flow.of[kind]
        for kind in ("replaced", "restated")
        if kind in flow.of and "quantity" in flow.of[kind]
    ]
    changed = (
        pandas.concat([asked.reset_index(), *changes])
        .dropna(subset=["quantity"])
        .sort_values(["at", "log"], kind="stable")
    )
    quantity = (
        changed.groupby("client_order_id")["quantity"].last().astype(float).reindex(asked.index)
    )
    canceled = asked.index.isin(flow.of["canceled"]["client_order_id"]) & (filled < quantity)
    (row,) = flow.rows("fill-ratio").to_dict("records")
    assert row["orders"] == len(asked)
    assert (row["filled"], row["canceled"]) == ((filled >= quantity).sum(), canceled.sum())
    assert row["quantity_ratio"] == pytest.approx(filled.sum() / quantity.sum())
    ends = flow.of["canceled"].groupby("client_order_id")["at"].min().reindex(asked.index)
    last = flow.fills.groupby("client_order_id")["at"].max().reindex(asked.index)
    ended = ends.where(canceled, last.where(filled >= quantity))
    life = (ended - asked["at"]).dt.total_seconds().dropna()
    (row,) = flow.rows("order-life").to_dict("records")
    assert row["ended"] == len(life)
    for percent in (50, 90):
        expected = numpy.quantile(life, percent / 100, method="inverted_cdf")
        assert row[f"life_seconds_p{percent}"] == pytest.approx(expected, abs=2e-6)
    first = (
        (flow.fills.groupby("client_order_id")["at"].min() - asked["at"])
        .dt.total_seconds()
        .dropna()
    )
    assert row["filled"] == len(first)
    assert row["first_fill_seconds_p50"] == pytest.approx(
        numpy.quantile(first, 0.5, method="inverted_cdf"), abs=2e-6
    )


def test_orders_placed_and_gone_per_hour(flow: Flow) -> None:
    placed = (
        flow.of["acknowledged"]
        .groupby("client_order_id")["at"]
        .min()
        .dt.strftime("%Y-%m-%d %H:00")
        .value_counts()
    )
    found = flow.rows("order-flow").set_index("hour")
    assert found["placed"][found["placed"] > 0].to_dict() == placed.to_dict()


def test_markouts(flow: Flow) -> None:
    found = flow.rows("markouts", by="instrument").set_index("seconds")
    for seconds in (1, 10, 60):
        later = flow.fills.assign(
            then=flow.fills["at"] + pandas.Timedelta(seconds=seconds)
        ).sort_values("then", kind="stable")
        marks = flow.marks.rename(columns={"at": "marked", "price": "mark"})
        joined = pandas.merge_asof(later, marks, left_on="then", right_on="marked")
        joined = joined[joined["marked"] > joined["at"]]
        gain = (joined["sign"] * joined["quantity"] * (joined["mark"] - joined["price"])).sum()
        assert found["fills"][seconds] == len(joined)
        assert found["markout"][seconds] == pytest.approx(gain, abs=1e-6)


def test_slippage(flow: Flow) -> None:
    worth = (
        (flow.fills["quantity"] * flow.fills["price"]).groupby(flow.fills["client_order_id"]).sum()
    )
    filled = flow.fills.groupby("client_order_id")["quantity"].sum()
    orders = (
        flow.requests.loc[filled.index]
        .assign(filled=filled, paid=worth)
        .reset_index()
        .sort_values("at", kind="stable")
    )
    joined = pandas.merge_asof(
        orders,
        flow.marks.rename(columns={"at": "marked", "price": "mark"}),
        left_on="at",
        right_on="marked",
    )
    joined = joined.dropna(subset=["mark"])
    sign = numpy.where(joined["side"] == "buy", 1, -1)
    (row,) = flow.rows("slippage").to_dict("records")
    assert row["orders"] == len(joined)
    assert row["slippage"] == pytest.approx(
        (sign * (joined["paid"] - joined["filled"] * joined["mark"])).sum(), abs=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize(("name", "by"), [
    ("latency", ["account"]), ("cancels", ["account", "hour"]), ("resting", ["instrument"]),
    ("resting", ["side", "hour"]),
    ("trips", ["account", "instrument"]), ("anomalies", ["venue"]),
])  # fmt: skip
def test_other_analyses(flow: Flow, name: str, by: list[str]) -> None:
    compare(Messages(flow.ledger, flow.messages), name, by)
