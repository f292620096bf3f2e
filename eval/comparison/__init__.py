"""Two or more runs on the same frames: what differs, how surely, and whether a claim holds.

`compare_runs`, `same_over_escalation` and `held_against` are the ways in. Pure; knows no store.
"""
