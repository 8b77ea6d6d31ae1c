"""An alert rule: one class with its settings, its subject, and its condition.

The settings of the file, the reference, the rows that are read and the page follow from the
classes in `rules`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from orderledger.extend.events import accounts
from orderledger.extend.messages import Identifier
from orderledger.extend.runtime import toml_files
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.stored import Key
from orderledger.serve.alerts.tables import Page

__all__ = ["Condition", "NotNegativeSeconds", "Page", "Rule", "Seconds", "Section", "Severity"]

Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]
NotNegativeSeconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Severity = Literal["info", "warning", "critical"]

MORE = "more"
"""Subject of the one alert for all conditions beyond the most that a rule may have."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Condition(NamedTuple):
    """One thing for which a rule holds, with the sentence for people.

    `position`: the log position that caused it; None: that of the last event of the order
    `stream` whose name begins with `cause`, or the end of the log. `since`: the oldest come first.
    `is_once`: the subject is raised at most once. `is_over`: the condition has ended.
    """

    subject: str
    account: str | None
    text: str
    details: dict[str, Any]
    position: int | None = None
    stream: str | None = None
    cause: str = ""
    since: datetime | None = None
    is_once: bool = False
    is_over: bool = False


class Section(toml_files.Table):
    """One table of the file."""


class Rule(Section, ABC):
    """The fields of all rules."""

    name: Identifier = Field(default="", description="Name in alerts. Default: the kind.")
    severity: Severity = Field(default="warning", description="info, warning or critical.")
    targets: tuple[Identifier, ...] | None = Field(
        default=None, description="Names of the targets that are notified. Default: all."
    )
    account: Identifier | None = Field(default=None, description="Only this account. Default: all.")
    clear_seconds: NotNegativeSeconds = Field(
        default=0.0,
        description="An alert is cleared when its cause has been absent for this long, so that it "
        "does not flap.",
    )
    most: Annotated[int, Field(ge=1, le=10_000, strict=True)] = Field(
        default=50,
        description="The most open alerts of the rule. One alert, about `more`, covers the rest.",
    )
    kind: str

    subject: ClassVar[str]
    """The kind of subject of the rule's alerts. The rule has one open alert per subject."""
    cleared: ClassVar[str]
    """When an alert is cleared: the rest of a sentence."""
    page: ClassVar[Page]
    """The page that shows more, where an alert is about no single order."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Settings; the rule needs one of them."""

    @abstractmethod
    def conditions(self, state: State) -> Iterator[Condition]:
        """Everything for which the rule holds now, of any account."""

    @model_validator(mode="after")
    def _check_needs(self) -> Self:
        if self.needs and not any(getattr(self, name) for name in self.needs):
            raise ValueError(f"needs {' or '.join(self.needs)}")
        return self

    @property
    def title(self) -> str:
        """The name, or else the kind."""
        return self.name or self.kind

    def found(self, state: State) -> list[Condition]:
        """The conditions of the rule's account, one per subject, at most `most`. Alerts that are
        open come first, then the oldest; one more condition summarizes the rest."""
        found = filter(lambda one: self.covers(one.account), self.conditions(state))
        by_subject = {one.subject: one for one in found}
        if len(by_subject) <= self.most:
            return list(by_subject.values())
        first = sorted(
            by_subject.values(),
            key=lambda one: (
                (self.title, one.subject) not in state.raised,
                one.since or NEVER,
                one.subject,
            ),
        )
        text = f"{self.title} holds for more than {self.most} subjects"
        return [*first[: self.most], Condition(MORE, self.account, text, {"most": self.most})]

    def covers(self, account: str | None) -> bool:
        """Check whether the rule is about this account. A halt of every account is about each."""
        return self.account in (None, account) or account == accounts.EVERY_ACCOUNT


def conditions(state: State, rules: Sequence[Rule]) -> dict[Key, Condition]:
    """Everything that holds, by rule and subject."""
    return {(rule.title, one.subject): one for rule in rules for one in rule.found(state)}
