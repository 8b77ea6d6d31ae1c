"""The dashboards: every metric, label, table and column in them exists, and every query runs on a
ledger of PostgreSQL."""

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from orderledger.serve.figures import FIGURES, PREFIX
from orderledger.serve.metrics import metrics_text
from tests.core.contract.streams import fill, moment, of_account, opened, report, request
from tests.serve.alerts.desk import ACCOUNT, Desk

FOLDER = Path(__file__).resolve().parents[3] / "deploy/grafana"
METRIC = re.compile(r"\b(?:orderledger|process)_\w+")
LABEL = re.compile(r"(\w+)\s*=~?\s*\"|\{\{(\w+)\}\}|by \(([^)]+)\)")


def dashboard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def targets(name: str) -> list[dict[str, Any]]:
    return [target for panel in dashboard(name)["panels"] for target in panel.get("targets", ())]


@pytest.mark.parametrize("name", ["orderledger-metrics", "orderledger-tables"])
def test_a_dashboard_can_be_imported_anywhere(name: str) -> None:
    found = dashboard(name)
    panels = [panel for panel in found["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found["panels"]]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found["panels"])
    assert all(panel["title"] for panel in found["panels"])


def test_every_metric_and_label_of_the_dashboard_exists() -> None:
    with opened("memory://") as ledger:
        names = {
            sample.name
            for family in text_string_to_metric_families(metrics_text(ledger).decode())
            for sample in family.samples
        }
    names |= {
        f"{PREFIX}{one.name}{'_total' if one.kind == 'counter' else ''}" for one in FIGURES.values()
    }
    expressions = targets("orderledger-metrics")
    assert len(expressions) > 30
    for target in expressions:
        used = METRIC.findall(target["expr"])
        assert used, target
        assert [name for name in used if name not in names] == []
        labels = {label for one in used for label in labels_of(one)}
        told = LABEL.findall(f"{target['expr']} {target['legendFormat']}")
        asked = {
            name.strip()
            for found in told
            for group in found
            for name in group.split(",")
            if name.strip()
        }
        assert asked <= labels, target


def test_a_panel_shows_no_other_process_that_prometheus_scrapes() -> None:
    """Every client library names these metrics alike."""
    common = [
        target["expr"] for target in targets("orderledger-metrics") if "process_" in target["expr"]
    ]
    assert [
        expression
        for expression in common
        if not expression.endswith(" and on (job, instance) orderledger_up")
    ] == []
    assert len(common) == 2


def labels_of(metric: str) -> tuple[str, ...]:
    figure = FIGURES.get(metric.removeprefix(PREFIX).removesuffix("_total").removesuffix("_bucket"))
    return figure.labels if figure is not None else ()


def test_every_query_over_the_tables_runs_and_finds_something(postgres_schema_url: str) -> None:
    desk = Desk(
        postgres_schema_url, {"kind": "halt"}, targets=[{"name": "pager", "command": ["true"]}]
    )
    counts = {
        "covered_from": moment(0),
        "covered_to": moment(9),
        "orders": 0,
        "fills": 0,
        "positions": 0,
    }
    desk.record(
        request("C-1", 0, quantity="1"),
        report("submit", "C-1", 0),
        report("acknowledged", "C-1", 1, venue_order_id="V-1"),
        fill("C-1", "F-1", 2),
        fill("C-1", "F-2", 3),
        request("C-2", 4),
        of_account("gap", 5, **{"from": moment(5)}),
        of_account(
            "certify", 9, **counts, open_breaks=[{"id": "missing_fill:X", "since": moment(6)}]
        ),
        of_account("halt", 10),
    )
    desk.ledger.internals.publish(
        "here", {"at": moment(10), "is_running": True, "waiting": 0, "accounts": {}}
    )
    assert desk.at(11)[0] == [("halt", ACCOUNT)]
    desk.ledger.close()
    variables = [
        one["query"]
        for one in dashboard("orderledger-tables")["templating"]["list"]
        if one["type"] == "query"
    ]
    queries = [*variables, *(target["rawSql"] for target in targets("orderledger-tables"))]
    assert len(queries) > 15
    with psycopg.connect(postgres_schema_url) as connection:
        for query in queries:
            asked = re.sub(
                r"\$__timeFilter\(([\w.]+)\)",
                r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z'",
                query,
            )
            assert connection.execute(
                asked.replace("$account", f"'{ACCOUNT}'").encode()
            ).fetchall(), query
