"""NVIDIA's PhysicalAI-Autonomous-Vehicles set: clips of twenty seconds as mp4 with Parquet tables beside them.

`PhysicalAI` is its source; `read_events` reads what the set says in words. Read without the set's own package.
"""
