"""What a run will do and need before it starts: checked inputs, steps, memory, time.

`plan_training` and `run_estimate` are the ways in. Loads no weights.
"""
