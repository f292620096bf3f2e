"""Rates, scores, intervals and tests for any count: nothing here knows a level or a frame.

`wilson`, `clopper_pearson` and `holm` are textbook, the bootstrap and its resamples are over scenes.
"""
