"""What models answered: runs, proposals, and the ways to get them.

`propose_from_endpoint`, `propose_from_replies`, `propose_with_ray`, `write_batch` and `read_batch` are the use
cases. Proposals are never edited, and nothing here knows a review.
"""
