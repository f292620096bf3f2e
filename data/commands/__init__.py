"""The commands of the data package: parse, call one use case, print.

`mounted` is what the `teletriage` command mounts. No rule, no SQL and no formula stands here.
"""
