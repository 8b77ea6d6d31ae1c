"""The whole story in a minute: a process trades and is killed, the next one recovers, asks the venue and carries on."""
