"""Pictures and clips as files: is one whole, how dark or sharp is it, does it look like another.

`inspect_image` is the way in, `write_clip` and `read_frames` handle mp4 (alone with PyAV), `near_pairs` finds two
pictures of one view. Knows nothing of datasets or the store.
"""
