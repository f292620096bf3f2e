"""What may be said of the morning drive, scene-9001 to scene-9003."""

from __future__ import annotations

from data.demo.drives.narratives import A, Narrative, Phase, S, Slip, T

FOLLOWING = Narrative(
    settings=(
        "Clear morning, dry two-way street with shops and a parking lane on the left.",
        "Bright daylight, straight street, lane markings crisp.",
        "Sunny, dry asphalt, good sight far down the street.",
    ),
    phases=(
        Phase(0, A, "Nothing crosses the ego lane; the van keeps a steady gap.", (
            "The vehicle follows a white van at about {d} m in its own lane; markings and sight are good.",
            "Ordinary following behind a van {d} m ahead, parked cars stay outside the lane.",
            "Lane traffic flows normally behind a van and pedestrians keep to the sidewalk.",
        ), about="van"),
        Phase(6, A, "An excavator stands in the opposite lane, clear of the ego lane.", (
            "An excavator travels in the opposite lane only; the ego lane behind the van is free for {d} m.",
            "The digger beyond the centre line does not affect the ego lane, so following the van goes on.",
            "Normal following at {d} m; the construction vehicle keeps to the oncoming lane.",
        ), about="van"),
    ),
    slips=(
        Slip((9, 10, 11), S, "A construction vehicle is close to the centre line; there may be a work zone.",
             "A construction vehicle {d} m ahead near the centre line suggests a work zone where workers could appear.",
             "Watch the feed until the excavator is passed.", about="excavator"),
    ),
)  # fmt: skip

ROAD_WORKS = Narrative(
    settings=(
        "Clear day, narrow two-way street without a parking lane.",
        "Daylight, dry road, a works sign on the left.",
        "Sunny, narrow street, works on the left-hand side.",
    ),
    phases=(
        Phase(0, A, "A works sign and cones show far ahead; the lane here is normal.", (
            "The works are still {d} m away and the ego lane up to them is open and marked.",
            "Ordinary driving toward a signed works area {d} m ahead; oncoming cars keep their lane.",
        ), about="worker-a"),
        Phase(7, S, "Cones line the kerb, workers stand beside the lane, an excavator works next to it.", (
            "Cones and workers stand beside the open ego lane; someone could step out {d} m ahead.",
            "The lane is open but narrow next to an excavator {d} m ahead, and its arm could swing over the lane.",
            "Active road works on the left leave the lane free, with workers within arm's reach of it.",
        ), ("Watch closely while the vehicle passes the works.",
            "Monitor the workers; be ready to stop the vehicle if the excavator moves."), "excavator"),
        Phase(15, T, "The excavator has moved across the ego lane and the oncoming lane has no free gap.", (
            "An excavator stands across the ego lane {d} m ahead and a worker signals to stop; there is no way past.",
            "The lane is blocked by the excavator and a barrier {d} m ahead, so the vehicle cannot go on by itself.",
            "Works now close the whole lane: excavator across it, barrier in front, worker with a raised hand.",
        ), ("Take over: hold the vehicle, then guide it past or back as the worker directs.",
            "Take control and wait for the worker's sign before moving."), "excavator"),
    ),
    slips=(
        Slip((7,), A, "Cones stand at the kerb, all outside the lane.",
             "The cones stay along the kerb and the ego lane keeps its full width, so normal driving can go on.",
             "No action needed.", ("worker", "excavator")),
        Slip((15, 16), S, "The excavator works at the lane's edge; the vehicle is slow.",
             "An excavator works partly in the lane {d} m ahead, yet there seems to be room once it swings back.",
             "Keep watching; confirm when the excavator clears the lane.", ("barrier",), "excavator"),
    ),
)  # fmt: skip

JUNCTION = Narrative(
    settings=(
        "Sunny signalled junction with a zebra crossing.",
        "Clear day, wide junction, signals in plain sight.",
        "Daylight, the vehicle is at a junction with cross traffic.",
    ),
    phases=(
        Phase(0, A, "The signal is red; the vehicle slows for the stop line.", (
            "A red signal and people at the crossing: the vehicle only has to stop at the line.",
            "The junction ahead shows red and cross traffic moves as expected.",
        )),
        Phase(6, A, "The vehicle yields at red while people use the crossing.", (
            "The vehicle waits at red and yields to pedestrians on the crosswalk, which it handles by itself.",
            "Standing at the stop line; people cross on the zebra under a red signal for traffic.",
            "People cross {d} m ahead on the marked crossing while the vehicle stands at red.",
        ), about="crosser-0"),
        Phase(12, S, "The signal is green, yet people still cross, one of them a running child before the zebra.", (
            "The signal has turned green but a child runs across {d} m ahead, outside the crossing.",
            "People are in the road at green and a child darts out near the stop line, so the start needs watching.",
            "Late walkers and a child {d} m ahead cross against the signal; their next step is hard to foresee.",
        ), ("Watch closely and confirm the crossing is empty before the vehicle starts.",
            "Monitor the crossing; be ready to hold the vehicle."), "child"),
        Phase(17, A, "The crossing has cleared and the signal is green.", (
            "The crosswalk is clear, the signal is green, and the bus opposite is waiting.",
            "The last walkers have reached the kerb; the vehicle sets off under green.",
        )),
    ),
    slips=(
        Slip((13,), T, "Several people in the road at green; no safe gap.",
             "A child and adults block the way {d} m ahead at a green signal; the vehicle cannot choose when to go.",
             "Take over and hold the vehicle until the crossing is empty.", (), "child"),
        Slip((16,), A, "Green signal, the zebra nearly empty.",
             "The signal is green and walkers are leaving the crossing, so the vehicle can proceed as usual.",
             "No action needed.", ("child",)),
    ),
)  # fmt: skip
