"""How many camera feeds at a fixed frame rate an endpoint holds.

`measure_throughput` is the use case. Judges no answer's level: only whether it came in time and in form.
"""
