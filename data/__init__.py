"""What is known about frames: the words of the domain, the store, and the doors to datasets and models.

Start with `vocabulary`, then `verification`. Everything here serves annotators, trainers and operators alike; it
imports none of the other packages, no torch and no Streamlit.
"""
