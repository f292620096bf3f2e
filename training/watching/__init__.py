"""What a model decides while it is trained: looks at the development part, the best of them, and when to stop.

`DecisionWatch` is the callback, `decision_figures` and `best_look` the pure rules. Knows no loss.
"""
