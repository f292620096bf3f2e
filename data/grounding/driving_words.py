"""The words that models and people use for what is on and beside a road. Data, and the patterns made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A kind of thing in words. `words`: a pattern of its names; `categories`: the nuScenes names that begin so;
    `like`: other nouns that it is taken for, so that one of them there is no proof against it. `is_annotated`: whether
    the data set would have a box of every one."""

    name: str
    words: str
    categories: tuple[str, ...]
    like: tuple[str, ...] = ()
    is_annotated: bool = True
    with_rider: bool | None = None


_PERSON = "human.pedestrian."
_ZONE = "(?:road|traffic|temporary|water-filled|plastic|orange|construction)"
NOUNS: tuple[Noun, ...] = (
    Noun("officer", r"(?:police|traffic) ?(?:officers?|wom[ae]n|m[ae]n)|officers?", ("human.pedestrian.police_officer",), ("person",)),
    Noun("worker", r"(?:(?:construction|road|street|utility)[ -])?work(?:ers?|m[ae]n)|flaggers?|flagm[ae]n", ("human.pedestrian.construction_worker",), ("person",)),
    Noun("child", r"child(?:ren)?|kids?|boys?|girls?|toddlers?", ("human.pedestrian.child",), ("person",)),
    Noun("pushchair", r"prams?|pushchairs?|(?:baby )?strollers?|wheelchairs?", ("human.pedestrian.stroller", "human.pedestrian.wheelchair"), ("person",), is_annotated=False),
    Noun("person", r"pedestrians?|people|persons?|walkers?|peds?|jaywalkers?|passers-?by|joggers?|runners?|someone|somebody|m[ae]n|wom[ae]n", (_PERSON,), ("cyclist",)),
    Noun("anybody", r"anybody|anyone", (_PERSON,)),
    Noun("motorcycle", r"motor-?(?:cycl(?:es?|ists?)|bikes?)|scooters?|mopeds?|bikers?", ("vehicle.motorcycle",), ("bicycle",)),
    Noun("cyclist", r"(?:bi)?cyclists?|bike riders?|people on bikes", ("vehicle.bicycle",), ("motorcycle",), with_rider=True),
    Noun("bicycle", r"bicycles?|bikes?", ("vehicle.bicycle", "static_object.bicycle_rack"), ("motorcycle",)),
    Noun("police car", r"police (?:cars?|vehicles?|cruisers?)|patrol cars?", ("vehicle.emergency.police",), ("car",)),
    Noun("ambulance", r"ambulances?|emergency vehicles?", ("vehicle.emergency",), ("van", "truck")),
    Noun("machine", r"excavators?|diggers?|bulldozers?|backhoes?|construction (?:vehicles?|machine(?:s|ry)?|equipment|trucks?)", ("vehicle.construction",), ("truck",)),
    Noun("bus", r"(?:school |city )?bus(?:es)?|coach(?:es)?", ("vehicle.bus",), ("truck",)),
    Noun("trailer", r"trailers?", ("vehicle.trailer",), ("truck",)),
    Noun("van", r"(?:mini)?vans?|pick-?ups?(?: trucks?)?", ("vehicle.car", "vehicle.truck"), ("ambulance", "bus")),
    Noun("truck", r"(?:fire |garbage |delivery |box )?trucks?|lorr(?:y|ies)|semis?", ("vehicle.truck",), ("machine", "trailer", "bus", "van")),
    Noun("car", r"cars?|sedans?|hatchbacks?|suvs?|taxis?|cabs?|automobiles?", ("vehicle.car", "vehicle.emergency.police"), ("truck", "ambulance")),
    Noun("vehicle", r"vehicles?|(?<=\bno )traffic", ("vehicle.",)),
    Noun("cone", r"(?:traffic |safety |orange |construction )*(?:cones?|pylons?|drums?|barrels?)", ("movable_object.trafficcone",), ("barrier",)),
    Noun("barrier", rf"(?:{_ZONE} )*(?:barriers?|barricades?)", ("movable_object.barrier",), ("cone",), is_annotated=False),
    Noun("animal", r"animals?|dogs?|deer|stags?|cats?|cows?|horses?", ("animal",)),
    Noun("debris", r"debris|rubbish|trash(?: bags?)?|fallen (?:trees?|branch(?:es)?)|trunks?|branch(?:es)?", ("movable_object.debris", "movable_object.pushable_pullable")),
    Noun("road user", r"road users?", (_PERSON, "vehicle.", "animal")),
    Noun("tram", r"trams?|trains?|trolleys?", (), is_annotated=False),
    Noun("sign", r"(?:stop|traffic|road|warning|works|speed(?: limit)?) signs?", (), is_annotated=False),
)  # fmt: skip
NAMED: dict[str, Noun] = {noun.name: noun for noun in NOUNS}
VEHICLES = ("vehicle.",)
PEOPLE = (_PERSON, "animal")
LOOSE = ("movable_object.",)

