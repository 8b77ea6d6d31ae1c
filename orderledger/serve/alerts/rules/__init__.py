"""The kinds of alert rules. Each class of these modules that derives from `Rule` is one."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from pydantic import Field

from orderledger.serve.alerts.rule import Rule
from orderledger.serve.alerts.rules import accounts, amounts, orders  # their classes are the rules

__all__ = ["KINDS", "AnyRule", "accounts", "amounts", "orders"]

KINDS: dict[str, type[Rule]] = {
    get_args(rule.model_fields["kind"].annotation)[0]: rule for rule in Rule.__subclasses__()
}
"""The rules by kind."""

if TYPE_CHECKING:
    AnyRule: TypeAlias = Rule
else:
    AnyRule = Annotated[reduce(or_, KINDS.values()), Field(discriminator="kind")]
