"""Text as it leaves the program: CSV cells, counts in words, addresses without passwords.

Pure functions over strings. Knows nothing of frames, people or the store.
"""
