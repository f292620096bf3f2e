"""What may be said of the evening drive, scene-9004 to scene-9006."""

from __future__ import annotations

from data.demo.drives.narratives import A, Narrative, Phase, S, Slip, T

LOW_SUN = Narrative(
    settings=(
        "Late afternoon, dry city street, low sun ahead.",
        "Evening light, straight street between brick buildings.",
        "Low sun over the street's end, long shadows.",
    ),
    phases=(
        Phase(0, A, "The sun is still veiled; lane and lead car are plain.", (
            "The vehicle follows a car at {d} m with clear markings; the low sun does not blind the camera yet.",
            "Normal following at {d} m on a dry street with parked cars at the kerb.",
        ), about="car-ahead"),
        Phase(6, S, "The sun stands in the camera's axis; contrast around the lead car is low.", (
            "Direct sun washes out the middle of the picture, where the lead car is {d} m ahead.",
            "Strong glare hides the far lane and anyone who steps out from between the parked cars.",
            "Sun glare reduces what the camera can tell apart around the car {d} m ahead; the lane itself is free.",
        ), ("Watch closely until the glare passes.",
            "Monitor the gap to the lead car and the sidewalk for people stepping out."), "car-ahead"),
        Phase(12, S, "A jogger crosses ahead, hard to see against the sun.", (
            "A jogger crosses the street against the sun and the glare hides most of the far lane.",
            "Glare and someone crossing ahead: the car at {d} m and the jogger are only silhouettes.",
            "The low sun blinds the picture's middle while a person leaves the road.",
        ), ("Watch closely and confirm the road is clear of people.",
            "Keep watching; be ready to slow the vehicle."), "car-ahead"),
    ),
    slips=(
        Slip((6, 7, 8), A, "The sun is bright but the lane is visible.",
             "The lane markings near the vehicle are readable and the car ahead keeps {d} m, as on any street.",
             "No action needed.", about="car-ahead"),
    ),
)  # fmt: skip

OFFICER = Narrative(
    settings=(
        "Dusk, signalled junction, street lamps just on.",
        "Evening, wide junction with a zebra crossing, dry road.",
        "Twilight, junction ahead, signals green.",
    ),
    phases=(
        Phase(0, A, "A police officer stands on the sidewalk and does not direct anyone.", (
            "A police officer stands on the right sidewalk {d} m ahead without giving signs; the lane is open.",
            "The officer {d} m ahead stays on the sidewalk and the signal is green, so ordinary driving goes on.",
            "Normal approach to a junction; police are present but off the road.",
        ), about="officer"),
        Phase(9, S, "The officer walks from the sidewalk toward the lane.", (
            "The officer leaves the sidewalk {d} m ahead and walks toward the lane; traffic may be stopped next.",
            "An officer at the kerb {d} m ahead is about to enter the road.",
        ), ("Watch the officer closely; be ready to take over.",), "officer"),
        Phase(11, T, "The officer stands in the ego lane with a raised hand, against a green signal.", (
            "A police officer stands in the ego lane {d} m ahead with a raised hand, which overrides the green signal.",
            "The officer {d} m ahead stops traffic by hand while the signal shows green; only a person can follow.",
            "Police-directed traffic: an officer with a raised arm stands in the lane, {d} m away.",
        ), ("Take over: hold the vehicle and proceed only on the officer's sign.",
            "Take control, stay stopped and follow the officer's hand signs."), "officer"),
        Phase(16, S, "The officer walks back to the sidewalk, still beside the lane.", (
            "The officer is leaving the lane {d} m ahead but may step back at any time.",
            "The way opens while the officer walks to the kerb {d} m ahead; traffic may not be released yet.",
        ), ("Keep watching until the officer is off the road.",), "officer"),
        Phase(18, A, "The officer is on the sidewalk again and the lane is free.", (
            "The officer is back on the sidewalk and the signal is green, so the vehicle sets off.",
            "The junction is clear again; the officer {d} m ahead stands off the road.",
        ), about="officer"),
    ),
    slips=(
        Slip((6, 7, 8), S, "Police near the junction; they may direct traffic.",
             "A police officer {d} m ahead near the junction may step out and direct traffic at any time.",
             "Monitor the officer.", about="officer"),
        Slip((11, 12), S, "A person in a yellow vest crosses near the zebra.",
             "A person in a bright vest is crossing {d} m ahead; the vehicle yields and the signal is green.",
             "Watch until the person has crossed.", ("police officer",), "officer"),
    ),
)  # fmt: skip

DEER = Narrative(
    settings=(
        "Dusk on a park road between trees, dry.",
        "Evening light, two-lane road through a park.",
        "Twilight, trees on both sides, lamps on.",
    ),
    phases=(
        Phase(0, A, "The road is free; an oncoming car keeps its lane.", (
            "A free two-lane road with good markings; oncoming traffic keeps to its side.",
            "Ordinary driving on an open park road at dusk.",
        )),
        Phase(8, S, "A deer stands at the roadside and moves toward the lane.", (
            "A deer on the right verge {d} m ahead moves toward the road and may enter the lane.",
            "A large animal at the roadside, {d} m away, cannot be predicted.",
        ), ("Watch closely; be ready to take over if the deer enters the lane.",), "deer"),
        Phase(11, T, "A deer stands in the ego lane.", (
            "A deer stands in the ego lane {d} m ahead and does not move away; the vehicle cannot tell when to go.",
            "A large animal blocks the lane {d} m ahead.",
            "The stag in the lane, {d} m away, stops the vehicle; how to pass it is a human decision.",
        ), ("Take over: hold the vehicle until the deer has left the road.",
            "Take control and wait; warn traffic behind."), "deer"),
        Phase(16, A, "The deer has left the ego lane.", (
            "The deer has left the ego lane to the left and the road ahead is free.",
            "The lane is clear again and the vehicle picks up speed.",
        )),
    ),
    slips=(
        Slip((15,), A, "Something brown at the lane's left edge, leaving.",
             "The lane is about to be free and the shape at its left edge moves away, so the vehicle can roll on.",
             "No action needed.", ("deer",)),
        Slip((17,), S, "An animal near the road may come back.",
             "A deer has just crossed and others may follow from the trees.",
             "Keep watching the roadside."),
    ),
)  # fmt: skip
