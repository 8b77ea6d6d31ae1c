"""Kafka: a topic with the stream as key, so that the events of an order stay in order. The header
`position` identifies them."""

import asyncio
from typing import Any

from orderledger import InvalidSetting
from orderledger.analytics.relay.sink import Publication, Unpublished, too_large
from orderledger.analytics.relay.target import Target
from orderledger.extend.runtime import needed

LOOK_SECONDS = 0.005

SETTINGS = {
    "client.id": "orderledger-relay",
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,
    "acks": "all",
    "message.timeout.ms": 0,  # the client repeats for ever, in order: the publisher waits
    "linger.ms": 5,
    "queue.buffering.max.messages": 10_000,
}


class KafkaSink:
    """Publishes with an idempotent producer, which repeats unconfirmed events in order and
    without duplicates.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._library = needed("confluent_kafka", "relay")
        self._producer: Any = None
        self._failure: Any = None

    async def connect(self) -> int:
        settings = {
            **SETTINGS,
            **self._target.settings,
            "bootstrap.servers": ",".join(self._target.servers),
        }
        if self._target.user:
            settings |= {"sasl.username": self._target.user, "sasl.password": self._target.password}
        self._failure = None
        try:
            self._producer = self._library.Producer(
                {**settings, "error_cb": _ignore, "logger": _silent()}
            )
        except self._library.KafkaException as error:
            raise InvalidSetting("TARGET", str(error.args[0].str())) from error
        return 0

    async def publish(self, rows: list[Publication]) -> None:
        for row in rows:
            await self._produce(row)
        while self._producer.flush(0):
            self._check()
            await asyncio.sleep(LOOK_SECONDS)
        self._check()

    async def _produce(self, row: Publication) -> None:
        body = row.body
        while True:
            try:
                self._producer.produce(
                    self._target.name,
                    value=body,
                    key=row.stream.encode(),
                    headers=[("position", str(row.position).encode())],
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0)
                self._check()
                await asyncio.sleep(LOOK_SECONDS)
            except self._library.KafkaException as error:
                if error.args[0].code() == self._library.KafkaError.MSG_SIZE_TOO_LARGE:
                    raise too_large(
                        row,
                        len(body),
                        int(self._target.settings.get("message.max.bytes", 1_000_000)),
                    ) from error
                raise Unpublished(str(error)) from error
            else:
                return

    def _delivered(self, error: Any, message: Any) -> None:
        self._failure = error or self._failure

    def _check(self) -> None:
        if self._failure is not None:
            raise Unpublished(self._failure.str())

    async def close(self) -> None:
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(0)
            self._producer = None


def _ignore(error: Any) -> None:
    """Do nothing: the client recovers by itself, and a failed delivery raises its own error."""


def _silent() -> Any:
    import logging

    logger = logging.getLogger("orderledger.relay.kafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
