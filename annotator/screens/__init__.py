"""The app's screens. A screen asks the domain and draws; it decides nothing.

Each module has `show`. No SQL, rule or formula stands here.
"""
