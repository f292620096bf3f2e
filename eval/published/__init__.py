"""The paper's printed figures against its own confusion matrices.

`check_published` is the way in. Knows nothing of our runs.
"""
