"""Scenarios that the data lacks: the catalogue, clips and specifications for a generator, and what comes back.

`plan_clips`, `take_in`, `criticise` and `judge_clip` are the use cases. A generated frame never inherits a level.
"""
