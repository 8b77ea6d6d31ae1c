"""The agreement of an order with the reports of its venue, in SQL."""

from orderledger.projections.agreement import DIFFERENCES, SIGNS, SILENT


def agreement_sql(place_in_text: str) -> str:
    """`agreement_of` as an expression over the table of orders. `place_in_text`: the database's
    function that finds a text."""
    codes = (
        f"{place_in_text}(CAST(anomalies AS TEXT), '\"{code.value}\"') > 0" for code in DIFFERENCES
    )
    differs = " OR ".join(["certainty = 'unresolved'", *codes])
    words = ", ".join(f"'{status.value}'" for status in SILENT)
    is_silent = " AND ".join([f"status IN ({words})", *(f"{name} IS NULL" for name in SIGNS)])
    return (
        f"(CASE WHEN {differs} THEN 'differs' WHEN {is_silent} THEN 'unmatched' ELSE 'agrees' END)"
    )
