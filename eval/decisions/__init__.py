"""A model's decision, fitted on its snapshot's development part and kept beside its weights.

`decide_for_model` is the use case. Knows no guarantee: that is the room beside this one.
"""
