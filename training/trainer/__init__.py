"""TODO: one sentence: what this room is for."""
