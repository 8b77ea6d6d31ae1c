"""Reconciles accounts once, from settings to venues: what the command `reconcile` and the service
share."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

from orderledger import BalanceState, Certify, InvalidSetting
from orderledger.extend.messages import document
from orderledger.extend.values import SystemClock
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.collecting.records import records_of
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.errors import VenueError
from orderledger.venues.reconciliation.breaks import ACTOR, Kind, shown
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules
from orderledger.venues.reconciliation.wallet import NEAR_FILLS

if TYPE_CHECKING:
    from orderledger import Ledger

KINDS = tuple(kind.value for kind in Kind)


BreakReport = TypedDict(
    "BreakReport",
    {
        "break": Annotated[
            str,
            "Id of the break, the same in every run. Messages that repair it have it as "
            "`causation_id`.",
        ],
        "account": Annotated[str, "Trading account."],
        "kind": Annotated[str, "Kind of the difference.", KINDS],
        "subject": Annotated[
            str, "The differing object: an id of the order or the fill, or the instrument."
        ],
        "since": Annotated[datetime, "When the difference arose, as far as known."],
        "age_seconds": Annotated[Any, "Its age, a number."],
        "text": Annotated[str, "The difference in a sentence."],
        "is_settled": Annotated[
            bool, "Whether the repairs settle it. If not, the break stays open."
        ],
        "ours": Annotated[Any, "The row of the ledger's view."],
        "theirs": Annotated[Any, "The payload of the venue."],
        "repairs": Annotated[
            list[dict[str, Any]], "Messages that repair it: appended, or not with a dry run."
        ],
    },
)
"""A difference between the ledger and the venue. Its field `break` is not a valid Python name."""


class FactRow(TypedDict):
    """One row per report of the venue."""

    query: Annotated[str, "The query that it answers."]
    message: Annotated[dict[str, Any], "The report."]


DifferenceRow = TypedDict(
    "DifferenceRow", {"break": Annotated[str, "Id."], "text": Annotated[str, "In a sentence."]}
)
"""One row per difference. Its field `break` is not a valid Python name."""

RepairRow = TypedDict(
    "RepairRow",
    {
        "break": Annotated[str, "Id of the difference."],
        "message": Annotated[dict[str, Any], "A message that settles it, or tries to."],
    },
)
"""One row per proposed repair."""


class RecordRow(TypedDict):
    """One row per message to record."""

    message: Annotated[dict[str, Any], "The message."]
    outcome: Annotated[str, "Its outcome."]


class CertifiedRow(TypedDict):
    """One row per part of the account, as the certificate has it."""

    compared: Annotated[
        str,
        "`orders`, `fills`, `positions` or `balance:CURRENCY`; or what the venue does not state.",
    ]
    state: Annotated[
        str, "`agree`; of a balance closes, differs, unstable or unknown; or `not_reported`."
    ]
    count: NotRequired[Annotated[int, "How many agree."]]
    balance: NotRequired[Annotated[dict[str, Any], "The balance, with its residual."]]


class Stages(TypedDict):
    """The lists that the stages of a run hand on."""

    facts: Annotated[list[FactRow], "Reports of the venue."]
    differences: Annotated[list[DifferenceRow], "Differences between them and the ledger."]
    repairs: Annotated[list[RepairRow], "Proposed repairs."]
    records: Annotated[list[RecordRow], "Messages to record."]
    certificate: Annotated[list[CertifiedRow], "The parts of the account, as certified."]


class AccountReport(TypedDict):
    """The result for one account. `orderledger reconcile --json` prints the breaks as lines of
    their own."""

    account: Annotated[str, "Trading account."]
    breaks: Annotated[list[BreakReport], "Differences, settled ones too."]
    appended: NotRequired[Annotated[int, "Messages that were appended."]]
    certificate: Annotated[
        dict[str, Any] | None,
        "The certificate, with the ids of the open breaks. Null after a fault.",
    ]
    is_recorded: NotRequired[Annotated[bool, "Whether a new certificate was recorded."]]
    stages: NotRequired[Annotated[Stages, "The lists of the stages, in a dry run."]]
    fault: NotRequired[
        Annotated[str, "Why the venue could not be queried. In that case nothing is concluded."]
    ]


def check_account(settings: CollectSettings, account: str | None) -> None:
    """Raise InvalidSetting for an account that no venue has."""
    names = accounts_of(settings)
    if account is not None and account not in names:
        raise InvalidSetting("account", f"{account!r} is not one of {', '.join(names)}")


def accounts_of(settings: CollectSettings) -> dict[str, str]:
    """The venue of each account."""
    return {name: section.venue for section in settings.venues for name in section.names}


async def reconcile(
    settings: CollectSettings,
    ledger: "Ledger",
    *,
    account: str | None = None,
    is_dry_run: bool = False,
    adjust_positions: bool = False,
    actor: str = ACTOR,
) -> list[AccountReport]:
    """Reconcile every account, or one, with the ledger at `settings.db`. Returns a report for each.

    `adjust_positions`: also adjust positions that differ, as the setting of this name does.
    `actor`: recorded with the appended messages. Raises InvalidSetting and StoreError. A venue that
    cannot be queried is a `fault` in its accounts' reports.
    """
    check_account(settings, account)
    rules = rules_of(settings, may_adjust=adjust_positions)
    found: list[AccountReport] = []
    with records_of(settings.db, ledger, settings.adapters) as records:
        for section in _sections(settings, account):
            async with aclosing(venue_of(section, records)) as venue:
                reconciler = Reconciler(
                    ledger,
                    venue,
                    SystemClock(),
                    rules,
                    records=records,
                    actor=actor,
                )
                for name in venue.accounts:
                    if account in (None, name):
                        found.append(await _report(reconciler, name, is_dry_run=is_dry_run))
    return found


async def _report(reconciler: Reconciler, account: str, *, is_dry_run: bool) -> AccountReport:
    try:
        report = await reconciler.run(account, is_dry_run=is_dry_run)
    except VenueError as error:
        return not_asked(account, str(error))
    return {**report_of(report), "stages": stages_of(report)} if is_dry_run else report_of(report)


def not_asked(account: str, fault: str) -> AccountReport:
    """The report on an account whose venue could not be queried."""
    return {"account": account, "fault": fault, "breaks": [], "certificate": None}


def report_of(found: Reconciled) -> AccountReport:
    """The report on an account that was compared."""
    breaks: list[Any] = [_readable(shown(one, found.at)) for one in found.breaks]
    return {
        "account": found.account,
        "breaks": breaks,
        "appended": found.appended,
        "certificate": {
            **document(found.certificate),
            "open_breaks": [left.id for left in found.certificate.open_breaks],
        },
        "is_recorded": found.is_recorded,
    }


def stages_of(found: Reconciled) -> Stages:
    """The lists of the stages, as JSON."""
    repairs = ((one.id, repair) for one in found.breaks for repair in one.repairs)
    stages: Any = {
        "facts": [{"query": fact.query, "message": document(fact.message)} for fact in found.facts],
        "differences": [{"break": one.id, "text": one.text} for one in found.breaks],
        "repairs": [{"break": name, "message": document(repair)} for name, repair in repairs],
        "records": [
            {"message": document(record.message), "outcome": record.outcome.outcome}
            for record in found.records
        ],
        "certificate": _certified(found.certificate),
    }
    readable: Stages = _readable(stages)
    return readable


def _certified(certificate: Certify) -> list[CertifiedRow]:
    rows: list[CertifiedRow] = [
        {"compared": name, "state": "agree", "count": getattr(certificate, name)}
        for name in ("orders", "fills", "positions")
    ]
    rows += [
        {"compared": f"balance:{one['currency']}", "state": one["state"], "balance": one}
        for one in document(certificate).get("balances", ())
    ]
    for name in certificate.not_reported or ():
        rows.append({"compared": name, "state": "not_reported"})
    return rows


def _readable(value: Any) -> Any:
    """The value without lone surrogates, which a venue's JSON may hold and no output can."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {name: _readable(item) for name, item in value.items()}
        case list() | tuple():
            return [_readable(item) for item in value]
        case _:
            return value


