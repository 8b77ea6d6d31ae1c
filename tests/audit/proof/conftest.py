"""A key for checkpoints, and ledgers that have one."""

from pathlib import Path

import pytest

from orderledger.audit.proof.keys import generate


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "log.key"
    generate(path, "desk.example/orders")
    return path


@pytest.fixture(scope="session")
def public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text()
