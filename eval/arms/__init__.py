"""Arms of a comparison side by side: what each model misses at its own point and at equal false calls, how well it
ranks, and the differences by scene.

`folder` reads what `training.arms` left, `figures` computes, `report` writes the table and the picture.
"""
