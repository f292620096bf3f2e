"""More like this: one vector per frame, what made it, and which frames are near each other.

`embed_locally` and `embed_at_endpoint` (embed) write vectors into a folder of the workspace; `current_vectors`
(vectors) opens them, `alike_frames` (more_like) answers, `stack_of_each` (more_like) puts near-duplicates together and
`keep_stacks` (kept_stacks) leaves them in the store.
This room knows nothing of levels, reviews or screens.
"""
