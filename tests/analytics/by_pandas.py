"""Analyses worked out in pandas, from messages and from the log: nothing here knows the SQL, or the
views that it reads.

Each function returns a frame with the columns of the analysis, indexed by its groups and by the
columns that name a row.
"""

from typing import Any

import numpy
import pandas

from orderledger import Ledger

ORDER = ["account", "client_order_id"]
PERIODS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "month": "%Y-%m"}
TRIP = [
    *(
        "account",
        "instrument",
        "opened_at",
        "closed_at",
        "direction",
        "largest_quantity",
        "fills",
        "realized_pnl",
        "fees",
        "net_pnl",
    ),
    *("currency", "holding_seconds"),
]
STEPS = {
    "request_to_submit": (("order_requested.v1", "min"), ("order_submitted.v1", "max")),
    "submit_to_acknowledge": (("order_submitted.v1", "max"), ("order_acknowledged.v1", "min")),
    "acknowledge_to_first_fill": (("order_acknowledged.v1", "min"), ("fill_recorded.v1", "min")),
    "cancel_to_canceled": (("cancel_requested.v1", "min"), ("order_canceled.v1", "max")),
}


def quantile(values: Any, part: float) -> Any:
    """The least value that so great a part of the values does not exceed."""
    known = values.dropna()
    return numpy.quantile(known, part, method="inverted_cdf") if len(known) else numpy.nan


def grouped(facts: pandas.DataFrame, by: list[str], *names: str) -> Any:
    """The facts in groups, with the time `at` as the periods that `by` asks for."""
    for period in set(PERIODS) & set(by):
        facts = facts.assign(**{period: facts["at"].dt.strftime(PERIODS[period])})
    return facts.groupby([*by, *names], dropna=False)


