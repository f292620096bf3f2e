"""Which file everybody is shown of a frame, and which files lie beside it.

`shown_pictures` and `shown_picture` say it for everybody; nothing else joins a dataroot and the name of a picture. Of a
picture that was blurred it is the copy: `blurred_copies`.
Knows no person, no proposal and no level.
"""
