"""A frame's moment: the seconds before it as pictures, what other cameras saw, and the data set's boxes.

`moment_before`, `boxes_of_frame` and `cameras_of_frame` read; `MomentFiles` looks up, once per data set, what the store
does not keep. Knows no proposal, no review and no person: who may see what is asked by whoever calls.
"""
