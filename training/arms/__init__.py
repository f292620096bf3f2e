"""Arms of a comparison: recipes and grids of their keys times seeds, trained on one snapshot and judged on one set.

`recipes` says which arms there are, `judging` reads a model's levels off the held-out frames, and `run` trains what is
not trained yet. What came out is compared by `eval.arms`, which reads the folder.
"""
