"""Verified levels of the training side that may be wrong, and what else a level could be told from.

`training_levels` (evidence) reads the levels with what speaks for others; `suspicious_levels` (ranking) ranks them;
`write_suspicions` and `current_suspicions` (kept) keep the ranking in the workspace; `read_traits` (traits) reads what
a level should not depend on alone. A suspicion is a reason to look again, never a verdict.
"""
