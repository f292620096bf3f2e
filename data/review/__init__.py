"""What people do with frames: serving, reviewing, adjudicating, noting, auditing.

`lease_frames`, `submit_review`, `adjudicate`, `take_back`, `note_frame`, `send_back`, `open_audit`, `open_stratum`,
`cancel_audit`,
`pause_answers`, `release_answers`, `make_gold`, `answer_tour`, `read_guideline`
and `write_guideline` are the use cases, each one appended row; `guideline_examples` is read beside the guideline.
Knows nothing of the order in which frames come; that is ranked by the application.
"""
