"""All message types: the interface of the Python API, the command line and every importer.

Unknown fields are errors. The ledger may refuse commands; it always records reports of the venue.
"""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from orderledger.infrastructure.messages import accounts, commands, reports
from orderledger.infrastructure.messages.accounts import *  # noqa: F403
from orderledger.infrastructure.messages.base import *  # noqa: F403
from orderledger.infrastructure.messages.base import Message
from orderledger.infrastructure.messages.commands import *  # noqa: F403
from orderledger.infrastructure.messages.reports import *  # noqa: F403

GROUPS: dict[str, list[type[Message]]] = {
    title: [model for name in module.__all__ if issubclass(model := getattr(module, name), Message)]
    for title, module in (
        ("Commands", commands),
        ("Reports", reports),
        ("About an account", accounts),
    )
}
"""The message types, grouped as in the reference."""

if nobody := [
    model.__name__
    for models in GROUPS.values()
    for model in models
    if not hasattr(model, "needs_role")
]:
    raise TypeError(
        f"messages without needs_role, which nobody could record over HTTP: {', '.join(nobody)}"
    )

MESSAGES: dict[str, type[Message]] = {
    model.model_fields["type"].default: model for models in GROUPS.values() for model in models
}

if TYPE_CHECKING:
    AnyMessage = Message
else:
    AnyMessage = Annotated[Union[tuple(MESSAGES.values())], Field(discriminator="type")]  # noqa: UP007
    """Union of all message types. The reference publishes its JSON Schema."""
