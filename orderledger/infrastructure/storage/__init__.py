"""The log and the views in a database: the eventsourcing application, its recorders, the codec, the
tables of the views."""
