"""Orders that are submitted together as one group: all of them are sent, or none."""

from collections.abc import Callable, Sequence

from orderledger import Request
from orderledger.gateway.limits import Denial

GROUP_DENIED = "group_denied"


def group_of(request: Request) -> str | None:
    """The group that the links of a request name."""
    return None if request.links is None else request.links.group


def denied_groups(
    requests: Sequence[Request], fault_of: Callable[[Request], Denial | None]
) -> dict[str, Denial]:
    """By group, why none of its orders is sent: the first one whose own terms have a fault."""
    found: dict[str, Denial] = {}
    for request in requests:
        group = group_of(request)
        if group is None or group in found:
            continue
        fault = fault_of(request)
        if fault is not None:
            found[group] = Denial(
                GROUP_DENIED,
                f"order {request.client_order_id} of group {group} is denied: "
                f"{fault.reason}: {fault.text}",
            )
    return found
