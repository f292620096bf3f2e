"""Which street scenes the demo consists of, and what happens in each, second by second.

`scenes` lists them, `casting` puts road users in. Knows nothing of drawing.
"""
