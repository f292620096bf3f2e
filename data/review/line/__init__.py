"""What decides who is served which frame, and how: modes, leases' time, and frames that a lead wants next.

`request_next` and `withdraw_next` (next_requests) are the use cases. Knows no rule of the order itself.
"""