class Messages:
    """The recorded messages of a stream, each of which gives its `at` and its `client_order_id`."""

    def __init__(self, ledger: Ledger, messages: list[dict[str, Any]]) -> None:
        self.ledger = ledger
        told = pandas.DataFrame(messages)
        for name in (
            "strategy",
            "reason",
            "actor",
            "source",
            "fee",
            "fee_currency",
            "liquidity",
            "corrects",
            "currency",
        ):
            if name not in told:
                told[name] = None
        told = told.astype(object).where(told.notna(), None)
        told["at"] = pandas.to_datetime(told["at"], utc=True, format="ISO8601")
        told["log"] = range(len(told))
        self.of = dict(iter(told.groupby("type")))
        self._none = told.iloc[:0]
        self.requests = self["request"].set_index(ORDER)
        self.terms = self.requests[["strategy", "instrument", "side"]]
        self.orders = self._orders()

    def __getitem__(self, kind: str) -> pandas.DataFrame:
        return self.of.get(kind, self._none)

    def fills(self) -> pandas.DataFrame:
        """The fills that stand: not busted, corrected ones with the numbers of their correction,
        the first of each id."""
        rows = pandas.concat([self["fill"], self["fill_corrected"]]).sort_values("log")
        rows = rows.drop_duplicates([*ORDER, "fill_id"]).set_index([*ORDER, "fill_id"])
        for index, row in self["fill_corrected"].set_index([*ORDER, "fill_id"]).iterrows():
            old = (*index[:2], row["corrects"])
            for name in ("fee", "fee_currency", "liquidity"):
                if row[name] is None:
                    rows.at[index, name] = rows.at[old, name]
            rows.at[index, "at"] = rows.at[old, "at"]
            rows = rows.drop([old])
        gone = self["fill_busted"].set_index([*ORDER, "fill_id"]).index
        rows = (
            rows[~rows.index.isin(gone)]
            .reset_index()
            .drop(columns=["strategy", "instrument", "side", "currency"], errors="ignore")
        )
        rows = rows.join(self.terms, on=ORDER, how="inner").sort_values(
            ["at", "log"], kind="stable"
        )
        return rows.assign(
            **{name: rows[name].astype(float) for name in ("quantity", "price", "fee")}
        ).reset_index(drop=True)

    def _orders(self) -> pandas.DataFrame:
        """What became of each order that we requested."""
        fills, orders = self.fills().groupby(ORDER), self.terms.copy()
        changes = pandas.concat(
            [self[kind] for kind in ("request", "replaced", "restated")]
        ).dropna(subset=["quantity"])
        quantity = (
            changes.sort_values(["at", "log"], kind="stable")
            .groupby(ORDER)["quantity"]
            .last()
            .astype(float)
        )
        orders["quantity"] = quantity
        orders["cum"] = fills["quantity"].sum().reindex(orders.index, fill_value=0.0)
        orders["first_fill"], orders["last_fill"] = fills["at"].min(), fills["at"].max()
        orders["acknowledged"] = self["acknowledged"].groupby(ORDER)["at"].min()
        end = (
            pandas.concat([self["canceled"], self["rejected"]])
            .sort_values(["at", "log"])
            .groupby(ORDER)[["type", "at", "reason"]]
            .first()
        )
        orders = orders.join(end, how="left")
        is_filled = orders["cum"] >= orders["quantity"] - 1e-9
        orders["status"] = orders["type"].where(~is_filled, "filled")
        orders["ended"] = orders["at"].where(~is_filled, orders["last_fill"])
        return orders.drop(columns=["type", "at"])

    def fees(self, by: list[str]) -> pandas.DataFrame:
        settled = (
            self["instrument"]
            .dropna(subset=["currency"])
            .groupby(["account", "instrument"])["currency"]
            .last()
        )
        rows = self.fills().dropna(subset=["fee"]).join(settled, on=["account", "instrument"])
        rows["fee_currency"] = rows["fee_currency"].where(
            rows["fee_currency"].notna(), rows["currency"]
        )
        rows = rows.assign(
            fees=rows["fee"].clip(lower=0), rebates=(-rows["fee"]).clip(lower=0),
            notional=rows["quantity"] * rows["price"],
            is_same=rows["fee_currency"] == rows["currency"],
        )  # fmt: skip
        of = grouped(rows, by, "fee_currency", "liquidity")
        found = of.agg(
            fills=("fee", "size"),
            fees=("fees", "sum"),
            rebates=("rebates", "sum"),
            net_fees=("fee", "sum"),
            notional=("notional", "sum"),
        )
        return found.assign(
            fee_bps=(1e4 * found["net_fees"] / found["notional"]).where(of["is_same"].all())
        )

    def latency(self, by: list[str]) -> pandas.DataFrame:
        """From the log: a step ends and begins when its event was recorded."""
        events = self.ledger.tables.read("events").to_arrow().to_pandas()
        events = events[(events["source"] != "import") & events["stream"].str.contains("/")]
        times = {
            how: events.pivot_table(
                index="stream", columns="name", values="recorded_at", aggfunc=how
            )
            for how in ("min", "max")
        }
        orders = (
            self.ledger.tables.read("orders")
            .to_arrow()
            .select(["stream", *ORDER])
            .to_pandas()
            .set_index("stream")
        )
        asked = self.requests["at"]
        steps = []
        for step, ((first, how_first), (last, how_last)) in STEPS.items():
            if first in times[how_first] and last in times[how_last]:
                ms = (times[how_last][last] - times[how_first][first]).dropna() / pandas.Timedelta(
                    milliseconds=1
                )
                steps.append(orders.join(ms.rename("ms"), how="inner").assign(step=step))
        rows = pandas.concat(steps).join(self.terms, on=ORDER).join(asked, on=ORDER)
        return grouped(rows, by, "step")["ms"].agg(
            orders="size", ms_p50=lambda ms: quantile(ms, 0.5), ms_p90=lambda ms: quantile(ms, 0.9),
            ms_p99=lambda ms: quantile(ms, 0.99), ms_max="max",
        )  # fmt: skip

    def cancels(self, by: list[str]) -> pandas.DataFrame:
        asked = self["request_cancel"].groupby(ORDER)[["source", "actor"]].nth(0)
        asked = self["request_cancel"].loc[asked.index].set_index(ORDER)
        rows = self.orders[self.orders["status"] == "canceled"].assign(
            at=lambda orders: orders["ended"]
        )
        rows["canceled_by"] = asked["source"].fillna("strategy").reindex(rows.index).fillna("venue")
        rows["actor"] = asked["actor"].reindex(rows.index)
        found = grouped(rows, by, "canceled_by", "actor", "reason").agg(
            orders=("cum", "size"), cum=("cum", "sum"), of=("quantity", "sum")
        )
        return found.assign(filled_part=found.pop("cum") / found.pop("of"))

    def anomalies(self, by: list[str]) -> pandas.DataFrame:
        """From the log: what was detected of each order, what of it was cleared, and which sending
        had no answer."""
        events = self.ledger.tables.read("events").to_arrow().to_pandas()
        orders = (
            self.ledger.tables.read("orders")
            .to_arrow()
            .select(["stream", *ORDER])
            .to_pandas()
            .set_index("stream")
        )
        rows: list[dict[str, Any]] = []
        answers = set(
            events[(events["source"] != "ledger") & (events["name"] != "submission_unresolved.v1")][
                "name"
            ]
        )
        answers -= {
            "order_requested.v1",
            "order_submitted.v1",
            "cancel_requested.v1",
            "order_absent.v1",
        }
        for row in events.to_dict("records"):
            payload = pandas.io.json.ujson_loads(row["payload"])
            still = [one for one in rows if one["stream"] == row["stream"] and one["still_open"]]
            if row["name"] == "anomaly_detected.v1":
                rows.append(
                    {
                        "stream": row["stream"],
                        "code": payload["code"],
                        "at": row["recorded_at"],
                        "still_open": True,
                    }
                )
            elif row["name"] == "anomaly_cleared.v1":
                next(one for one in still if one["code"] == payload["code"])["still_open"] = False
            elif row["name"] == "submission_unresolved.v1":
                rows.append(
                    {
                        "stream": row["stream"],
                        "code": "unresolved",
                        "at": row["at"],
                        "still_open": True,
                    }
                )
            elif row["name"] in answers:
                rows = [
                    one
                    for one in rows
                    if one["code"] != "unresolved" or one["stream"] != row["stream"]
                ]
        facts = (
            pandas.DataFrame(rows, columns=["stream", "code", "at", "still_open"])
            .join(orders, on="stream")
            .join(self.terms, on=ORDER)
        )
        facts["venue"] = facts["account"].str.split(":").str[0]
        return grouped(facts, by, "code").agg(
            found=("stream", "size"), still_open=("still_open", "sum"), orders=("stream", "nunique")
        )

    def resting(self, by: list[str]) -> pandas.DataFrame:
        rows = self.orders.assign(
            at=self.orders["acknowledged"].fillna(self.orders["first_fill"])
        ).dropna(subset=["at"])
        rows["rested"] = (rows["ended"] - rows["at"]).dt.total_seconds()
        found = grouped(rows, by).agg(
            orders=("quantity", "size"),
            resting_seconds_p50=("rested", lambda all: quantile(all, 0.5)),
            resting_seconds_p90=("rested", lambda all: quantile(all, 0.9)),
            usual_quantity=("quantity", lambda all: quantile(all, 0.5)),
            largest_quantity=("quantity", "max"),
        )
        return found.assign(largest_to_usual=found["largest_quantity"] / found["usual_quantity"])

    def trips(self, by: list[str]) -> pandas.DataFrame:
        """Fill by fill: each trip collects what its fills did until the position is flat, or
        crosses zero."""
        settled = (
            self["instrument"]
            .dropna(subset=["currency"])
            .groupby(["account", "instrument"])["currency"]
            .last()
        )
        rows = []
        for place, fills in self.fills().groupby(["account", "instrument"]):
            held = cost = 0.0
            trip: dict[str, Any] = {}
            for fill in fills.to_dict("records"):
                left = fill["quantity"] * (1 if fill["side"] == "buy" else -1)
                is_own = fill["fee_currency"] in (None, settled.get(place))
                fee = (
                    fill["fee"] / fill["quantity"]
                    if is_own and not numpy.isnan(fill["fee"])
                    else 0.0
                )
                while abs(left) > 1e-9:
                    closes = held * left < 0
                    part = numpy.sign(left) * min(abs(left), abs(held)) if closes else left
                    if not trip:
                        trip = {"opened_at": fill["at"],
                        "direction": "long" if part > 0 else "short", "largest_quantity": 0.0,
                                "fills": 0, "realized_pnl": 0.0, "fees": 0.0}  # fmt: skip
                    trip["fills"] += 1
                    trip["fees"] += fee * abs(part)
                    if closes:
                        trip["realized_pnl"] += part * (cost / held - fill["price"])
                        cost += cost / held * part
                    else:
                        cost += part * fill["price"]
                    held, left = round(held + part, 9), round(left - part, 9)
                    trip["largest_quantity"] = max(trip["largest_quantity"], abs(held))
                    if held == 0:
                        ended = {
                            "closed_at": fill["at"],
                            "net_pnl": trip["realized_pnl"] - trip["fees"],
                            "currency": settled.get(place),
                        }
                        seconds = (fill["at"] - trip["opened_at"]).total_seconds()
                        rows.append(
                            {
                                **dict(zip(["account", "instrument"], place, strict=True)),
                                **trip,
                                **ended,
                                "holding_seconds": seconds,
                            }
                        )
                        trip, cost = {}, 0.0
        return pandas.DataFrame(rows, columns=TRIP).set_index(
            [*by, "opened_at", "closed_at", "direction"]
        )


def compare(told: Messages, name: str, by: list[str]) -> pandas.DataFrame:
    """Assert that an analysis has the rows that pandas finds, and returns them."""
    expected = getattr(told, name)(by)
    found = told.ledger.tables.analyse(name, by=by).to_arrow().to_pandas()
    keys = list(expected.index.names)
    assert set(found.columns) == {*keys, *expected.columns}

    def ordered(frame: pandas.DataFrame) -> pandas.DataFrame:
        frame = frame.astype(dict.fromkeys(keys, str)).replace(
            {key: {"None": "", "nan": "", "NaN": ""} for key in keys}
        )
        numbers = {
            c: float
            for c in frame
            if c not in keys
            and frame[c].notna().any()
            and not isinstance(frame[c].dropna().iloc[0], str)
        }
        frame = frame.astype(object).where(frame.notna(), None)
        return frame[list(found.columns)].astype(numbers).sort_values(keys).reset_index(drop=True)

    pandas.testing.assert_frame_equal(
        ordered(found), ordered(expected.reset_index()), check_dtype=False, rtol=1e-9, atol=1e-6
    )
    return expected
