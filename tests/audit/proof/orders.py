"""Orders with evidence and text, for the tests of this folder."""

from typing import Any

from tests.core.contract.streams import fill, report, request

SECRET = "the client called from a hidden number"


def with_evidence(count: int, account: str = "sim:main") -> list[dict[str, Any]]:
    """So many orders."""
    return [message for number in range(count) for message in one_with_evidence(number, account)]


def one_with_evidence(number: int, account: str = "sim:main") -> list[dict[str, Any]]:
    """An order of four messages: two with evidence, one with text."""
    name, second = f"C-{number}", number * 10
    evidence = {"raw": [number, "1.50", "ü"], "owner": SECRET}
    return [
        request(name, second, account=account, text=f"{SECRET}, {number}"),
        report(
            "acknowledged",
            name,
            second + 1,
            account=account,
            venue_order_id=f"V-{number}",
            evidence=evidence,
        ),
        fill(
            name, f"F-{number}", second + 2, account=account, evidence={**evidence, "fill": number}
        ),
        report("canceled", name, second + 3, account=account),
    ]
