"""The grid in which leads and trainers find frames: a component of html, css and js files, and its own routes.

`mount_grid` puts it on a page, `ROUTES` is what it talks to. Its address is the question (`data.find.question`); this
room decides nothing.
"""
