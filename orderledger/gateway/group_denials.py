"""Denies the orders of a group together with one that is denied."""

from collections.abc import Sequence

from orderledger import LinkKind, Request
from orderledger.gateway.flights import Flight
from orderledger.gateway.groups import GROUP_DENIED, group_of
from orderledger.gateway.limits import Denial


def deny_with(group: str | None, first: Flight) -> Denial:
    """The denial of an order because of another one of its group."""
    why = (
        "is in the ledger already"
        if first.denial is None
        else f"is denied: {first.denial.reason}: {first.denial.text}"
    )
    return Denial(GROUP_DENIED, f"order {first.key[1]} of group {group} {why}")


def others_of(request: Request, requests: Sequence[Request]) -> frozenset[str]:
    """The client order ids of the other orders of an OCO group among these requests."""
    if not _is_of_oco(request):
        return frozenset()
    group = group_of(request)
    same = (one.client_order_id for one in requests if group_of(one) == group)
    return frozenset(same) - {request.client_order_id}


def _is_of_oco(request: Request) -> bool:
    return request.links is not None and request.links.kind is LinkKind.OCO


def deny_one_cancels_other(requests: Sequence[Request], flights: Sequence[Flight]) -> None:
    """Deny the orders of each OCO group of which one is denied: the end of one ends the others."""
    groups: dict[str | None, list[Flight]] = {}
    for request, flight in zip(requests, flights, strict=True):
        if _is_of_oco(request):
            groups.setdefault(group_of(request), []).append(flight)
    for group, members in groups.items():
        first = next((one for one in members if one.denial is not None), None)
        for flight in members:
            if first is not None and flight.denial is None and not flight.is_known:
                flight.denial, flight.is_held = deny_with(group, first), False
