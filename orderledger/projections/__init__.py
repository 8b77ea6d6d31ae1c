"""The read models, as pure folds of the log, independent of any database."""
