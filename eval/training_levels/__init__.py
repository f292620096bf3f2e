"""What an evaluation says of the levels that models are trained on: those to look at again, and what they follow.

`training_level_figures` (from_store) reads and computes; `shortcut_figures` (shortcuts) tells how well a level is
predicted from brightness, location, hour or person alone.
"""
