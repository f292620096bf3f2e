"""What may be said of the night drive, scene-9007 to scene-9009."""

from __future__ import annotations

from data.demo.drives.narratives import A, Narrative, Phase, S, Slip, T

AFTER_RAIN = Narrative(
    settings=(
        "Night, no rain now, wet shining asphalt, shops lit.",
        "Dark street after a shower, lamps mirrored in the road.",
        "Night, damp road, many people on the sidewalks.",
    ),
    phases=(
        Phase(0, A, "A scooter leads; people stay on the sidewalks.", (
            "A scooter drives {d} m ahead and the street lamps light the lane well; walkers keep to the sidewalk.",
            "Night traffic is calm, markings show on the damp road and nobody is in it.",
            "The vehicle follows a scooter at {d} m on a lit street.",
        ), about="scooter"),
        Phase(8, S, "Two people cross away from any crossing, in the dark between parked cars.", (
            "Two jaywalkers cross {d} m ahead at night, outside any crossing and against shop lights.",
            "People step from between parked cars onto a dark wet road {d} m ahead.",
            "Jaywalkers {d} m ahead on a poorly lit wet road are hard to detect and may stop midway.",
        ), ("Watch the two people closely until they have crossed.",
            "Monitor; be ready to slow the vehicle."), "jaywalker-a"),
        Phase(15, A, "The road is free again.", (
            "The two people are at the far kerb and the ego lane is free.",
            "Normal night driving on a lit street; the sidewalks are busy, the road is not.",
        )),
    ),
    slips=(
        Slip((6, 7), S, "Many people near the road at night on wet asphalt.",
             "Many pedestrians walk close to a dark wet road and one of them may step out.",
             "Watch the sidewalks closely."),
        Slip((12, 13, 14), A, "People on the far side of the road.",
             "The people ahead are already in the opposite lane and the ego lane is free.",
             "No action needed.", ("jaywalker",)),
    ),
)  # fmt: skip

FALLEN_TREE = Narrative(
    settings=(
        "Night and steady rain, drops on the lens, mirror-like road.",
        "Dark, raining, headlights reflect in the wet asphalt.",
        "Rain at night; lane lines fade under the water.",
    ),
    phases=(
        Phase(0, S, "Rain and darkness hide markings and people with umbrellas.", (
            "Rain at night and drops on the lens reduce sight; people with umbrellas walk close to the kerb.",
            "Reflections on the wet road hide the lane markings and parked cars narrow the view.",
            "Darkness and rain together degrade what the camera can see, though the lane is free.",
        ), ("Watch closely while the rain lasts.", "Monitor lane keeping and the sidewalk on the left.")),
        Phase(12, S, "A dark shape shows far ahead at the end of the headlights' reach.", (
            "A dark shape {d} m ahead at the edge of the headlights cannot be told from shadow yet.",
            "Something lies on the road about {d} m ahead; rain hides what it is.",
        ), ("Watch closely; prepare to take over if the shape lies in the lane.",), "fallen-tree"),
        Phase(15, T, "A fallen tree lies across the ego lane and part of the other.", (
            "A fallen tree lies across the ego lane {d} m ahead; there is no room to pass within the lane.",
            "The road is blocked by a tree with its crown in the lane, {d} m away, at night and in rain.",
            "A trunk and branches close the lane {d} m ahead, so the vehicle cannot go on by itself.",
        ), ("Take over: stop, then guide the vehicle around or back.",
            "Take control and hold the vehicle; report the blocked road."), "fallen-tree"),
    ),
    slips=(
        Slip((3,), A, "Rain, yet the lane is free and cars are parked.",
             "The lane ahead is empty and oncoming cars keep their side, so the vehicle can go on as usual.",
             "No action needed."),
        Slip((13, 14), T, "An obstacle seems to block the road ahead.",
             "A large obstacle {d} m ahead seems to block the whole road and rain makes it impossible to be sure.",
             "Take over and stop the vehicle.", (), "fallen-tree"),
        Slip((15,), S, "Branches or leaves at the left side, in rain.",
             "Branches lie near the left edge of the road in heavy rain; sight is poor but the lane seems passable.",
             "Watch closely while the vehicle passes.", ("fallen tree",)),
    ),
)  # fmt: skip

ACCIDENT = Narrative(
    settings=(
        "Clear night, dry street, lamps on.",
        "Night, straight city street with parked cars on the left.",
        "Dark and dry, headlights and street lamps.",
    ),
    phases=(
        Phase(0, A, "Blue and red lights far down the street, in the opposite lane.", (
            "Ordinary night driving with a free lane; emergency lights are far away.",
            "The lane is free and well lit; parked cars stay at the kerb.",
            "Lane traffic at night is normal, police lights show about {d} m ahead in the other lane.",
        ), about="police-car"),
        Phase(11, S, "An accident fills the opposite lane; cones stand along the centre line.", (
            "Crashed cars and police fill the opposite lane {d} m ahead while cones leave the ego lane open.",
            "An accident scene {d} m ahead beside the ego lane: people may walk into it, the lane itself is free.",
            "The ego lane passes close to an accident with police on foot, {d} m away.",
        ), ("Watch closely while the vehicle passes the accident.",
            "Monitor the people near the cones; be ready to stop."), "crashed-car"),
        Phase(16, T, "The police car stands across the ego lane and an officer signals to stop.", (
            "A police car stands across the ego lane {d} m ahead and an officer with a raised hand stops traffic.",
            "Police have closed the road: their car blocks the lane {d} m ahead.",
            "The lane is blocked by a police car {d} m ahead; only the officer's signs say what comes next.",
        ), ("Take over: hold the vehicle and follow the officer's signs.",
            "Take control; stay stopped until police release traffic."), "police-car"),
    ),
    slips=(
        Slip((10,), S, "Emergency lights ahead.",
             "Emergency lights {d} m ahead mean that the lane may soon be affected.",
             "Monitor the approach.", about="police-car"),
        Slip((16,), A, "A white car turns ahead at low speed.",
             "A white car {d} m ahead turns across the street at low speed and the vehicle simply yields.",
             "No action needed.", ("police car", "police officer"), "police-car"),
    ),
)  # fmt: skip
