"""A threshold on P(TELEOPERATION) with a guarantee, and the test that withdraws it when live frames speak against it.

`choose_threshold` and `evidence` are pure, `decide` reads a run on the development part, `follow_guarantee` looks at
frames that came back from live feeds. Knows no feed and no screen.
"""
