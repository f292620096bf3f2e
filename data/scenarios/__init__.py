"""Scenarios that the data lacks: the catalogue, clips and specifications for a generator, and what comes back."""
