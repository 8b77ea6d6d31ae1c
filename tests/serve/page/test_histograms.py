"""Histograms on the page of health: bars with a name, and the numbers behind them, which are those
of the list."""

import pytest
from playwright.sync_api import expect

from orderledger import Ledger
from tests.serve.page.conftest import Desk

pytestmark = pytest.mark.page


def test_each_step_has_a_chart_with_its_numbers_behind_it(desk: Desk) -> None:
    with Ledger.open(desk.ledger_url, update_views=False) as ledger:
        (row,) = ledger.metrics.latency(by="")
    page = desk.open("#/health")
    charts = page.locator(".histogram")
    expect(charts).to_have_count(len(row["steps"]))
    for chart in charts.all():
        chart.get_by_text("Numbers").click()
    for step in row["steps"]:
        clock = "our clock" if step["clock"] == "ours" else "the venue\u2019s clock"
        table = page.get_by_role(
            "table", name=f"{step['step'].replace('_', ' ')}, {clock}", exact=True
        )
        shown = [
            int(text.replace(",", ""))
            for text in table.locator("tbody td:nth-child(2)").all_text_contents()
        ]
        assert [count for count in shown if count] == [
            bucket["count"] for bucket in step["buckets"]
        ]
        assert sum(shown) == step["count"]
    image = page.get_by_role("img", name="submit to acknowledge, the venue\u2019s clock: ")
    expect(image).to_be_visible()
    expect(image.locator("rect")).not_to_have_count(0)
