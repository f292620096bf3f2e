"""A nuScenes dataroot as scenes, keyframes and boxes in view.

`read_scenes` is the way in. The only room that knows nuScenes' tables, tokens and coordinate frames; it writes
nothing and does not know the store.
"""
