"""Snapshots: verified frames and preference pairs, frozen into a hashed folder.

`freeze`, `preview`, `load_snapshot`, `diff_snapshots` and `trace` are the use cases; `refuse_leaks` keeps train and
held-out apart. Knows nothing of training.
"""
