"""The demo dataset: twelve drawn street scenes in the nuScenes schema, with scripted model replies.

`dataroot` draws and writes them, `replies` and `student` script the models. Nothing in the dataroot states a level:
what is true of a frame is known to `true_assessments` alone.
"""

from __future__ import annotations

from data.demo.dataroot import VERSION, build_dataroot
from data.demo.replies import scripted_replies
from data.demo.truth import true_assessments

__all__ = ["VERSION", "build_dataroot", "scripted_replies", "true_assessments"]
