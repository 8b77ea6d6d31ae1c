"""The event-sourced application: the library's event store, mapper and recorders, with our names and our bytes."""

from typing import Any, ClassVar

from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Transcoder
from eventsourcing.utils import Environment, EnvType, get_topic

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.codec import decode, encode


class LedgerMapper(Mapper[str]):
    """Between recorded events and stored ones: hand-written names instead of module paths."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        name, state = encode(domain_event)
        return StoredEvent(domain_event.stream, domain_event.version, name, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        position = getattr(stored_event, "id", None)
        return decode(
            str(stored_event.originator_id), stored_event.originator_version, stored_event.topic, stored_event.state, position
        )


class LedgerApplication(Application[str]):
    """Streams are named by text. Tables are created by `schema` alone, never as a side effect of opening (several
    processes may start at once)."""

    name = "orderledger"
    env: ClassVar[dict[str, str]] = {
        "MAPPER_TOPIC": get_topic(LedgerMapper),
        "ORIGINATOR_ID_TYPE": "text",
        "CREATE_TABLE": "n",
    }

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Our settings alone: what the process's environment says to the library is meant for somebody else."""
        return Environment(name, {**type(self).env, **(env or {})})

    def construct_transcoder(self) -> Transcoder:
        return JSONTranscoder()  # the mapper does without

    def load(self, stream: str) -> list[Recorded]:
        """All events of one stream."""
        return list(self.events.get(stream))  # type: ignore[arg-type]
