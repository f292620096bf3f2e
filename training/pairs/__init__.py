"""A snapshot's preference pairs as batches of tensors: checked, tokenised, packed behind one picture.

`load_pairs` and `PackedPairCollator` are the ways in. Knows no loss.
"""
