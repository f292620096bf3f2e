"""One judgement for frames that look alike: which ones may be among them, and the rows that it writes.

`judge_stack` and `take_stack_back` (judgements) are the use cases, `companions` (frames) says what is offered. Knows no
vector: which frames look alike is read from the store.
"""
