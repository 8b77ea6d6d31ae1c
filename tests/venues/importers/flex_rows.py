"""Rows of Flex statements, made from facts of statements in public tests."""

from pathlib import Path
from typing import Any

from tests.venues.importers.importing import written

STATEMENT = (
    '<FlexQueryResponse queryName="t" type="AF"><FlexStatements count="1"><FlexStatement '
    'accountId="U1" fromDate="20210101" toDate="20211231">{}</FlexStatement></FlexStatements>'
    "</FlexQueryResponse>"
)
SECTIONS = {
    "Trade": "Trades",
    "CashTransaction": "CashTransactions",
    "CorporateAction": "CorporateActions",
    "TransactionTax": "TransactionTaxes",
    "Transfer": "Transfers",
    "OpenPosition": "OpenPositions",
    "CashReportCurrency": "CashReport",
    "OptionEAE": "OptionEAE",
}


def row(tag: str, **attributes: Any) -> str:
    """An element. A name that ends in `_` is written without it."""
    given = {"accountId": "U1", "currency": "USD", **attributes}
    text = " ".join(f'{name.rstrip("_")}="{value}"' for name, value in given.items())
    section = SECTIONS.get(tag, f"{tag}s")
    return f"<{section}><{tag} {text} /></{section}>"


def statement(folder: Path, *rows: str, name: str = "flex.xml") -> Path:
    """A file with these rows, in this order."""
    return written(folder, name, STATEMENT.format("".join(rows)))


def trade(symbol: str, quantity: str, price: str, at: str, number: str, **more: Any) -> str:
    """An execution; a stock unless it says otherwise."""
    return row(
        "Trade",
        **{
            "assetCategory": "STK",
            "symbol": symbol,
            "multiplier": "1",
            "tradeID": number,
            "ibOrderID": f"9{number}",
            "dateTime": at,
            "quantity": quantity,
            "tradePrice": price,
            "transactionType": "ExchTrade",
            "buySell": "SELL" if quantity.startswith("-") else "BUY",
            "ibCommission": "0",
            "ibCommissionCurrency": "USD",
            "levelOfDetail": "EXECUTION",
            **more,
        },
    )


def option(symbol: str, quantity: str, price: str, at: str, number: str, **more: Any) -> str:
    """An execution of an option on a hundred shares. Its strike and right are in the symbol."""
    root, right, strike = symbol[:6].strip(), symbol[-9], str(int(symbol[-8:]) / 1000)
    terms = {"underlyingSymbol": root, "putCall": right, "strike": strike, "multiplier": "100"}
    return trade(symbol, quantity, price, at, number, assetCategory="OPT", **{**terms, **more})


def booked(note: str, **more: Any) -> dict[str, Any]:
    """The attributes of a booking."""
    return {"transactionType": "BookTrade", "notes": note, **more}


def action(kind: str, symbol: str, quantity: str, text: str, at: str, **more: Any) -> str:
    """A row of a corporate action. `text`: the description without the security of the row."""
    isin = more.get("isin", f"ISIN-{symbol}")
    return row(
        "CorporateAction",
        **{
            "assetCategory": "STK",
            "symbol": symbol,
            "description": f"{text} ({symbol}, {symbol} INC, {isin})",
            "isin": isin,
            "conid": f"conid-{symbol}",
            "quantity": quantity,
            "amount": "0",
            "proceeds": "0",
            "value": "0",
            "dateTime": at,
            "type": kind,
            "levelOfDetail": "DETAIL",
            "transactionID": f"A-{symbol}-{kind}",
            "multiplier": "1",
            **more,
        },
    )


def cash(kind: str, amount: str, number: str, **more: Any) -> str:
    """A row of CashTransactions."""
    given = {"type": kind, "amount": amount, "transactionID": number, "levelOfDetail": "DETAIL"}
    return row("CashTransaction", **{**given, "dateTime": "20210106;202000", **more})
