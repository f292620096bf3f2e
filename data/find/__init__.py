"""Finding frames: filters that are an address, pages, counts and the words that people and models wrote.

`Question` (question), `find_frames` and `count_values` (pages), `act_on_frames` (marks) and `save_view` (views) are
what screens call. A question is answered from NumPy columns that each process keeps current (current), so that both
databases give the same answer at the same speed. This room knows no picture and no screen.
"""
