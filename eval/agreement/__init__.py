"""Do annotators agree: chance-corrected coefficients with intervals over scenes.

The coefficients can be imported from here by name; `agreement` (in `from_store`) computes them for a store. Counts
independent ratings only, and never an assisted one.
"""
