"""What screens share: level chips, the page's head, safe text, tables with their CSV.

Knows no use case and reads no store.
"""
