"""The container engine of this machine: Docker's or podman, with the options that the environment
adds."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.docs.reading import REPOSITORY

NAME = "orderledger-test"
"""Of the image, and the beginning of the names of containers and volumes."""
HARDENED = (
    "--read-only",
    "--tmpfs",
    "/tmp",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
)
"""What compose.yaml sets for each container of the package."""

WHAT_TO_DO = """\
make test-image needs a container engine that runs: Docker's, or podman
(Debian: apt-get install podman buildah runc).
ORDERLEDGER_IMAGE_ENGINE="podman --runtime runc" names the engine and its options.
ORDERLEDGER_IMAGE_BUILD and ORDERLEDGER_IMAGE_RUN add options to each build and run, such as
--network host or mounts of certificates and pip settings.

Where no registry can be reached, make the base image yourself, as root
(Debian: apt-get install debootstrap):

    debootstrap --variant=minbase --include=ca-certificates,python3.13-venv,python3-pip trixie base
    rm base/usr/lib/python3*/EXTERNALLY-MANAGED
    ln -s /usr/bin/python3.13 base/usr/local/bin/python
    ln -s /usr/bin/pip3 base/usr/local/bin/pip
    tar -C base -c . | podman import - docker.io/library/python:3.13-slim
"""


class NoEngineError(Exception):
    """This machine has no container engine that runs."""


def engine() -> list[str]:
    given = os.environ.get("ORDERLEDGER_IMAGE_ENGINE")
    for words in [shlex.split(given)] if given else [["docker"], ["podman"]]:
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "info"], capture_output=True, check=False).returncode == 0
        ):
            return words
    raise NoEngineError(WHAT_TO_DO)


def call(*arguments: str, text: str = "", status: int | None = 0) -> str:
    """What the engine prints, if it ends with this status. None: with any."""
    done = subprocess.run(
        [*engine(), *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert status in {None, done.returncode}, (
        f"{arguments}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout


def build() -> None:
    added = shlex.split(os.environ.get("ORDERLEDGER_IMAGE_BUILD", ""))
    call(
        "build",
        *added,
        "--file",
        str(REPOSITORY / "deploy/Dockerfile"),
        "--tag",
        NAME,
        str(REPOSITORY),
    )


def run(
    *arguments: str, options: tuple[str, ...] = (), text: str = "", status: int | None = 0
) -> str:
    """What a command of the image prints, in a container without network that is removed at its
    end."""
    return call(
        "run",
        "--rm",
        "--interactive",
        "--network",
        "none",
        *_options(options),
        NAME,
        *arguments,
        text=text,
        status=status,
    )


def start(name: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
    """The name of a container that runs on."""
    call("run", "--detach", "--name", f"{NAME}-{name}", *_options(options), NAME, *arguments)
    return f"{NAME}-{name}"


def _options(options: tuple[str, ...]) -> tuple[str, ...]:
    return (*shlex.split(os.environ.get("ORDERLEDGER_IMAGE_RUN", "")), *HARDENED, *options)


def stop(container: str) -> int:
    """Ask a container to end, as compose.yaml does. Returns its exit status: 137 if it had to be
    killed."""
    call("stop", "--time", "60", container)
    return int(call("inspect", "--format", "{{.State.ExitCode}}", container))


def settings_file(folder: Path, name: str, text: str) -> tuple[str, ...]:
    """The options that mount a file for the user of the image alone."""
    path = folder / name
    path.write_text(text)
    os.chown(path, 10001, 10001)
    path.chmod(0o600)
    return ("--volume", f"{path}:/etc/orderledger/{name}:ro")
