"""The certificate of a run: what agrees, the period that was compared, and the open breaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import CertifiedBalance, Certify, Message, OpenBreak
from orderledger.rows import CertificateRow
from orderledger.venues.reconciliation.breaks import ACTOR, Break

MOST_BREAKS = 10_000
"""The most breaks that one certificate can hold."""
MORE_BREAKS = "more_breaks:"


class Agreed(NamedTuple):
    """How much of an account agrees with the venue."""

    orders: int
    fills: int
    positions: int
    balances: Sequence[CertifiedBalance] | None = None


@dataclass(slots=True)
class ComparedBalances:
    """The result of the comparison of balances. Without one, the venue states none.

    `certified`: the balances of the certificate. `not_reported`: those that the venue does not
    state. `proposed`: the messages to record with the certificate.
    """

    breaks: list[Break] = field(default_factory=list)
    proposed: list[Message] = field(default_factory=list)
    certified: list[CertifiedBalance] | None = None
    not_reported: list[str] = field(default_factory=lambda: ["balances"])


def certificate_of(
    breaks: Sequence[Break],
    agreed: Agreed,
    last: CertificateRow | None,
    *,
    account: str,
    since: datetime,
    at: datetime,
    not_reported: Sequence[str] = (),
) -> Certify:
    """The certificate of a run at a time. Every fill was queried from `since` on. `last`: the
    certificate before. `not_reported`: what the venue does not state."""
    known = left_open(last)
    left = {one.id: known.get(one.id, one.since) for one in breaks if not one.is_settled}
    is_continued = last is not None and since <= last["covered_to"]
    return Certify(
        account=account,
        at=at,
        covered_from=min(last["covered_from"], since) if last and is_continued else since,
        covered_to=at,
        **agreed._asdict(),
        open_breaks=_shown_open(left),
        not_reported=tuple(not_reported[:MOST_BREAKS]) or None,
        actor=ACTOR,
    )


def left_open(last: CertificateRow | None) -> dict[str, datetime]:
    """The breaks that the last certificate left open, and since when."""
    left = last["open_breaks"] if last else ()
    return {one["id"]: datetime.fromisoformat(one["since"]).astimezone(UTC) for one in left}


def is_news(certificate: Certify, last: CertificateRow | None, certifying: timedelta) -> bool:
    """Check whether a certificate differs from the last one, or is due. `certifying`: longest time
    without a new one."""
    if last is None or certificate.covered_to - last["at"] > certifying:
        return True
    has_gone_back = certificate.covered_to < last["covered_to"]  # the clock was set back
    if has_gone_back or certificate.covered_from > last["covered_from"]:
        return True
    counts = [certificate.orders, certificate.fills, certificate.positions]
    left = [one.id for one in certificate.open_breaks]
    balances = [one.model_dump() for one in certificate.balances or ()]
    found = [counts, left, list(certificate.not_reported or ()), _states(balances)]
    return found != [
        [last["orders"], last["fills"], last["positions"]],
        [one["id"] for one in last["open_breaks"]],
        last["not_reported"] or [],
        _states(last["balances"] or []),
    ]


def _states(balances: Sequence[dict[str, Any]]) -> list[tuple[str, str, Decimal]]:
    """The news about balances: whether they close, and their differences."""
    return [(one["currency"], one["state"], Decimal(one["difference"] or 0)) for one in balances]


def _shown_open(left: dict[str, datetime]) -> tuple[OpenBreak, ...]:
    """The oldest open breaks, as many as a certificate holds, and the number of others."""
    oldest = sorted(left, key=lambda name: (left[name], name))
    kept = oldest if len(oldest) <= MOST_BREAKS else oldest[: MOST_BREAKS - 1]
    shown = [OpenBreak(id=name, since=left[name]) for name in sorted(kept)]
    more = oldest[len(kept) :]
    return (
        *shown,
        *([OpenBreak(id=f"{MORE_BREAKS}{len(more)}", since=left[more[0]])] if more else []),
    )
