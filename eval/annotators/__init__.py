"""How each annotator works: pace, agreement with peers, gold, automation bias.

`people_summary` is the way in. For leads; it never overrules anybody.
"""
