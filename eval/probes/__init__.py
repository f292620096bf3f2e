"""Does a run's model look at the pictures? What probes of it say, by arm and by duty, and where it looks.

`read_probes` is the use case. Levels are those that the model wrote, with and without its picture: a fitted decision is
applied to neither.
"""
