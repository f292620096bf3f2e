"""The app around its screens: addresses with their groups and homes, and the answers to whoever asks for another one.

Knows no screen's code and reads no store.
"""
