"""The event-sourced application: the library's event store, mapper and recorders, with our event
names and encoding."""

from typing import Any, ClassVar

from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Transcoder
from eventsourcing.utils import Environment, EnvType, get_topic

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.codec import decode, encode


class LedgerMapper(Mapper[str]):
    """Maps recorded events to stored ones, with names written by hand instead of module paths."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        name, state = encode(domain_event)
        return StoredEvent(domain_event.stream, domain_event.version, name, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        position = getattr(stored_event, "id", None)
        return decode(
            str(stored_event.originator_id),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
            position,
        )


class LedgerApplication(Application[str]):
    """The library's application with streams named by text. Only `schema` creates tables, because
    several processes may open a new store at once."""

    name = "orderledger"
    env: ClassVar[dict[str, str]] = {
        "MAPPER_TOPIC": get_topic(LedgerMapper),
        "ORIGINATOR_ID_TYPE": "text",
        "CREATE_TABLE": "n",
    }

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Use only our settings. Environment variables for the library are meant for other
        programs."""
        return Environment(name, {**type(self).env, **(env or {})})

    def construct_transcoder(self) -> Transcoder:
        return JSONTranscoder()  # the mapper does not use it

    def load(self, stream: str) -> list[Recorded]:
        """All events of one stream."""
        return list(self.events.get(stream))  # type: ignore[arg-type]
