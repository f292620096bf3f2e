"""Hallucinations and omissions that the scripted teacher is given on purpose: (scene, frame) by frame.

Levels stay as they are; the words alone are wrong, so that what finds such words can be measured.
"""

from __future__ import annotations

FrameKey = tuple[str, int]

INVENTED: dict[FrameKey, str] = {
    ("scene-9001", 2): "A cyclist rides 12 m ahead.",
    ("scene-9001", 5): "A bus stands directly ahead.",
    ("scene-9002", 3): "A dog crosses 9 m ahead.",
    ("scene-9003", 2): "An ambulance waits on the right.",
    ("scene-9003", 9): "Nobody is on the road.",
    ("scene-9004", 2): "A police officer stands in the ego lane 8 m ahead.",
    ("scene-9004", 4): "It is night.",
    ("scene-9005", 2): "Traffic cones narrow the lane.",
    ("scene-9006", 3): "A pedestrian walks in the ego lane 10 m ahead.",
    ("scene-9006", 5): "Twenty trucks approach.",
    ("scene-9007", 2): "The ego vehicle drives at about 110 km/h.",
    ("scene-9010", 3): "A motorcycle is stopped on the left.",
    ("scene-9011", 4): "Two cyclists ride ahead.",
    ("scene-9012", 3): "Sunny weather.",
}
"""Said in the chain of thought beside what is there."""
LEFT_OUT: dict[FrameKey, tuple[str, ...]] = {
    ("scene-9006", 12): ("deer",),
    ("scene-9006", 13): ("deer",),
    ("scene-9008", 17): ("fallen tree",),
}
"""Kinds of things that stand in the ego lane and that neither thought, reasoning nor action names."""
SAID_INSTEAD = ("The vehicle has stopped and does not go on by itself.", "Take over and hold the vehicle.")
HAZARD_INSTEAD = "none that stands out."
