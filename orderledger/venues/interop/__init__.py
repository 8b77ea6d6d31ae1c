"""Objects of other trading frameworks, translated to messages: pure functions that import nothing
of those frameworks."""
