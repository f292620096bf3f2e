"""Frames in the store: ingest, cues, the split by scene and the biased draw.

`ingest` and `sample_frames` are the use cases. Knows no proposal, no review and no level: a frame is drawn before
anybody has judged it.
"""
