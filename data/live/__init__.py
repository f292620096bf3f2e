"""The record of live feeds: watches, alerts, operators' answers, frames that come back into review.

`start_watch`, `answer_alert`, `acknowledge`, `hand_over`, `read_shift` and `return_frame` are the use cases. Knows no
camera and no model; the monitor does.
"""
