"""When the unreviewed frames may be trusted: an anytime-valid bound on their miss rate.

`certify` says what a lot proves (pure), `trust` reads the store's audits. Knows no model: only what
blind reviewers found.
"""
