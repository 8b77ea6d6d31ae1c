"""Ed25519 keys in the text form of C2SP signed notes, and notes signed with them."""

import os
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orderledger import InvalidSetting
from orderledger.audit.proof.verifier import DASH, ED25519, key_id
from orderledger.extend.runtime import files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE = "PRIVATE+KEY+"


class SigningKey(NamedTuple):
    """A private key. `public` is the text of its public key."""

    name: str
    public: str
    private: "Ed25519PrivateKey"

    def signed(self, body: str) -> str:
        """The note with this text, which ends with a line feed, signed."""
        identity = bytes.fromhex(self.public.split("+")[1])
        signature = b64encode(identity + self.private.sign(body.encode())).decode()
        return f"{body}\n{DASH}{self.name} {signature}\n"


def generate(path: Path, name: str | None = None) -> str:
    """Write a new private key to `path`, readable by its owner only, and the public key to
    `path`.pub. Overwrites nothing.

    `name` is the name of the log in its checkpoints. Returns the text of the public key.
    """
    private = _ed25519().generate()
    seed, raw = private.private_bytes_raw(), private.public_key().public_bytes_raw()
    name = _checked_name(name or f"orderledger-{key_id('orderledger', raw).hex()}")
    public = _public_text(name, raw)
    identity = key_id(name, bytes([ED25519]) + raw).hex()
    secret = f"{PRIVATE}{name}+{identity}+{b64encode(bytes([ED25519]) + seed).decode()}"
    beside = path.with_name(path.name + ".pub")
    if beside.exists():
        raise InvalidSetting(str(beside), "exists already, and is not overwritten")
    _write_new(path, secret, 0o600)
    try:
        _write_new(beside, public, 0o644)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return public


def load(path: Path) -> SigningKey:
    """Load a private key. Raises InvalidSetting if others may read its file, or if it is not a
    key."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            str(path), f"cannot be read: {getattr(error, 'strerror', None) or 'no text'}"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InvalidSetting(
            str(path), f"may be used by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}"
        )
    try:
        name, identity, encoded = (
            text.removeprefix(PRIVATE).split("+", 2) if text.startswith(PRIVATE) else ("", "", "")
        )
        data = b64decode(encoded, validate=True)
        private = _ed25519().from_private_bytes(data[1:])
    except ValueError as error:
        raise InvalidSetting(str(path), "is not a private key of `orderledger keygen`") from error
    public = _public_text(_checked_name(name), private.public_key().public_bytes_raw())
    if data[0] != ED25519 or public.split("+")[1] != identity:
        raise InvalidSetting(
            str(path), "is not a private key of `orderledger keygen`: its id does not match"
        )
    return SigningKey(name, public, private)


def _public_text(name: str, raw: bytes) -> str:
    data = bytes([ED25519]) + raw
    return f"{name}+{key_id(name, data).hex()}+{b64encode(data).decode()}"


def _checked_name(name: str) -> str:
    if (
        not name
        or "+" in name
        or not name.isprintable()
        or any(c.isspace() for c in name)
        or len(name) > 200
    ):
        raise InvalidSetting(
            "name",
            f"{name!r:.100} is not a name of a key: 1 to 200 printable characters without spaces "
            "and +",
        )
    return name


def _write_new(path: Path, text: str, mode: int) -> None:
    with files.written(path):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise InvalidSetting(str(path), "exists already, and is not overwritten") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        files.sync_folder(path.parent)


def _ed25519() -> "type[Ed25519PrivateKey]":
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise InvalidSetting(
            "checkpoint", "cryptography is not installed: pip install 'orderledger[proof]'"
        ) from None
    return Ed25519PrivateKey
