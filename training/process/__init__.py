"""The process a run lives in: memory, other processes, output, progress, early warnings.

`warning_signs` is a pure rule over the log. Knows no model.
"""
