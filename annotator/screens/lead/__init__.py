"""The lead's screens: what needs a lead now, contested frames, people's answers, the guideline.

`overview` is home, `adjudicate` settles, `guideline` publishes versions; `rejected_clips` and `pauses` are parts that
other screens show. Knows no rule: each draws what a use case returns.
"""
