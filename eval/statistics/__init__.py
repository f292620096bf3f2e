"""Rates, scores, intervals and tests for any count: nothing here knows a level or a frame.

`scene_share` bounds a share of frames that come in scenes, `sign_flip` tests a paired difference over scenes; `wilson`,
`clopper_pearson` and `holm` are textbook, the bootstrap resamples whole scenes.
"""
