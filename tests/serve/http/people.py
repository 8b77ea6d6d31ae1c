"""Tokens of each role, and a message of each type, as a desk would send them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orderledger.infrastructure.messages.registry import MESSAGES

POLICY = {
    "record": (
        "request", "deny", "submit", "unresolved", "request_cancel", "request_replace", "propose",
        "acknowledged", "rejected", "fill", "fill_corrected", "fill_busted", "canceled",
        "cancel_rejected", "replace_rejected", "replaced", "expired", "triggered", "suspended",
        "resumed", "reinstated", "stopped", "done_for_day", "restated", "status_observed",
        "absent",
    ),
    "collect": ("instrument", "mark", "funding", "gap", "balance", "certify", "sender"),
    "operate": ("halt", "resume_trading", "adjust", "approve", "decline"),
}  # fmt: skip
"""Who writes what, by hand: a new message type is missing here until somebody has decided about
it."""

TOKENS = {
    name: f"{name}-" + "t" * 20 for name in ("reader", "recorder", "collector", "operator", "all")
}
ROLES = {
    "reader": ["read"], "recorder": ["record"], "collector": ["collect"], "operator": ["operate"],
    "all": ["read", "record", "collect", "operate"],
}  # fmt: skip

FIELDS: dict[str, Any] = {
    "instrument": "BTC-USD", "side": "buy", "quantity": "1", "order_type": "market",
    "price": "64000", "fill_id": "F-9",
    "corrects": "F-0", "reason": "a_code", "proposal_id": "P-1", "kind": "entry", "strategy": "s0",
    "amount": "1",
    "currency": "USD",
    "from": "2026-11-20T09:00:00Z", "to": "2026-11-20T09:01:00Z",
    "covered_from": "2026-11-20T09:00:00Z",
    "covered_to": "2026-11-20T09:01:00Z", "orders": 0, "fills": 0, "positions": 0,
    "holder": "host:1:bot", "fence": 1,
    "status": "new",
}  # fmt: skip
"""A value of each field that some message needs."""


def message_of(kind: str, **more: Any) -> dict[str, Any]:
    """A valid message of this type, with the fields that it needs. An operator's has no time: it is
    the server's."""
    model = MESSAGES[kind]
    fields = {name: field.validation_alias or name for name, field in model.model_fields.items()}
    needed = [
        str(fields[name])
        for name in fields
        if model.model_fields[name].is_required() and name not in ("account", "at")
    ]
    order = {"client_order_id": "C-0"} if "client_order_id" in fields else {}
    form = next(((one, *others) for one, others in model.forms.items()), ())
    values = {
        name: FIELDS[name]
        for name in (*needed, *model.needs_one_of[:1], *form)
        if name != "client_order_id"
    }
    return {"type": kind, "account": "sim:0", **order, **values, **more}


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[name]}"}


def write_tokens(path: Path, names: Iterable[str] = TOKENS) -> Path:
    """A file of these tokens, which takes the place of the one before at once."""
    rows = (
        f"[[tokens]]\nname = {name!r}\ntoken = {TOKENS[name]!r}\nroles = {ROLES[name]!r}\n"
        for name in names
    )
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text("".join(rows))
    new.replace(path)
    return path
