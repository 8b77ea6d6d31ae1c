"""The kinds of brokers."""

from orderledger.analytics.relay.sink import Sink
from orderledger.analytics.relay.target import Target


def sink_of(target: Target) -> Sink:
    """The connection to a target, not opened yet."""
    if target.kind == "nats":
        from orderledger.analytics.relay.nats import NatsSink

        return NatsSink(target)
    from orderledger.analytics.relay.kafka import KafkaSink

    return KafkaSink(target)
