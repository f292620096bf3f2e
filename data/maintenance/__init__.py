"""Keeping a store alive: backup, restore, copy, check, export.

`write_backup`, `restore_backup`, `copy_store`, `check_store`, `verify_trail`, `keep_head` and `write_parquet` are the
use cases.
Knows rows and hashes, not what they mean.
"""