_NOT_BEFORE = (
    r"(?!['’]s|s['’]|[ -](?:stops?|lanes?|parks?|racks?|zones?|sites?|shelters?|lights?|signals?|signs?|doors?|"
    r"lamps?|paths?|ways?|bridge|traffic|flow|works?|headlights|tracks?)\b"
    r"|[ -]cross(?:ing|walk)s?\b(?! (?:the|our|in|from|over|ahead|at|a|his|\d)))"
)
"""What makes a noun part of another one: a bus stop, a pedestrian crossing, the vehicle's path."""
NOUN_PATTERN = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<n{number}>{noun.words})" for number, noun in enumerate(NOUNS))
    + r")\b"
    + _NOT_BEFORE,
    re.I,
)
EGO_PATTERN = re.compile(
    r"\b(?:(?:the |our |my )?ego(?:[ -](?:vehicle|car))?(?![ -]?(?:lane|path|way|s\b))|(?:our|this|the (?:autonomous|self-driving|automated)) "
    r"(?:vehicle|car)|the (?:vehicle|car|av)(?! (?:(?:is )?(?:directly |just |right |immediately )?(?:ahead|in front)|on the|to the|behind|beside|\d|at \d|at about))|we)"
    r"\b(?!['’])",
    re.I,
)
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "a dozen": 12, "twenty": 20, "thirty": 30, "fifty": 50,
    "a couple of": 2, "a pair of": 2, "both": 2, "a few": 2, "several": 3, "many": 4, "multiple": 2, "numerous": 4,
    "lots of": 4, "dozens of": 20, "a single": 1,
}  # fmt: skip
MANY = frozenset({"several", "many", "multiple", "numerous", "lots of", "a few"})
COUNT = (
    r"(?P<count>"
    + "|".join(sorted(NUMBERS, key=len, reverse=True))
    + r"|\d{1,2}(?![\d.]| ?(?:m|k?m|met|ft|%)))"
)
COUNT_PATTERN = re.compile(rf"\b{COUNT}\s+(?:of the\s+|other\s+)?(?:[\w-]+\s+){{0,3}}?$", re.I)
_NOT_ADJECTIVES = r"(?!(?:of|in|on|and|or|is|are|with|the|from|to|by|at|for|near|while|but|was|were)\b)"
NEGATION_PATTERN = re.compile(
    r"(?:\b(?:no|without(?: any)?|not (?:a|any|see any)|zero|free (?:of|from)|absence of|lack of|devoid of|"
    rf"neither|nor|there (?:is|are) not)|n['’]t(?: see)? any?)\s+(?:{_NOT_ADJECTIVES}[\w-]+\s+){{0,3}}$",
    re.I,
)
NOT_THERE_PATTERN = re.compile(
    r"^[\w\s]{0,20}?\b(?:(?:is|are) (?:not (?:visible|present|in sight|seen|there)|absent|nowhere)|can(?:not| not|['’]t) be seen)\b",
    re.I,
)
NOBODY_PATTERN = re.compile(r"\b(?:nobody|no one|no-one)\b", re.I)
SIDE = {"left": re.compile(r"\b(?:(?:on|to|at|in|along) (?:the|its|our) )?(?:far |near |front )?left(?:[ -]?hand)?(?: side)?\b(?![ -]?(?:turn|lane edge|edge|signal|arrow))", re.I),
        "right": re.compile(r"\b(?:(?:on|to|at|in|along) (?:the|its|our) )?(?:far |near |front )?right(?:[ -]?hand)?(?: side)?\b(?![ -]?(?:turn|lane edge|edge|signal|arrow|in front|of way|ahead|now|behind))", re.I)}  # fmt: skip
