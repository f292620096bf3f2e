"""Erasing pictures: a frame, a scene or a feed loses its pictures everywhere in the workspace, and nothing shows it
again.

`erase` is the use case: one audited act, then the files; whatever stops it, the same call finishes it. `reach` finds
what an act covers, `files` decides which files go, `holders` names what still holds a picture and is never edited.
What people and models said stays, and so do hashes. Files of a dataroot outside the workspace are never touched.
Knows no screen.
"""
