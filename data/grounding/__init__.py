"""Whether words about a frame are grounded in it: hallucination and omission, and words against their level.

`read_assertions` (grammar) cuts a text into assertions, `check` (judgement) holds them against what is there
(`SceneFacts`), `omitted` (omissions) finds what decides a level and is not named. Knows no person and no verified
level.
"""
