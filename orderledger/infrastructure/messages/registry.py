"""All message types: the interface of the Python API, the command line and every importer.

Unknown fields are errors. The ledger may refuse commands; it always records reports of the venue.
"""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from orderledger.domain.accounts import AccountEvent
from orderledger.domain.orders.events import OrderCommand, OrderReport
from orderledger.domain.proposals import ProposalEvent
from orderledger.domain.recorded import KINDS
from orderledger.infrastructure.messages import kinds
from orderledger.infrastructure.messages.base import Message as Message
from orderledger.infrastructure.messages.derived import class_name
from orderledger.infrastructure.messages.kinds import *  # noqa: F403
from orderledger.infrastructure.messages.kinds import OrderMessage as OrderMessage
from orderledger.infrastructure.messages.kinds import Report as Report

MESSAGES: dict[str, type[Message]] = {
    kind.wire_name: getattr(kinds, class_name(kind.wire_name))
    for kind in KINDS.values()
    if kind.wire_name
}

BY_WORD: dict[str, type[Message]] = {
    **{model.fact.former_wire_name: model for model in MESSAGES.values()},
    **MESSAGES,
}
"""The message types by every word that names one. Former words are read and never written."""

GROUPS: dict[str, list[type[Message]]] = {
    title: [model for model in MESSAGES.values() if issubclass(model.fact, families)]
    for title, families in (
        ("Commands", OrderCommand | ProposalEvent),
        ("Reports", OrderReport),
        ("About an account", AccountEvent),
    )
}
"""The message types, grouped as in the reference."""

if TYPE_CHECKING:
    AnyMessage = Message
else:
    AnyMessage = Annotated[Union[tuple(MESSAGES.values())], Field(discriminator="type")]  # noqa: UP007
    """Union of all message types. The reference publishes its JSON Schema."""
