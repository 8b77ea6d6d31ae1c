"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from orderledger.infrastructure.errors import InvalidSetting


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, sync it, and give it its name. A crash leaves the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidSetting(str(path), f"cannot be written: {error.strerror}") from error
