"""What people want to know, as pure folds of the log. Knows no database."""
