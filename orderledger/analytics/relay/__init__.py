"""Publishes the log to a message broker: NATS JetStream or Kafka."""
