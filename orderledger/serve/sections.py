"""The settings of `orderledger serve` in a settings file: the table `[serve]`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from orderledger.extend.messages import Identifier
from orderledger.extend.runtime import toml_files

Port = Annotated[int, Field(strict=True, ge=0, le=65_535)]


class ServeSection(toml_files.Table):
    """The table `[serve]`. An option of the command replaces its setting."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. Others than loopback need `tokens`.",
    )
    port: Port = Field(default=8350, description="Port, 0 for a free one.")
    allow_hosts: tuple[Identifier, ...] = Field(
        default=(), description="Names by which clients reach this server."
    )
    tokens: Path | None = Field(
        default=None, description="TOML file of the tokens that clients send, with mode 0600."
    )
    checkpoint_key: Path | None = Field(
        default=None, description="Private key of `orderledger keygen`, to sign checkpoints."
    )
    checkpoint_seconds: Annotated[float, Field(ge=1)] = Field(
        default=300.0, description="Time between two checkpoints."
    )
    checkpoint_out: Path | None = Field(
        default=None, description="Also write each checkpoint to this file."
    )


def contradictions(settings: ServeSection) -> Iterator[toml_files.Fault]:
    """Files of the table that `serve` could not read."""
    for name in ("tokens", "checkpoint_key"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            yield (name,), f"{path} is not a file"


def read_serve_section(path: Path) -> ServeSection:
    """The table `[serve]` of a file. Raises InvalidSetting with the first fault."""
    return toml_files.TomlFile.read(path).section("serve").parsed(ServeSection)
