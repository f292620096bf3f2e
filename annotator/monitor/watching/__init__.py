"""The running monitor: one event loop that asks, decides, alerts and writes down.

`run_monitor` is the use case. Nothing waits for the store: it is written behind what is shown.
"""
