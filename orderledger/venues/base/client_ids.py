"""`ClientIds`: the client id sent to a venue for one of our orders, if the venue does not accept
every id.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

HASHED = re.compile(r"h_[0-9a-f]{30}", re.ASCII)
"""120 bits of a hash: short enough for all venues, and made of letters, digits and `_` only."""


@dataclass(frozen=True, slots=True)
class ClientIds:
    """The ids that a venue accepts: `fits` must match the whole id."""

    fits: re.Pattern[str]

    def of(self, client_order_id: str) -> str:
        """Our id if the venue accepts it, else `h_` and its hash, which is the same in every
        process. Two ids never share a hash: an id that looks like one is hashed itself.
        """
        if self.fits.fullmatch(client_order_id) and not HASHED.fullmatch(client_order_id):
            return client_order_id
        return f"h_{sha256(client_order_id.encode()).hexdigest()[:30]}"
