"""People: accounts, roles, permissions, sign-ins, and how each wants the review card.

`add_person`, `sign_in` and `sign_in_identified` are the use cases; `require` answers who may do what. Knows nothing
of frames.
"""
