"""Situations instead of frames: was each called in time, how soon, and how often was there a call for nothing.

`find_episodes` and `event_figures` are pure, `events_of_runs` reads the store. Knows nothing of single frames' figures.
"""
