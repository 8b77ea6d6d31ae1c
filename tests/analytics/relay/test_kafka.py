"""Every event reaches Kafka, in order per stream, also when the relay is killed. With the test
brokers of the client itself."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from orderledger import Ledger
from orderledger.analytics.relay.sink import publications
from tests.command_line import run
from tests.core.contract.streams import fill, lives, opened, parsed, story
from tests.seeds import few

PATIENCE = 60.0
TOPIC = "orders"


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    """Brokers inside a client of this process, which others reach by TCP."""
    host = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 2})
    yield ",".join(
        f"{broker.host}:{broker.port}"
        for broker in host.list_topics(timeout=PATIENCE).brokers.values()
    )
    del host


def messages(servers: str, topic: str) -> list[Any]:
    """All messages of a topic, each partition in order."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "test", "enable.auto.commit": False}
    )
    with closing(consumer):
        partitions = consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        found = []
        for partition in sorted(partitions):
            low, high = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=PATIENCE
            )
            consumer.assign([TopicPartition(topic, partition, low)])
            while low < high:
                message = consumer.poll(PATIENCE)
                assert message is not None
                assert message.error() is None
                found.append(message)
                low += 1
        return found


def position_of(message: Any) -> int:
    return int(dict(message.headers())["position"])


def assert_whole(servers: str, topic: str, ledger: Ledger) -> list[int]:
    """Each event is there, and the events of a stream are in order, repeated ones aside. Returns
    the positions."""
    found, told = (
        messages(servers, topic),
        publications(ledger.internals.store, list(ledger.internals.store.all_rows())),
    )
    assert {position_of(one): (one.key(), one.value()) for one in found} == {
        one.position: (one.stream.encode(), one.body) for one in told
    }
    by_stream: dict[bytes, dict[int, None]] = {}
    for one in found:
        by_stream.setdefault(one.key(), {})[position_of(one)] = None  # the first copy counts
    assert all(list(positions) == sorted(positions) for positions in by_stream.values())
    return [position_of(one) for one in found]


@pytest.mark.slow
def test_every_event_is_published_with_its_position(servers: str, tmp_path: Path) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*story(), *lives(200, "other:x")))
        for _ in range(2):
            assert run("relay", f"kafka://{servers}/{TOPIC}", "--db", db, "--once").status == 0
        assert (
            len(assert_whole(servers, TOPIC, ledger))
            == ledger.internals.store.recorder.last_position()
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(1, 10))
def test_a_killed_relay_goes_on_where_it_was(
    seed: int, servers: str, tmp_path: Path, orderledger_command: Path
) -> None:
    chance, db, topic = random.Random(seed), str(tmp_path / "ledger.db"), f"killed-{seed}"
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(1_500)))
        for _ in range(2):
            arguments = [
                str(orderledger_command),
                "relay",
                f"kafka://{servers}/{topic}",
                "--db",
                db,
            ]
            with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
                time.sleep(0.6 + chance.random())
                process.send_signal(signal.SIGKILL)
        assert run("relay", f"kafka://{servers}/{topic}", "--db", db, "--once").status == 0
        assert_whole(servers, topic, ledger)


@pytest.mark.slow
def test_the_relay_waits_for_a_broker_and_ends_when_it_is_interrupted(
    tmp_path: Path, orderledger_command: Path
) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(2)))
    arguments = [str(orderledger_command), "relay", "kafka://127.0.0.1:1/x", "--db", db]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130


@pytest.mark.slow
def test_a_nats_server_that_cannot_be_reached_is_named_at_once(
    tmp_path: Path, orderledger_command: Path
) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(1)))
    arguments = [str(orderledger_command), "relay", "nats://127.0.0.1:1/x", "--db", db, "--once"]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        sentence = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert "the broker does not confirm, trying again: " in sentence
    assert "Connect call failed ('127.0.0.1', 1)" in sentence


def test_an_event_that_is_too_large_ends_the_relay_with_its_position(
    servers: str, tmp_path: Path
) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(fill("C-9", "F-9", evidence={"raw": "x" * 9_000})))
        done = run("relay", f"kafka://{servers}/large?message.max.bytes=5000", "--db", db)
        assert done.status == 1
        assert "event 1 has 9," in done.err


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("amqp://host/x", "must be nats://"),
        ("nats://host:port/x", "'host:port' is not a host or host:port"),
        ("kafka://", "'' is not a host"),
        ("kafka://host/a/b", "'a/b' is not a name"),
        ("kafka://host/x?no.such.setting=1", "no.such.setting"),
        ("nats://host/x?a=b", "a is not allowed"),
    ],
)
def test_a_target_that_is_none_is_refused(target: str, fault: str, tmp_path: Path) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(1)))
    done = run("relay", target, "--db", db)
    assert done.status == 2
    assert "TARGET" in done.err
    assert fault in done.err
    assert json.dumps(done.out) == '""'


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(1)))
    done = run("relay", "kafka://me:s3cret-word@host/x?no.such.setting=s3cret-word", "--db", db)
    assert done.status == 2
    assert "s3cret-word" not in done.err
