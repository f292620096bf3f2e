"""What people do with frames: serving, reviewing, adjudicating, noting, auditing.

`lease_frames`, `submit_review`, `adjudicate`, `note_frame`, `send_back`, `open_audit`, `make_gold`, `answer_tour`
and `write_guideline` are the use cases, each one appended row; `guideline_examples` is read beside the guideline.
Knows nothing of the order in which frames come; that is ranked by the application.
"""
