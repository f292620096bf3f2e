"""The decision that comes with the aligned miniature, fitted on the development part of the roads it was trained on."""

from __future__ import annotations

from pathlib import Path

from data.decisions.decision import ModelDecision, read_decision

FOLDER = Path(__file__).parent
"""Where its `decision.json` is: a monitor reads it without the weights, which PyTorch would have to load."""


def kept_decision() -> ModelDecision:
    """The thresholds, and the record of the weights that they are for."""
    return read_decision(FOLDER)
