"""The kinds of rows of a Flex statement besides executions: how each is recorded, and the
statement that it was checked with."""

from orderledger.venues.base.row_meanings import RowMeaning

JAL = "github.com/titov-vv/jal, tests/test_data/"
CAPGAINS = "github.com/csingley/capgains, tests/"
JOURNAL = "the statement DU1234567 in a plan of the trading journal that uses `@tj/importers`"
IBFLEX = "github.com/csingley/ibflex, tests/test_types.py"
RIGHTS = "the rights issue DRPF in the tests of opensteuerauszug"
ENUMS = "ibflex.enums alone: no statement was found"

_SPLIT = "`split`, and `rename` if the symbol changes"
_EXCHANGED = "`settle` (redemption) into the other security, with `premium` carry"

ROWS = (
    RowMeaning("Trade, notes Ep", "`settle` (expiry)", JOURNAL),
    RowMeaning("Trade, notes Ex", "`settle` (exercise) with its delivery, premium carry", JOURNAL),
    RowMeaning("Trade, notes A", "`settle` (assignment) with its delivery", f"{JAL}ibkr_year1.xml"),
    RowMeaning("Trade, taxes", "a fee of the kind tax", f"{JAL}ibkr_transaction_tax.xml"),
    RowMeaning("Trade, ibExecID ending in 02", "a fill of its own, after the cancel", JOURNAL),
    RowMeaning(
        "OptionEAE", "the same settlement, by its `tradeID`", f"{JOURNAL}; {JAL}ibkr_year1.xml"
    ),
    RowMeaning("CorporateAction FS", _SPLIT, f"{JAL}ibkr_option_split.xml"),
    RowMeaning("CorporateAction RS", _SPLIT, f"{JAL}ibkr_corp_actions.xml, ibkr_year1.xml"),
    RowMeaning("CorporateAction IC", "`rename`", f"{JAL}ibkr_year1.xml"),
    RowMeaning(
        "CorporateAction SD", "`split` of the sum", f"{CAPGAINS}data/corpact_descriptions.txt"
    ),
    RowMeaning(
        "CorporateAction TC", f"{_EXCHANGED}; for money alone without", f"{JAL}ibkr_cash_merger.xml"
    ),
    RowMeaning("CorporateAction TO", _EXCHANGED, f"{CAPGAINS}test_corpacts.py"),
    RowMeaning("CorporateAction SR", _EXCHANGED, RIGHTS),
    RowMeaning("CorporateAction DW", "`settle` (redemption) at 0", RIGHTS),
    RowMeaning(
        "CorporateAction SO",
        "`adjust` of the new security at price 0, with a `cause`; listed if it was held before",
        f"{JAL}ibkr_spinoff.xml",
    ),
    RowMeaning("CorporateAction RI", "as SO", RIGHTS),
    RowMeaning("CorporateAction of another type", "listed", ENUMS),
    RowMeaning(
        "CashTransaction Dividends, Withholding Tax, Payment In Lieu Of Dividends",
        "`transfer` (dividend, tax) with a `cause` that names the instrument",
        f"{JAL}ibkr_year1.xml; {IBFLEX}",
    ),
    RowMeaning(
        "CashTransaction Broker Interest Paid, Broker Interest Received, Bond Interest Paid, Bond "
        "Interest Received",
        "`transfer` (interest) with a `cause`: broker_interest, bond_interest or borrow_fee",
        ENUMS,
    ),
    RowMeaning(
        "CashTransaction Deposits/Withdrawals",
        "`transfer` (deposit, withdrawal)",
        "ibflex.enums and ibflex.parser alone: no statement was found",
    ),
    RowMeaning(
        "CashTransaction Other Fees, Advisor Fees, Commission Adjustments",
        "`transfer` (other) with a `cause`",
        ENUMS,
    ),
    RowMeaning("CashTransaction of another type", "listed", ENUMS),
    RowMeaning(
        "TransactionTax, source STANDALONE",
        "`transfer` (tax) with a `cause`",
        f"{JAL}ibkr_transaction_tax.xml; {IBFLEX}",
    ),
    RowMeaning(
        "TransactionTax, source TRADE",
        "counted: the trade has it",
        f"{JAL}ibkr_transaction_tax.xml",
    ),
    RowMeaning(
        "Transfer of money", "`transfer` (internal, other)", "the tests of opensteuerauszug"
    ),
    RowMeaning("Transfer of securities", "listed: it has no cost", "the tests of opensteuerauszug"),
    RowMeaning("OpenPosition, level SUMMARY", "`balance` of the instrument", "ibflex.Types alone"),
    RowMeaning("CashReportCurrency", "`balance` of the currency", f"{JAL}ibkr_transaction_tax.xml"),
    RowMeaning("Any other element", "counted by its name", "the files above"),
)
"""In the order of the sections."""
