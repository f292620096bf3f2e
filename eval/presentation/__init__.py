"""How figures and untrusted text are written in a report, and the style sheet they share.

Knows no formula: it gets values and gives words.
"""
