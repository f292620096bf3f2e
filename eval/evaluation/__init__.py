"""Runs against verified held-out frames: everything a report shows, as data.

`evaluate_runs` reads the store, `evaluate` computes, `Evaluation` is the result. Knows no HTML.
"""
