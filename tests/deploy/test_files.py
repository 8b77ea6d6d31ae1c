"""The files in `deploy` parse, say what they should, and every command line in them is one that the
command line takes.

No container is built here: `make test-image` does.
"""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from orderledger.cli import main
from orderledger.venues.collecting.settings import CollectSettings
from tests.docs.reading import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGE = REPOSITORY / "docs/how-to/run-as-a-service.md"
LATER = {"serve", "health"}
"""Commands that a version without the service does not have."""
CALL = re.compile(
    r"(?:[\s`]|/bin/)(?:orderledger|docker compose run --rm collect) +([a-z][^\n`|>]*)"
)
SERVICE_FIELDS = {
    "image", "build", "restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt",
    "stop_grace_period", "depends_on",
    "environment", "command", "volumes", "ports", "shm_size", "healthcheck", "ulimits",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace(
        "\\\n", " "
    )
    return [
        (line.split(None, 1)[0], line.split(None, 1)[1])
        for line in text.splitlines()
        if line.strip()
    ]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of the section [Service], and all their values."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE))
    return {name: value.split() for name, value in parser["Service"].items()}


def command_lines() -> list[tuple[str, list[str]]]:
    """Every call of `orderledger` in these files and on the page about them, without the name of
    the program."""
    found = [
        ("Dockerfile", json.loads(rest.partition("CMD")[2])[1:])
        for name, rest in instructions()
        if name == "HEALTHCHECK"
    ]
    services = compose()["services"]
    found += [
        (f"compose.yaml {name}", service["command"])
        for name, service in services.items()
        if "command" in service
    ]
    found += [(path.name, unit(path)["ExecStart"][1:]) for path in UNITS]
    lines = CALL.findall(PAGE.read_text(encoding="utf-8"))
    return found + [(f"{PAGE.name}: {line}", shlex.split(line)) for line in lines]


@pytest.mark.parametrize(
    ("where", "arguments"),
    command_lines(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_command_line_is_one_that_the_command_line_takes(
    where: str, arguments: list[str]
) -> None:
    name, *rest = arguments
    if name in LATER - set(main.commands):
        pytest.skip(f"this version has no `orderledger {name}`")
    command = main.commands[name]
    with click.Context(command) as context:
        given, left, _ = command.make_parser(context).parse_args(list(rest))
    assert left == []
    missing = [
        known.name
        for known in command.params
        if known.required and given.get(known.name or "") is None
    ]
    assert missing == [], where


def test_there_are_command_lines_in_every_file() -> None:
    where = [where.partition(":")[0] for where, _ in command_lines()]
    assert {
        "Dockerfile",
        "compose.yaml collect",
        "compose.yaml serve",
        *(path.name for path in UNITS),
        PAGE.name,
    } <= set(where)


def test_the_image_is_built_from_the_wheel_and_runs_without_root() -> None:
    found = instructions()
    assert [rest.split()[0] for name, rest in found if name == "FROM"] == [
        "python:${PYTHON}-slim"
    ] * 2
    last = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    final = dict(found[last:])
    assert final["USER"] == "10001:10001"
    assert json.loads(final["ENTRYPOINT"]) == ["orderledger"]
    assert all("--from=build" in rest for name, rest in found[last:] if name == "COPY")
    sources = [
        source for name, rest in found[:last] if name == "COPY" for source in rest.split()[:-1]
    ]
    assert [source for source in sources if not (REPOSITORY / source).exists()] == []
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    assert {line[1:] for line in ignored if line.startswith("!")} == {
        source.removeprefix("./") for source in sources
    }


def test_the_image_has_every_extra_that_an_operator_needs() -> None:
    (extras,) = (
        rest.partition("=")[2].split(",")
        for name, rest in instructions()
        if name == "ARG" and rest.startswith("EXTRAS")
    )
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    left_out = {"fake", "keyring", "spark", "testing"}  # no keyring there, and Spark needs Java
    assert set(extras) == set(declared) - left_out


def test_the_image_is_installed_by_the_lock_and_by_the_uv_of_the_makefile() -> None:
    """Not by pip: ccxt and lighter-sdk need versions of urllib3 that only the overrides in
    pyproject.toml bring together."""
    (version,) = re.findall(
        r"^UV_VERSION := (\S+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE
    )
    assert ("ARG", f"UV={version}") in instructions()
    (installed,) = (rest for name, rest in instructions() if name == "RUN" and "${EXTRAS}" in rest)
    wanted = ["uv pip install", "--constraint requirements.lock", "--compile-bytecode"]
    assert [part for part in wanted if part not in installed] == []
    lock = (REPOSITORY / "requirements.lock").read_text()
    assert lock.count("--hash=sha256:") > 100


def test_compose_has_the_fields_that_it_should_and_no_port_to_the_world() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "collect", "serve"}
    for name, service in services.items():
        assert set(service) <= SERVICE_FIELDS, name
        assert service["restart"] == "unless-stopped"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        if name != "postgres":
            assert service["read_only"] and service["cap_drop"] == ["ALL"]
            assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert {volume.partition(":")[0] for volume in services["postgres"]["volumes"]} == set(
        compose()["volumes"]
    )
    assert "password" not in (DEPLOY / "collect.example.toml").read_text()


def test_the_settings_of_the_collector_are_settings(tmp_path: Path) -> None:
    settings = CollectSettings.read(DEPLOY / "collect.example.toml")
    assert settings.db == compose()["services"]["collect"]["environment"]["ORDERLEDGER_DB"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_no_fault_in_a_unit(path: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("this machine has no systemd-analyze")
    here = tmp_path / path.name.replace("@", "@main")
    here.write_text(path.read_text().replace("/opt/orderledger/bin/orderledger", "/bin/true"))
    done = subprocess.run(
        [program, "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert (
        done.returncode,
        [line for line in done.stderr.splitlines() if path.stem.partition("@")[0] in line],
    ) == (0, [])
    rated = [program, "security", "--offline=true", "--threshold=25", str(here)]
    done = subprocess.run(rated, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_restarted_unless_a_setting_is_wrong(path: Path) -> None:
    found = unit(path)
    assert (found["Restart"], found["RestartPreventExitStatus"], found["User"]) == (
        ["on-failure"],
        ["2"],
        ["orderledger"],
    )


def test_only_the_main_process_of_a_unit_is_told_to_stop() -> None:
    """Else the process that updates the views ends before the collector, which then warns of it at
    every stop."""
    assert {path.name: unit(path)["KillMode"] for path in UNITS} == {
        path.name: ["mixed"] for path in UNITS
    }


def test_the_service_may_read_what_the_metrics_of_the_process_are_made_of() -> None:
    """prometheus_client makes them from /proc/stat, which ProcSubset=pid hides: the panel of memory
    and CPU was empty."""
    (service,) = (path for path in UNITS if path.stem == "orderledger-serve")
    assert "ProcSubset" not in unit(service)


def test_the_container_of_the_service_is_healthy_if_its_server_answers() -> None:
    program, code = compose()["services"]["serve"]["healthcheck"]["test"][1::2]
    assert program == "python" and "/health/live" in code
    compile(code, "compose.yaml", "exec")
