"""The same model asked about the same frames with the picture taken away, exchanged or spoilt.

`probe_run` is the use case, `arms_named` says which questions there are. Answers are kept in tables of their own, which
nothing but reports and the grid's own filter reads: to everything else a probe is not a run. Nothing here knows a
verified level.
"""
