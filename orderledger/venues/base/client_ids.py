"""`ClientIds`: the client id that a venue is sent for an order of ours, where it does not take
every id."""

import re
from dataclasses import dataclass
from hashlib import sha256

HASHED = re.compile(r"h_[0-9a-f]{30}", re.ASCII)
"""120 bits of a hash: short enough for all venues, and with nothing but letters, digits and `_`."""


@dataclass(frozen=True, slots=True)
class ClientIds:
    """The ids that a venue takes: `fits` matches all of one."""

    fits: re.Pattern[str]

    def of(self, client_order_id: str) -> str:
        """Our id where the venue takes it, else `h_` and its hash: the same in every process. Two
        ids never share one: an id that looks like such a hash is hashed itself."""
        if self.fits.fullmatch(client_order_id) and not HASHED.fullmatch(client_order_id):
            return client_order_id
        return f"h_{sha256(client_order_id.encode()).hexdigest()[:30]}"
