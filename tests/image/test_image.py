"""The image of deploy/Dockerfile, built and run as compose.yaml runs it: without root, on a
read-only root file system."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.reading import REPOSITORY
from tests.image import engine
from tests.image.engine import NAME, call, run, settings_file, start, stop

pytestmark = pytest.mark.image

DATA = f"{NAME}-data"
STORED = ("--volume", f"{DATA}:/var/lib/orderledger")
MODULES = (
    "apprise, ccxt, confluent_kafka, cryptography, duckdb, hyperliquid, ibflex, lighter, nats, "
    "pyarrow, starlette, uvloop"
)
FILL = {
    "type": "fill", "account": "sim:main", "client_order_id": "Ä-1", "fill_id": "F-1",
    "instrument": "BTC-USD", "side": "buy",
    "quantity": "1", "price": "64000", "at": "2026-11-20T09:00:00Z",
}  # fmt: skip
TOKENS = '[[tokens]]\nname = "probe"\ntoken = "a-long-random-text-of-this-test"\nroles = ["read"]\n'


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    engine.build()


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    clear()
    yield
    clear()


def clear() -> None:
    for name in ("collect", "serve", "venue"):
        call("rm", "--force", f"{NAME}-{name}", status=None)
    call("volume", "rm", "--force", DATA, status=None)


def test_the_user_is_not_root_and_owns_the_folder_of_the_store_alone() -> None:
    said = run("-c", "id -u; stat -c '%u %a' .; touch /x", options=("--entrypoint", "sh"), status=1)
    assert said.split("\n")[:2] == ["10001", "10001 700"]


def test_every_extra_time_zones_and_utf8_are_in_the_image() -> None:
    code = (
        f"import sys, zoneinfo, {MODULES}; print(zoneinfo.ZoneInfo('America/New_York'), "
        "sys.stdout.encoding)"
    )
    assert run("-c", code, options=("--entrypoint", "python")).split() == [
        "America/New_York",
        "utf-8",
    ]


def test_the_demo_runs() -> None:
    assert run("demo").rstrip().endswith("the venue and the ledger say the same.")


def test_a_ledger_in_a_volume_outlives_its_containers() -> None:
    run("health", options=STORED, status=3)
    run("record", "-", options=STORED, text=json.dumps(FILL, ensure_ascii=False))
    assert run("health", options=STORED) == "ready\n"
    (row,) = map(json.loads, run("trades", "--json", options=STORED).splitlines())
    assert (row["client_order_id"], row["quantity"]) == ("Ä-1", "1")
    assert "agree" in run("check", options=STORED)


def test_a_collector_ends_cleanly_when_it_is_stopped_and_loses_nothing_when_it_is_killed(
    tmp_path: Path,
) -> None:
    collector = a_collector(tmp_path)
    first = position_after(collector, 50)
    assert stop(collector) == 0
    assert "agree" in run("check", options=STORED)
    call("start", collector)
    second = position_after(collector, first + 50)
    call("kill", "--signal", "KILL", collector)
    assert int(run("check", options=STORED).split()[0]) >= second
    call("start", collector)
    position_after(collector, second + 50)
    assert stop(collector) == 0
    assert "views_not_kept" not in call("logs", collector)


def a_collector(folder: Path) -> str:
    """A collector that listens to a venue in the same network, which has no other machines."""
    code = ("hyperliquid", "--port", "9700", "--every", "0.05")
    venue = start(
        "venue",
        "-m",
        "orderledger.simulation",
        *code,
        options=("--network", "none", "--entrypoint", "python"),
    )
    within(90, lambda: "accounts" in call("logs", venue))
    printed = call("logs", venue)
    told = printed[printed.index("db = ") :].replace("fake.db", "/var/lib/orderledger/orders.db")
    mounted = settings_file(folder, "collect.toml", told)
    joined = ("--network", f"container:{venue}", *mounted, *STORED)
    return start("collect", "collect", "/etc/orderledger/collect.toml", options=joined)


def position_after(collector: str, least: int) -> int:
    """The log position, once it is greater than `least`."""
    found: list[int] = []

    def has_grown() -> bool:
        said = call("exec", collector, "orderledger", "status", "--json", status=None)
        found[:] = [json.loads(line).get("position") or 0 for line in said.splitlines()[:1]]
        return bool(found) and found[0] > least

    within(180, has_grown)
    return found[0]


def test_the_service_is_healthy_by_the_check_of_compose_and_ends_cleanly(tmp_path: Path) -> None:
    described = yaml.safe_load((REPOSITORY / "deploy/compose.yaml").read_text())["services"][
        "serve"
    ]
    run("record", "-", options=STORED, text=json.dumps(FILL))
    tokens = settings_file(tmp_path, "tokens.toml", TOKENS)
    words = [
        "serve",
        "--host",
        "0.0.0.0",
        "--tokens",
        "/etc/orderledger/tokens.toml",
        "--allow-host",
        "localhost",
    ]
    assert set(words) <= set(described["command"])
    service = start("serve", *words, options=("--network", "none", *tokens, *STORED))
    probe = described["healthcheck"]["test"][1:]
    within(90, lambda: not call_fails(service, probe))
    assert stop(service) == 0


def call_fails(container: str, words: list[str]) -> bool:
    try:
        call("exec", container, *words)
    except AssertionError:
        return True
    return False


def within(seconds: float, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.3)
