"""From level probabilities to a level: a decision, the curve that it was chosen from, and the file it is kept in.

`operating_points`, `fit_thresholds` and `read_decision` are the ways in. Knows neither models nor the store.
"""
