"""An evaluation as one HTML file, Markdown and JSON, and the reports of a workspace.

`write_report` is the way in. Computes no figure.
"""
