"""What comes next: frames by the safety cost that a review is expected to remove.

`scores` is the rule (pure), `rank_frames` puts it into the store. The reason for a frame's place is shown to leads
and never to annotators.
"""
