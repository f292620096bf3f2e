"""The monitor: live feeds, a model asked about them, alerts for an operator. It watches; nothing here reaches a
vehicle, and when it fails it says *manual monitoring* instead of guessing.

`rules` decide, `sources` bring pictures, `watching` runs, `console` shows.
"""
