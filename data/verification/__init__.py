"""What reviews and adjudications of a frame add up to: verified, contested or awaiting.

`verify` is the policy (pure), `refresh_statuses` keeps the store in step, `each_verified` reads the result. Knows
nobody by name and no screen.
"""
