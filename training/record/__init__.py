"""What stands beside a run: its folder, sealed checkpoints, provenance.

`write_provenance`, `seal` and `last_good` are the ways in. Knows nothing of how a model is trained.
"""
