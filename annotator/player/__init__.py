"""A frame's moment in the browser: the seconds before it, the data set's boxes and the other cameras.

`moment_told`, `boxes_told` and `cameras_told` say what there is with addresses for one person; `script` and `style`
are the one player that the card, Adjudicate and Frames share. Whoever calls has asked whether the person may see it.
"""
