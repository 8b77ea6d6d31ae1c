"""The commands about proof: what they print, their exit status, and what they refuse."""

import http.server
import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from tests.audit.proof.orders import with_evidence
from tests.command_line import run
from tests.core.contract.streams import lives, opened, parsed


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Ledger.open(tmp_path / "orders.db", update_views=False) as ledger:
        ledger.record_many(parsed(*with_evidence(3)))
    return tmp_path


def orderledger(folder: Path, *arguments: str) -> Any:
    return run(*arguments, folder=folder, environment={"ORDERLEDGER_DB": str(folder / "orders.db")})


def test_the_story_of_the_how_to(store: Path) -> None:
    assert orderledger(store, "keygen", "log.key", "--name", "desk").status == 0
    assert (store / "log.key").stat().st_mode & 0o777 == 0o600
    done = orderledger(store, "checkpoint", "--key", "log.key", "--out", "checkpoint.txt")
    assert (done.status, done.out) == (0, "")
    assert (store / "checkpoint.txt").read_text().startswith("desk\n12\n")
    verified = orderledger(
        store, "verify", "--checkpoint", "checkpoint.txt", "--key", "log.key.pub"
    )
    assert (verified.status, verified.out) == (
        0,
        "12 events, 2 checkpoints up to event 12: nothing is altered\n",
    )
    proof = orderledger(store, "prove", "C-1", "--checkpoint", "checkpoint.txt")
    (store / "proof.json").write_text(proof.out)
    proved = orderledger(store, "verify-proof", "proof.json", "--key", "log.key.pub")
    assert (proved.status, proved.out) == (
        0,
        "proved: 4 events of sim:main/C-1 are in desk at 12 events\n",
    )
    assert orderledger(store, "bundle", "b.zip", "--account", "sim:main", "--redact").status == 0
    assert (
        orderledger(store, "verify-proof", "b.zip", "--key", "log.key.pub", "--json").out.count(
            "\n"
        )
        == 12
    )
    assert run("orders", "--db", store / "b.zip", "--json", folder=store).out.count("\n") == 3
    forgotten = orderledger(store, "forget", "--evidence-of", "C-1", "--reason", "asked", "--json")
    assert json.loads(forgotten.out) == {
        "streams": ["sim:main/C-1"],
        "events": 3,
        "positions": [13],
        "is_overwritten": True,
    }
    status = json.loads(orderledger(store, "status", "--json").out)
    assert (status["tiles_position"], status["tiles_behind"], status["checkpoint_position"]) == (
        12,
        1,
        12,
    )
    verified = orderledger(
        store, "verify", "--checkpoint", "checkpoint.txt", "--key", "log.key.pub", "--json"
    )
    summary = json.loads(verified.out)["summary"]
    assert summary == {"events": 13, "covered": 12, "checkpoints": 2, "alterations": 0}
    assert orderledger(store, "move-evidence").status == 1


def test_what_does_not_hold_ends_with_status_1(store: Path) -> None:
    orderledger(store, "keygen", "log.key")
    orderledger(store, "keygen", "other.key")
    orderledger(store, "checkpoint", "--key", "log.key", "--out", "checkpoint.txt")
    change = (
        "UPDATE orderledger_events SET topic = 'order_acknowledged.v1' WHERE notification_id = 4"
    )
    ledger = Ledger.open(store / "orders.db", update_views=False)
    with ledger, ledger.internals.store.database.writing() as session, session.unguarded_events():
        session.execute(change)
    found = orderledger(store, "verify", "--checkpoint", "checkpoint.txt", "--key", "log.key.pub")
    assert found.status == 1 and "changed: position 4: the event is not what it was" in found.out
    assert orderledger(store, "prove", "--event", "4").status == 1
    (store / "proof.json").write_text(orderledger(store, "prove", "--event", "5").out)
    refused = orderledger(store, "verify-proof", "proof.json", "--key", "other.key.pub")
    assert refused.status == 1 and "not proved: the checkpoint is not signed by" in refused.err
    assert (
        orderledger(
            store, "verify", "--checkpoint", "checkpoint.txt", "--key", "other.key.pub"
        ).status
        == 1
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keygen", "log.key"], "exists already"),
        (["keygen", "no/where.key"], "cannot be written"),
        (["keygen", "another.key", "--name", "a b"], "is not a name of a key"),
        (["checkpoint", "--key", "log.key.pub"], "may be used by others"),
        (["checkpoint", "--key", "bad.key"], "is not a private key"),
        (["checkpoint", "--key", "log.key", "--every", "5"], "not a period"),
        (["checkpoint", "--key", "log.key", "--post", "ftp://x"], "not an http address"),
        (["prove"], "give either an order or --event"),
        (["prove", "C-1", "--event", "3"], "give either an order or --event"),
        (["verify", "--witness", "log.key.pub"], "--witness needs --key"),
        (["forget", "--evidence-of", "C-1"], "--reason"),
        (["bundle", "b.zip", "--account", "sim:main", "--from", "someday"], "yesterday"),
    ],
)
def test_wrong_usage_is_refused(store: Path, arguments: list[str], said: str) -> None:
    orderledger(store, "keygen", "log.key")
    (store / "bad.key").touch(0o600)
    (store / "bad.key").write_text("PRIVATE+KEY+desk+00000000+AAAA")
    before = sorted(path.name for path in store.iterdir())
    done = orderledger(store, *arguments)
    assert done.status == 2 and said in done.err
    assert sorted(path.name for path in store.iterdir()) == before


def test_a_key_that_others_can_read_is_refused(store: Path) -> None:
    orderledger(store, "keygen", "log.key")
    (store / "log.key").chmod(0o640)
    done = orderledger(store, "checkpoint", "--key", "log.key")
    assert done.status == 2 and "may be used by others (mode 0640)" in done.err


class Received(http.server.BaseHTTPRequestHandler):
    notes: list[str] = []  # noqa: RUF012  (read by the test)

    def do_POST(self) -> None:
        self.notes.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.mark.slow
def test_checkpoints_go_to_a_webhook_and_a_command_while_the_log_grows(
    store: Path, orderledger_command: Path
) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Received)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    orderledger(store, "keygen", "log.key", "--name", "desk")
    targets = [
        "--out",
        "checkpoint.txt",
        "--post",
        f"http://127.0.0.1:{server.server_port}",
        "--run",
        "cat >> all.txt",
    ]
    arguments = [
        str(orderledger_command),
        "checkpoint",
        "--key",
        "log.key",
        "--every",
        "1s",
        "--db",
        "orders.db",
        *targets,
    ]
    with subprocess.Popen(arguments, cwd=store, stderr=subprocess.PIPE, text=True) as process:
        wait_for(
            lambda: (store / "all.txt").exists() and "desk\n12\n" in (store / "all.txt").read_text()
        )
        with opened(f"sqlite:///{store}/orders.db", update_views=False) as ledger:
            ledger.record_many(parsed(*lives(2, "a/b")))
            last = ledger.status()["position"]
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = process.stderr.read()
    server.shutdown()
    server.server_close()
    assert (process.returncode, said) == (0, "")
    assert (store / "checkpoint.txt").read_text().startswith(f"desk\n{last}\n")
    assert [note.split("\n")[1] for note in Received.notes] == ["12", str(last)]
    assert (store / "all.txt").read_text() == "".join(Received.notes)


def wait_for(is_so: Any) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
