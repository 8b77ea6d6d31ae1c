"""Objects of other trading frameworks, translated to messages: pure functions that do not import
those frameworks.
"""
