"""What is there in the frames that the sentences of assertions.txt are about."""

from __future__ import annotations

from data.grounding.scene_facts import SceneFacts, Thing


def a_thing(
    category: str,
    ahead_m: float,
    left_m: float,
    attribute: str = "",
    visibility: int = 4,
    *,
    aside_m: float | None = None,
) -> Thing:
    """A thing beside a path straight ahead."""
    aside = abs(left_m) if aside_m is None else aside_m
    return Thing(
        category, ahead_m, left_m, aside, ahead_m, visibility, attribute, True if attribute == RIDES else None
    )


CAR, BUS, TRUCK, PERSON = "vehicle.car", "vehicle.bus.rigid", "vehicle.truck", "human.pedestrian.adult"
MOVING, STOPPED, PARKED = "vehicle.moving", "vehicle.stopped", "vehicle.parked"
WALKS, STANDS, RIDES = "pedestrian.moving", "pedestrian.standing", "cycle.with_rider"
CONE, BARRIER = "movable_object.trafficcone", "movable_object.barrier"
WORKER = "human.pedestrian.construction_worker"
MOTORCYCLE = "vehicle.motorcycle"

FRAMES: dict[str, SceneFacts] = {
    "street": SceneFacts(
        things=(
            a_thing(CAR, 18, 0.2, MOVING), a_thing(CAR, 12, -4, PARKED), a_thing(CAR, 20, -4.1, PARKED),
            a_thing(CAR, 27, -4.2, PARKED), a_thing(CAR, 40, 3.6, MOVING),
            a_thing(PERSON, 22, -7.5, WALKS), a_thing(PERSON, 25, -7.8, STANDS),
        ),
        speed_mps=8.0, description="Parked cars, peds on sidewalk, following a van",
        luma=120, edges=20,
    ),
    "crossing": SceneFacts(
        things=(
            a_thing(PERSON, 9, 1.0, WALKS), a_thing(PERSON, 9.5, -1.2, WALKS), a_thing(PERSON, 10, 4.5, WALKS),
            a_thing("human.pedestrian.child", 10.5, -0.3, WALKS), a_thing(BUS, 24, -3.5, STOPPED),
            a_thing(MOTORCYCLE, 14, 2.8, RIDES),
        ),
        speed_mps=0.0, cues=frozenset({"intersection", "pedestrian_near"}),
        description="Wait at intersection, peds crossing crosswalk, bus", luma=115, edges=20,
    ),
    "works": SceneFacts(
        things=(
            *(a_thing(CONE, 14 + 3 * k, 1.9 - 0.07 * k) for k in range(5)),
            a_thing(BARRIER, 30, 0.3), a_thing(BARRIER, 30, -0.8), a_thing("vehicle.construction", 33, 0.2, STOPPED),
            a_thing(WORKER, 28, 2.5, STANDS), a_thing(WORKER, 31, 3.0, WALKS), a_thing(TRUCK, 40, 4, PARKED),
        ),
        speed_mps=2.0, cues=frozenset({"construction"}),
        description="Construction, road works, narrow street", luma=125, edges=20,
    ),
    "night": SceneFacts(
        things=(
            a_thing(MOTORCYCLE, 20, -3, RIDES), a_thing(CAR, 30, 0, MOVING), a_thing(PERSON, 15, -5, STANDS, 1),
        ),
        speed_mps=10.0, cues=frozenset({"night"}), description="Night, after rain, scooter",
        luma=25, edges=10,
    ),
    "rain": SceneFacts(
        things=(
            a_thing(CAR, 10, 0, STOPPED), a_thing(CAR, 12, -3.5, MOVING), a_thing(CAR, 15, 3.4, MOVING),
            a_thing(CAR, 22, 0, STOPPED), a_thing(TRUCK, 30, -3.4, MOVING),
        ),
        speed_mps=0.0, cues=frozenset({"rain"}), description="Rain, heavy traffic", luma=100,
        edges=9,
    ),
    "fog": SceneFacts(things=(a_thing(CAR, 28, 0, MOVING),), speed_mps=6.0, cues=frozenset({"fog"}), luma=150, edges=2),
    "empty": SceneFacts(things=(), speed_mps=13.0, description="Sunny, straight road", luma=140, edges=20),
    "unknown": SceneFacts(luma=110),
    "cyclist": SceneFacts(
        things=(
            a_thing("vehicle.bicycle", 11, -1.6, RIDES), a_thing("vehicle.bicycle", 25, -6, "cycle.without_rider"),
            a_thing("human.pedestrian.stroller", 18, 6), a_thing(TRUCK, 35, 3.8, MOVING),
            a_thing("movable_object.debris", 16, 0.3), a_thing("animal", 22, 2),
        ),
        speed_mps=4.0, description="Cyclist, oncoming truck", luma=110, edges=20,
    ),
    "queue": SceneFacts(
        things=(
            a_thing(BUS, 13, 0.1, STOPPED), a_thing(CAR, 21, 0, STOPPED), a_thing(CAR, 9, 3.4, STOPPED),
            a_thing(CAR, 14, 3.5, STOPPED), a_thing("human.pedestrian.police_officer", 17, 0.1, STANDS),
            a_thing("vehicle.emergency.police", 19, -2.9, STOPPED),
        ),
        speed_mps=0.0, cues=frozenset({"glare"}), description="Dense traffic, low sun", luma=120,
        edges=15,
    ),
}  # fmt: skip
"""What is there by the frame's name."""
