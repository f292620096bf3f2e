"""Read models for people who look at the work: progress, forecast, contested frames, a frame's history.

`progress`, `forecast`, `contested_frames`, `frame_view`, `own_record` and `reviews_today` answer screens. Reads
only; it never writes.
"""
