"""Which scenarios of the catalogue the verified frames lack, and where one more hundred would help most.

`coverage` is the way in. Knows nothing of generators.
"""
