"""What may be said of the early drive, scene-9010 to scene-9012."""

from __future__ import annotations

from data.demo.drives.narratives import A, Narrative, Phase, S, Slip, T

FOG = Narrative(
    settings=(
        "Early morning on a wide road with trees.",
        "Grey morning, four-lane road, grass verges.",
        "Morning mist over a wide road.",
    ),
    phases=(
        Phase(0, A, "Light haze, but cars ahead and markings are plain.", (
            "The haze is thin: the car {d} m ahead and the lane lines are plain to see.",
            "Normal lane traffic on a wide road, with a car {d} m ahead.",
        ), about="car-ahead"),
        Phase(8, S, "Dense fog: sight ends a few car lengths beyond the lead car.", (
            "Dense fog cuts sight to some 50 m; the car ahead fades out at {d} m.",
            "Fog hides the road beyond the lead car and oncoming trucks show late.",
            "Sight is short in the fog, so anything on the road would be seen late; the visible part is free.",
        ), ("Watch closely while the fog lasts.",
            "Monitor the gap ahead; confirm a lower speed."), "car-ahead"),
        Phase(15, S, "Fog; a lorry comes out of the left side.", (
            "A lorry comes out of the fog from the left {d} m ahead and may pull across the road.",
            "In dense fog a lorry {d} m ahead edges onto the carriageway.",
        ), ("Watch the lorry; be ready to take over.",), "truck-turning"),
        Phase(17, T, "A lorry stands across all lanes of this side.", (
            "A lorry stands across the ego lane {d} m ahead in dense fog and leaves no gap.",
            "The carriageway is blocked by a lorry {d} m ahead; traffic behind may not see it in the fog.",
            "A lorry across the road blocks the way {d} m ahead.",
        ), ("Take over: stop, switch on the hazard lamps and wait for the lorry to clear.",
            "Take control and hold the vehicle clear of the lorry."), "truck-turning"),
    ),
    slips=(
        Slip((8, 9), A, "Some mist, the lead car is visible.",
             "The car ahead is visible at {d} m and the markings guide the lane, so following goes on normally.",
             "No action needed.", about="car-ahead"),
        Slip((17,), S, "A lorry turns slowly in the fog.",
             "A lorry {d} m ahead is turning slowly in the fog; it should clear the lane shortly.",
             "Watch until the lorry has finished its turn.", (), "truck-turning"),
    ),
)  # fmt: skip

FLAGGER = Narrative(
    settings=(
        "Overcast, dry street with works on the left.",
        "Grey daylight, flat light, road works signed ahead.",
        "Cloudy, dry, cones taper the parking lane.",
    ),
    phases=(
        Phase(0, A, "Works are signed ahead; the ego lane here is full width.", (
            "The road works begin {d} m ahead in the parking lane; the ego lane is normal up to there.",
            "Ordinary driving on a dry street, a works area far ahead is well marked.",
        ), about="worker-a"),
        Phase(9, S, "Cones taper to the lane's edge, workers and a lorry stand beside it.", (
            "Cones guide traffic past a lorry and workers {d} m ahead; the lane stays open but tight.",
            "Workers stand at the edge of the ego lane {d} m ahead behind cones.",
            "The works leave the lane open, yet workers move between lorry and cones {d} m ahead.",
        ), ("Watch the workers closely while the vehicle passes.",
            "Monitor the passage along the cones; be ready to stop."), "worker-a"),
        Phase(16, T, "A worker stands in the ego lane and holds up a stop paddle.", (
            "A worker stands in the ego lane {d} m ahead and holds up a STOP paddle; only a person can follow.",
            "Traffic is directed by hand: a worker with a stop paddle blocks the lane {d} m ahead.",
            "The flagger {d} m ahead has stopped the lane and decides when it opens.",
        ), ("Take over: hold the vehicle and proceed on the worker's sign.",
            "Take control; wait for the paddle to turn."), "flagger"),
    ),
    slips=(
        Slip((14, 15), T, "A worker walks to the lane.",
             "A worker close to the lane {d} m ahead seems about to stop traffic; the vehicle should not decide.",
             "Take over and hold the vehicle.", (), "flagger"),
        Slip((16,), S, "Workers beside the lane, one near its middle.",
             "Several workers stand near the lane {d} m ahead; they should step aside as the vehicle approaches.",
             "Watch the workers closely.", (), "worker-b"),
    ),
)  # fmt: skip

RAIN = Narrative(
    settings=(
        "Rain on a two-way street with shops.",
        "Wet street, grey sky, umbrellas on the sidewalk.",
        "Rainy day, water on the asphalt.",
    ),
    phases=(
        Phase(0, A, "Light drizzle; markings and traffic are plain.", (
            "Light drizzle only: the bus {d} m ahead and all markings are easy to see.",
            "Ordinary following behind a bus at {d} m on a damp road.",
        ), about="bus-ahead"),
        Phase(5, S, "Heavy rain, drops on the lens, reflections over the markings.", (
            "Heavy rain and drops on the lens blur the view while the bus {d} m ahead may stop for passengers.",
            "Water mirrors the street and hides the markings; the bus at {d} m covers most of the view ahead.",
            "Rain lowers contrast, and people with umbrellas stand close to the kerb.",
        ), ("Watch closely while the rain lasts.",
            "Monitor the gap to the bus and the people at the kerb."), "bus-ahead"),
    ),
    slips=(
        Slip((5, 6, 7), A, "It rains but the bus keeps a steady gap.",
             "The bus ahead keeps {d} m and the lane is free of people, so rain alone changes nothing.",
             "No action needed.", about="bus-ahead"),
    ),
)  # fmt: skip
