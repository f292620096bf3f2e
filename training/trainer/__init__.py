"""TRL's trainers with the loss of SA-DPO, the supervised warm-up, and cached reference log-probabilities.

`SADPOTrainer` and `SupervisedTrainer`. The only room that knows TRL's inner names.
"""
