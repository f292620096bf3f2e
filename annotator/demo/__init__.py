"""The demo and the walkthrough: a workspace with something on every screen, and the whole loop unattended.

`build_demo` and `run_walkthrough` are the use cases. Scripted reviewers go through the same functions as people.
"""
