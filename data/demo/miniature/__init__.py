"""Drawn roads on which a small model can learn to escalate, with the posterior that their levels are drawn from.

`roads` says what a road may hold and how likely people say each level of it; `words` what the lenient student and
people write of it; `frames` draws them once and keeps them; `drives` are stretches for a monitor to watch. No model is
told any of it: it sees the pictures.
"""
