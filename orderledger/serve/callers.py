"""Identifies callers, and the roles that each path needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from orderledger.serve.tokens import COLLECT, OPERATE, READ, RECORD, ROLES

ROLES_OF_POST: Mapping[str, tuple[str, ...]] = {
    "/api/messages": (RECORD, COLLECT, OPERATE),
    "/api/halts": (OPERATE,),
    "/api/halts/resume": (OPERATE,),
    "/api/reconcile": (OPERATE,),
    "/api/resolve": (OPERATE,),
}
"""Roles: a POST needs one of them. Each message also needs its own: `Message.needs_role`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller: the name of the token's holder, the roles, and the hash of the token. Name and
    hash are empty without tokens.
    """

    name: str
    roles: frozenset[str]
    digest: bytes = b""


EVERYBODY = Caller("", frozenset(ROLES))
"""Without tokens, on loopback only, everybody has all roles."""

NOBODY = Caller("", frozenset())


def roles_needed(method: str, path: str) -> tuple[str, ...]:
    """Roles: the request needs one of them."""
    return (READ,) if method in ("GET", "HEAD") else ROLES_OF_POST.get(path, (OPERATE,))
