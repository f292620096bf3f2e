"""Where a feed's pictures come from: cameras, videos, watched folders, replayed scenes.

`Camera`, `Folder` and `Replay` are sources, `read_feed_sheet` reads the list. Knows no level and no model.
"""
