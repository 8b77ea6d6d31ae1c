"""The gateway: sends orders safely, survives restarts, keeps within limits."""
