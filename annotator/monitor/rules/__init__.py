"""The monitor's rules, all pure: levels over time, alerts, whom to ask next, when to stop trusting.

`answered`, `change_of`, `next_feed` and `manual_reason` are the decisions, `Limits` holds their numbers. Knows no
clock, no camera and no store.
"""