def is_agreed(report: AccountReport) -> bool:
    """Check whether the account was compared and no break is open."""
    certificate = report["certificate"]
    return certificate is not None and not certificate["open_breaks"]


def in_words(report: AccountReport, *, is_dry_run: bool) -> str:
    """The report in a sentence."""
    certificate = report["certificate"]
    if certificate is None:
        return f"{report['account']}: could not be queried: {report.get('fault')}"
    agreed = (
        f"{certificate['orders']} open orders, {certificate['fills']} fills, "
        f"{certificate['positions']} positions agree"
    )
    if (balances := certificate.get("balances")) is not None:
        closed = sum(one["state"] == BalanceState.CLOSES for one in balances)
        agreed += f", {closed} of {len(balances)} balances close"
        if any(one["state"] == BalanceState.UNSTABLE and one.get("reason") for one in balances):
            agreed += f", none is opened yet: {NEAR_FILLS}"
    done = "would be appended" if is_dry_run else f"{report['appended']} messages appended"
    return f"{report['account']}: {agreed}; {len(certificate['open_breaks'])} breaks open; {done}"


def venues_of(settings: CollectSettings, records: Records) -> Sequence[Venue]:
    """The venues of all sections."""
    return [venue_of(section, records) for section in settings.venues]


def venue_of(section: VenueSection, records: Records) -> Venue:
    """The venue of one section. Raises InvalidSetting if a secret cannot be read."""
    return adapter(section.venue).build(section, records)


def rules_of(settings: CollectSettings, *, may_adjust: bool = False) -> Rules:
    """The rules of reconciliation that follow from the settings."""
    return Rules(
        lookback=timedelta(hours=settings.lookback_hours),
        overlap=timedelta(seconds=settings.overlap_seconds),
        grace=timedelta(seconds=settings.grace_seconds),
        concluding=timedelta(seconds=settings.concluding_seconds),
        most_questions=settings.questions_per_run,
        may_adjust=settings.adjust_positions or may_adjust,
    )


def _sections(settings: CollectSettings, account: str | None) -> Iterator[VenueSection]:
    """The sections that have the account."""
    for section in settings.venues:
        if account is None or account in section.names:
            yield section
