"""What all venue adapters share."""
