"""Is a model good, do people agree, and how sure are we: metrics, intervals and reports.

Reads the store and snapshots through `data`; never imports `training` or `annotator`, and loads no model.
"""
