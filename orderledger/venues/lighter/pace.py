"""How often and how long the venue is asked and waited for."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class LighterPace:
    """The times of a connection.

    `rest_lag`: how long an order may be missing from REST. `ping_every`: seconds between pings.
    `quiet_for`: seconds without a frame after which the connection is closed. `confirm_within`: how
    long a subscription may go unconfirmed.
    """

    rest_lag: timedelta = timedelta(seconds=5)
    ping_every: float = 25.0
    quiet_for: float = 150.0
    confirm_within: timedelta = timedelta(seconds=30)