_OWN = r"(?:the |our |its |this )?(?:ego|own|our|same|current|driving|driven)(?:[ -]vehicle(?:['’]s)?)?"
LANE = {
    "in": re.compile(
        rf"\b(?:in|into|inside|within|on|across|along|occup(?:ies|ying)|enter(?:s|ing)) {_OWN}[ -](?:lane|path|way|trajectory)\b"
        r"|\b(?:in|across|occup(?:ies|ying)|inside) (?:the |our |your )?(?:lane|path|middle of the (?:road|lane|street))\b(?! (?:edge|marking))"
        r"|\bdirectly (?:ahead|in front)\b|\bacross (?:the |our )(?:ego )?(?:lane|road|street|carriageway)\b",
        re.I,
    ),
    "road": re.compile(r"\b(?:in|on|onto|into) the (?:road(?:way)?|street|carriageway)\b(?! ?side)", re.I),
    "off": re.compile(
        r"\b(?:side-?walks?|pavements?|foot-?paths?|kerb(?:side)?|curb(?:side)?|verges?|shoulder|road-?side|(?:off|(?<!left )(?<!right )(?<!left-hand )(?<!right-hand )side of|edge of) the (?:road|street|lane))\b",
        re.I,
    ),
    "near": re.compile(r"\b(?:near|beside|next to|close to|alongside|by) the (?:ego )?(?:lane|road|path|street)\b", re.I),
    "opposite": re.compile(
        r"\b(?:in|into|on|to|along) (?:the |its |their )?(?:oncoming|opposite|other) (?:lanes?|side|carriageway|direction)\b"
        r"|\boncoming\b(?! (?:lane|traffic))|\bopposite direction\b",
        re.I,
    ),
}  # fmt: skip
_PARKED = r"parked"
STATE = {
    "parked": re.compile(rf"\b{_PARKED}\b", re.I),
    "stands": re.compile(r"\bstand(?:s|ing)?\b(?! still)", re.I),
    "still": re.compile(
        r"\b(?:stopped|stationary|stand(?:s|ing)? still|wait(?:s|ing)?|halted|stalled|queu(?:e|es|ed|ing)|idling|not moving|sitting|seated|unmoving)\b",
        re.I,
    ),
    "moving": re.compile(
        r"\b(?:(?<!not )moving|moves?|driv(?:es|ing)|rid(?:es?|ing)|walk(?:s|ing)?|run(?:s|ning)|cross(?:es)?(?! traffic)|(?<!the )(?<!a )(?<!an )(?<!zebra )(?<!marked )(?<!level )crossing|travel(?:s|l?ing)|approach(?:es|ing)?|turn(?:s|ing)|pass(?:es|ing)|overtak(?:es|ing)|accelerat(?:es|ing)|jog(?:s|ging)|cycling|merg(?:es|ing)|steps|stepping)\b",
        re.I,
    ),
}  # fmt: skip
_AMOUNT = r"\d{1,3}(?:\.\d+)?(?:\s?(?:-|–|to)\s?\d{1,3}(?:\.\d+)?)?"
DISTANCE_PATTERN = re.compile(
    rf"\b(?P<metres>{_AMOUNT}|{'|'.join(one for one in NUMBERS if ' ' not in one)})[ -]?(?P<unit>m|met(?:er|re)s?|feet|ft|yards?)\b(?!\s?/|\s?per)",
    re.I,
)
DISTANCE_WORDS = {
    "near": re.compile(r"\b(?:very close|nearby|close by|close ahead|immediately ahead|dangerously close)\b", re.I),
    "far": re.compile(r"\b(?:far (?:ahead|away|off|down)|(?:in the|at a) distance|distant|further (?:ahead|on|down))\b", re.I),
}  # fmt: skip
SPEED_PATTERN = re.compile(r"\b(?P<speed>\d{1,3}(?:\.\d+)?)\s?(?P<unit>km/h|kph|kmh|m/s|mph)(?!\w)", re.I)
METRES_PER_S = {"km/h": 1 / 3.6, "kph": 1 / 3.6, "kmh": 1 / 3.6, "m/s": 1.0, "mph": 0.44704}
METRES = {"m": 1.0, "f": 0.3048, "y": 0.9144}
_WAY = r"(?:ego )?(?:lane|road|path|way|street|carriageway|cross(?:ing|walk)|junction|intersection)"
PATH = {
    "clear": re.compile(
        rf"\b{_WAY}(?: ahead| in front| here)?(?: of (?:us|the vehicle))? (?:is|are|stays?|remains?|looks?)(?: \w+ly| now| again| still| all)?"
        r" (?:clear|free|empty|unobstructed|unblocked)\b(?! enough)"
        rf"|\b(?:clear|free|empty|unobstructed) {_WAY}\b|\bno (?:obstacles?|obstructions?|hazards?)\b"
        r"|\bnothing (?:blocks|obstructs|is|stands|lies)? ?(?:in |on )?(?:the |our )?(?:ego )?(?:lane|road|path|way)\b",
        re.I,
    ),
    "blocked": re.compile(
        rf"\b(?:block(?:s|ing)?|obstruct(?:s|ing)?|clos(?:es|ing)) (?:the |our )?(?:whole |entire )?{_WAY}\b"
        rf"|\b{_WAY}(?: ahead)? is (?:\w+ly )?(?:blocked|obstructed|closed)\b",
        re.I,
    ),
}  # fmt: skip
WEATHER = {
    "rain": re.compile(r"(?<!after )(?<!after the )\b(?:rain(?:s|ing|y)?|drizzl(?:e|ing)|downpour)\b", re.I),
    "wet": re.compile(r"\b(?:wet|damp) (?:road|asphalt|street|surface|pavement)s?\b|\b(?:road|street|asphalt|surface) is wet\b|\bpuddles\b|\bafter (?:the )?rain\b", re.I),
    "dry": re.compile(r"\bdry (?:road|asphalt|street|surface|pavement|day|city|two-way)\w*\b|\b(?:road|street|surface)(?: surface)? is dry\b", re.I),
    "fog": re.compile(r"\b(?:fog(?:gy)?|mist(?:y)?)\b", re.I),
    "sunny": re.compile(r"\bsunny\b|\bsun is shining\b|\bbright sunlight\b", re.I),
    "clear": re.compile(r"\bclear (?:weather|day|sky|skies|conditions|morning|afternoon|evening)\b", re.I),
    "overcast": re.compile(r"\b(?:overcast|cloudy|gr[ea]y (?:sky|morning|day(?:light)?))\b", re.I),
    "snow": re.compile(r"\bsnow(?:s|ing|y)?\b", re.I),
}  # fmt: skip
LIGHT = {
    "night": re.compile(r"\bnight(?:-?time)?\b|\bdarkness\b|\b(?:it(?:['’]s| is)|scene is|road is) (?:very )?dark\b|\bdark (?:street|road|night|scene|wet road)\b|^dark\b", re.I),
    "day": re.compile(r"\bday(?:-?light|-?time)?\b", re.I),
    "dusk": re.compile(r"\b(?:dusk|dawn|twilight|evening light)\b", re.I),
    "glare": re.compile(r"\bglare\b|\blow sun\b|\bsun (?:blinds|dazzles|washes)\b|\bbacklit\b", re.I),
}  # fmt: skip
SIGNAL_PATTERN = re.compile(
    r"\b(?:(?:traffic )?(?:lights?|signals?) (?:is|are|shows?|turns?|has turned|have turned|turned) (?:still |now )?(?P<colour>red|green|amber|yellow)"
    r"|(?P<before>red|green|amber|yellow) (?:traffic )?(?:lights?|signals?))\b",
    re.I,
)
PLACE = {
    "junction": re.compile(r"\b(?:junction|intersection|cross-?roads?|roundabout)\b", re.I),
    "crosswalk": re.compile(r"\b(?:cross-?walk|zebra(?: crossing)?|pedestrian crossing(?! (?:the|our|in|from)))\b", re.I),
    "works": re.compile(r"\b(?:road ?works|(?:work|construction) (?:zone|site|area)|works (?:area|zone))\b", re.I),
}  # fmt: skip
HEDGE_PATTERN = re.compile(
    r"\b(?P<condition>if|in case(?: of)?|unless|until|before|once|whenever|when|as soon as|in the event(?: of)?|so that|to make sure|to ensure|confirm(?: that)?|as if|provided)\b"
    r"|(?P<modal>\b(?:may|might|could|would|should|will|shall|must|(?:appears?|seems?) (?:to|about)|(?:is|are) (?:likely|expected|about|going) to|can(?!not| be seen| see| also be seen| not))\b)"
    r"|\b(?P<guess>possib(?:le|ly)|potential(?:ly)?|perhaps|probably|likely|maybe|presumably|risk of|danger of|chance of|watch(?:ing)?(?: out)? for|look(?:ing)? out for|look for|alert (?:to|for)|beware of|check(?:ing)? for|scan(?:ning)? for|expect(?:ing)?|anticipat(?:e|ing)|prepared? (?:to|for)|ready (?:to|for)|instead of|rather than|like a|hidden|unseen|avoid(?:ing)?|allow(?:ing)?|wait(?:ing)? for|no sign of|not (?:sure|clear|certain))\b",
    re.I,
)
