"""Where events are published: nats://host:4222/SUBJECT or kafka://host:9092/TOPIC."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from orderledger import InvalidSetting
from orderledger.extend.runtime import secrecy

DEFAULT_NAME = "orderledger"
NAME = re.compile(r"[A-Za-z0-9_-]+")
PORTS = {"nats": 4222, "kafka": 9092}


@dataclass(frozen=True, slots=True)
class Target:
    """`servers`: host:port each. `name`: the first word of all subjects, or the topic. `settings`:
    further settings of the client library for Kafka."""

    kind: str
    servers: tuple[str, ...]
    name: str
    user: str | None = None
    password: str | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def public(self) -> str:
        """The URL without a password."""
        return f"{self.kind}://{','.join(self.servers)}/{self.name}"


def target_of(url: str) -> Target:
    """Parse the URL of a target. Raises InvalidSetting."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise InvalidSetting(
            "TARGET", "must be nats://host:4222/SUBJECT or kafka://host:9092/TOPIC"
        )
    secret, _, hosts = parts.netloc.rpartition("@")
    user, _, password = secret.partition(":")
    secrecy.learn(unquote(password))
    servers = tuple(_server(host, PORTS[parts.scheme]) for host in hosts.split(","))
    name = parts.path.strip("/") or DEFAULT_NAME
    if not NAME.fullmatch(name):
        raise InvalidSetting("TARGET", f"{name!r} is not a name of letters, digits, - and _")
    settings = dict(parse_qsl(parts.query))
    if parts.scheme == "nats" and settings:
        raise InvalidSetting(
            "TARGET", f"{next(iter(settings))} is not allowed: a NATS target takes no settings"
        )
    for setting, value in settings.items():
        if "password" in setting or "secret" in setting:
            secrecy.learn(value)
    return Target(
        parts.scheme, servers, name, unquote(user) or None, unquote(password) or None, settings
    )


def _server(text: str, port: int) -> str:
    host, _, given = (
        text.rpartition(":") if ":" in text and not text.endswith("]") else (text, "", "")
    )
    if not host or (given and not given.isdecimal()):
        raise InvalidSetting("TARGET", f"{text!r} is not a host or host:port")
    return f"{host}:{given or port}"
