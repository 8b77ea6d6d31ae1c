"""Routes that a package of somebody else adds to the service."""

import asyncio
from pathlib import Path

import pytest

from orderledger import InvalidSetting, Ledger
from orderledger.serve.app import make_app
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.tokens import Tokens
from tests.serve.http.harness import asked, client_of, day

READER = "reader-" + "r" * 20
PACKAGE = """
from starlette.responses import JSONResponse
from starlette.routing import Route

def routes(ledger):
    async def count(request):
        return JSONResponse({"orders": len(ledger.orders())})

    async def change(request):
        return JSONResponse({"changed": True})

    return [Route("/count", count), Route("/change", change, methods=["POST", "DELETE"])]
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    (folder / "routes_of_somebody.py").write_text(PACKAGE)
    about = folder / "routes_of_somebody-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: routes-of-somebody\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[orderledger.routes]\n{entry}\n")
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "somebody = routes_of_somebody:routes")


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger.open("memory://")
    ledger.record_many(list(day(3)))
    return ledger


@pytest.mark.usefixtures("installed")
def test_a_package_brings_routes_that_query_the_ledger(ledger: Ledger) -> None:
    count, unknown = asked(ledger, "/api/somebody/count", "/api/somebody/nothing")
    assert (count.status_code, count.json()) == (200, {"orders": 3})
    assert count.headers["x-content-type-options"] == "nosniff"
    assert unknown.status_code == 404


@pytest.mark.usefixtures("installed")
def test_routes_of_a_package_need_a_token_and_a_change_the_role_of_operators(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.toml"
    path.touch(mode=0o600)
    path.write_text(f'[[tokens]]\nname = "reader"\ntoken = "{READER}"\nroles = ["read"]\n')
    settings = ServiceSettings(tokens=Tokens.read(path))

    async def ask() -> list[int]:
        async with client_of(ledger, settings) as client:
            own = {"Authorization": f"Bearer {READER}"}
            requests = [
                client.get("/api/somebody/count"),
                client.get("/api/somebody/count", headers=own),
                client.post("/api/somebody/change", headers=own),
                client.delete("/api/somebody/change", headers=own),
            ]
            return [(await request).status_code for request in requests]

    assert asyncio.run(ask()) == [401, 200, 403, 403]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("broken = no_such_module:routes", "ModuleNotFoundError"),
        ("broken = routes_of_somebody:PACKAGE", "AttributeError"),
    ],
)
def test_a_package_whose_routes_cannot_be_made_is_named(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, fault: str
) -> None:
    install(tmp_path, monkeypatch, entry)
    with pytest.raises(InvalidSetting, match=f"broken: .* gives no routes: {fault}"):
        make_app(ledger, ServiceSettings())
