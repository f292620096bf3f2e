"""Cutting a text into assertions by the words of driving: nouns first, then what is said of them. Pure.

Rules, no parser: a text that they do not follow gives fewer assertions, not wrong ones. What a side, a place or a state
is said of is the thing named last before it, or the one right behind an adjective.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.grounding import driving_words as words
from data.grounding.assertions import EGO, NOBODY, NOT_SURE_EGO, Assertion, Kind, Mention
from data.grounding.clauses import Sentence, need_not_be_there, sentences

Span = tuple[int, int]
_BREAK = re.compile(r";|[,.]? (?:but|while|whereas|although|though|yet)\b|\bso\b")
_LIST_GOES_ON = re.compile(r"^(?:\s*,\s*(?:or|and|nor)?|\s+(?:or|nor|and)|\s*/)\s*(?:any |other )?\s*$")
_ADJECTIVES = re.compile(
    r"^[\s-]+(?:(?!(?:a|an|the|its|our|past|by|for|of|in|on|at|to|and|or|with|behind|through|while|between|before|beside|near|across|into|onto|around|towards?)\b)[\w-]+\s+){0,2}$",
    re.I,
)
_NOT = re.compile(r"(?:\b(?:not|no longer|never)|n['’]t)\s+(?:\w+\s+){0,2}$", re.I)
_NONE_OF = re.compile(r"(?:\b(?:no|without|not|never|no longer)|n['’]t)\s+(?:\w+\s+)?$", re.I)
_ROOM_OF = re.compile(r"\b(?:free|clear|empty|devoid) (?:of|from)\s+(?:[\w-]+\s+){0,3}$", re.I)
_NO_SIDE_BEFORE = re.compile(
    r"\b(?:turn(?:s|ing)?|has|have|had|was|is being|been|from|from the|of the)\s+$", re.I
)
_AFTER_PREPOSITION = re.compile(
    r"\b(?:of|behind|from|to|toward|towards|past|with|near|by|for|around|beside|hold|guide|stop|slow|before|after)\s+$",
    re.I,
)
_BEHIND = re.compile(
    r"[\w ]{0,40}?\b(?:behind (?:the ego|the vehicle|us|our)|(?:to|at|on|in) the (?:back|rear))\b", re.I
)
"""Where the front camera does not look."""
_GONE = re.compile(
    r"\s+(?:has|have) (?:just |already )?(?:left|crossed|gone|passed|cleared|disappeared|moved (?:off|away|on))\b",
    re.I,
)
_WORDS_TO_THING = 5
_ONLY = re.compile(r"\b(?:only|just) $", re.I)
_OPENS = re.compile(r"^(?:,\s*|\s+(?:there (?:is|are)|stands?|we see)\s+|\s*:\s*|\s+)", re.I)


def read_assertions(text: str) -> list[Assertion]:
    """Every assertion of a text, in the order of their places.

    >>> [(one.kind.value, one.value, text[one.start : one.end]) for text in ["A dog 9 m ahead."]
    ...  for one in read_assertions(text)]
    [('object', 'animal', 'dog'), ('distance', 'metres', '9 m')]
    """
    found = [one for sentence in sentences(text) for one in _of_sentence(text, sentence)]
    timed = {id(one.mention) for one in found if one.value == "speed"}
    kept = [
        one
        for one in found
        if one.kind is not Kind.EGO or one.value == "speed" or id(one.mention) not in timed
    ]
    return sorted(kept, key=lambda one: (one.start, one.end))


def _of_sentence(text: str, sentence: Sentence) -> Iterator[Assertion]:
    mentions = _mentions(text, sentence)
    taken = [(one.start, one.end) for one in mentions]
    yield from _counted_objects(text, sentence, mentions)
    yield from _of_frame(text, sentence, taken)
    yield from _paths(text, sentence, mentions, taken)
    yield from _said_of_things(text, sentence, mentions, taken)


def _mentions(text: str, sentence: Sentence) -> list[Mention]:
    """Things that are said to be there or not to be there, by place."""
    found = [_ego(one) for one in words.EGO_PATTERN.finditer(text, sentence.start, sentence.end)]
    found = [
        one for one in found if not _AFTER_PREPOSITION.search(text, sentence.back_from(one.start), one.start)
    ]
    own = [one.span() for one in words.EGO_PATTERN.finditer(text, sentence.start, sentence.end)]
    for one in words.NOBODY_PATTERN.finditer(text, sentence.start, sentence.end):
        found.append(Mention(NOBODY, *one.span(), is_negated=True))
    for one in words.NOUN_PATTERN.finditer(text, sentence.start, sentence.end):
        if not _overlaps(one.span(), own):
            noun = words.NOUNS[int(str(one.lastgroup)[1:])].name
            found.append(Mention(noun, *one.span(), is_negated=_is_denied(text, sentence, one.span())))
    kept = [one for one in found if _is_asserted(text, sentence, one)]
    return _denied_together(text, sorted(kept, key=lambda one: one.start))


def _ego(found: re.Match[str]) -> Mention:
    return Mention(NOT_SURE_EGO if found[0].lower() == "the car" else EGO, *found.span())


def _is_asserted(text: str, sentence: Sentence, one: Mention) -> bool:
    if one.noun in (EGO, NOT_SURE_EGO):
        return True
    if _ROOM_OF.search(text, sentence.back_from(one.start), one.start) and not words.NOBODY_PATTERN.match(
        text, one.start
    ):
        return False
    if _BEHIND.match(text, one.end, sentence.end) or _GONE.match(text, one.end, sentence.end):
        return False
    return sentence.asserts(one.start) and not need_not_be_there(text, sentence, one.start, one.end)


def _is_denied(text: str, sentence: Sentence, span: Span) -> bool:
    before, after = text[sentence.back_from(span[0]) : span[0]], text[span[1] : sentence.end]
    return bool(words.NEGATION_PATTERN.search(before) or words.NOT_THERE_PATTERN.match(after))


def _denied_together(text: str, mentions: list[Mention]) -> list[Mention]:
    """“No cones or barriers” denies both."""
    done = mentions[:1]
    for one in mentions[1:]:
        goes_on = done[-1].is_negated and _LIST_GOES_ON.match(text[done[-1].end : one.start])
        done.append(Mention(one.noun, one.start, one.end, True) if goes_on else one)
    return done


def _counted_objects(text: str, sentence: Sentence, mentions: list[Mention]) -> Iterator[Assertion]:
    for one in mentions:
        if one.noun in (EGO, NOT_SURE_EGO):
            continue
        yield Assertion(Kind.OBJECT, one.noun, one.start, one.end, one, is_negated=one.is_negated)
        count = (
            None
            if one.is_negated
            else words.COUNT_PATTERN.search(text, sentence.back_from(one.start), one.start)
        )
        if count is not None:
            word = count["count"].lower()
            n = float(words.NUMBERS.get(word) or word)
            is_only = word == "a single" or bool(
                _ONLY.search(text, sentence.back_from(count.start()), count.start())
            )
            kind = "only" if is_only else "many" if word in words.MANY else "number"
            yield Assertion(Kind.COUNT, kind, *count.span("count"), one, n)


def _of_frame(text: str, sentence: Sentence, taken: list[Span]) -> Iterator[Assertion]:
    """Weather, light, places and signals."""
    for kind, patterns in (
        (Kind.WEATHER, words.WEATHER),
        (Kind.LIGHT, words.LIGHT),
        (Kind.PLACE, words.PLACE),
    ):
        for value, pattern in patterns.items():
            for found in _outside(pattern, text, sentence, taken):
                denied = bool(_NONE_OF.search(text, sentence.back_from(found.start()), found.start()))
                yield Assertion(kind, value, *found.span(), is_negated=denied)
    for found in _outside(words.SIGNAL_PATTERN, text, sentence, []):
        yield Assertion(Kind.SIGNAL, (found["colour"] or found["before"]).lower(), *found.span())


def _outside(
    pattern: re.Pattern[str], text: str, sentence: Sentence, taken: list[Span]
) -> Iterator[re.Match[str]]:
    for found in pattern.finditer(text, sentence.start, sentence.end):
        if sentence.asserts(found.start()) and not _overlaps(found.span(), taken):
            yield found


def _paths(text: str, sentence: Sentence, mentions: list[Mention], taken: list[Span]) -> Iterator[Assertion]:
    done: list[Span] = []
    for value, pattern in words.PATH.items():
        for found in _outside(pattern, text, sentence, done):
            done.append(found.span())
            who = _last_before(text, mentions, found.start()) if value == "blocked" else None
            denied = bool(_NOT.search(text, sentence.back_from(found.start()), found.start()))
            taken.append(found.span())
            yield Assertion(Kind.PATH, value, *found.span(), who, is_negated=denied)


def _said_of_things(
    text: str, sentence: Sentence, mentions: list[Mention], taken: list[Span]
) -> Iterator[Assertion]:
    for value, lane in words.LANE.items():
        for found in _outside(lane, text, sentence, taken):
            taken.append(found.span())
            yield from _said(text, sentence, mentions, Kind.LANE, value, found)
    for value, side in words.SIDE.items():
        for found in _outside(side, text, sentence, [(one.start, one.end) for one in mentions]):
            if not _NO_SIDE_BEFORE.search(text, sentence.back_from(found.start()), found.start()):
                yield from _said(text, sentence, mentions, Kind.SIDE, value, found)
    for value, far in words.DISTANCE_WORDS.items():
        for found in _outside(far, text, sentence, []):
            yield from _said(text, sentence, mentions, Kind.DISTANCE, value, found)
    for found in _outside(words.DISTANCE_PATTERN, text, sentence, []):
        yield from _said(text, sentence, mentions, Kind.DISTANCE, "metres", found, _metres(found))
    places = [
        one.span()
        for pattern in words.PLACE.values()
        for one in pattern.finditer(text, sentence.start, sentence.end)
    ]
    for value, state in words.STATE.items():
        for found in _outside(state, text, sentence, [*taken, *places]):
            yield from _said(text, sentence, mentions, Kind.STATE, value, found)
    for found in _outside(words.SPEED_PATTERN, text, sentence, []):
        who = _last_before(text, mentions, found.start())
        if who is not None and who.noun == EGO:
            speed = float(found["speed"]) * words.METRES_PER_S[found["unit"].lower()]
            yield Assertion(Kind.EGO, "speed", *found.span(), who, speed)


def _metres(found: re.Match[str]) -> float:
    numbers = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", found["metres"])]
    amount = sum(numbers) / len(numbers) if numbers else float(words.NUMBERS[found["metres"].lower()])
    return amount * words.METRES[found["unit"][0].lower()]


def _said(
    text: str,
    sentence: Sentence,
    mentions: list[Mention],
    kind: Kind,
    value: str,
    found: re.Match[str],
    amount: float = 0.0,
) -> Iterator[Assertion]:
    who = _subject(text, sentence, mentions, kind, found.span())
    if who is None or who.noun == NOT_SURE_EGO:
        return
    denied = (
        bool(_NOT.search(text, max(sentence.start, who.end), found.start()))
        and found[0].lower() != "not moving"
    )
    if who.noun != EGO:
        yield Assertion(kind, value, *found.span(), who, amount, denied)
    elif kind is Kind.STATE:
        yield Assertion(
            Kind.EGO, "moving" if value == "moving" else "still", *found.span(), who, is_negated=denied
        )


def _subject(
    text: str, sentence: Sentence, mentions: list[Mention], kind: Kind, span: Span
) -> Mention | None:
    behind = next((one for one in mentions if one.start >= span[1]), None)
    may_stand_before = kind is Kind.STATE or text[span[0] : span[1]].lower() == "oncoming"
    is_adjective = may_stand_before and behind and _ADJECTIVES.match(text[span[1] : behind.start])
    if behind and is_adjective and behind.noun not in (EGO, NOT_SURE_EGO):
        return behind
    before = _last_before(text, mentions, span[0])
    if before is not None:
        return before
    if behind is None or any(
        one.end <= span[0] for one in mentions if not _BREAK.search(text[one.end : span[0]])
    ):
        return None
    between = text[span[1] : behind.start]
    is_near = ";" not in between and len(between.split()) <= _WORDS_TO_THING
    opens = _OPENS.match(between)
    return behind if is_near and opens and "," not in between[opens.end() :] else None


def _last_before(text: str, mentions: list[Mention], place: int) -> Mention | None:
    before = [one for one in mentions if one.end <= place]
    return before[-1] if before and not _BREAK.search(text[before[-1].end : place]) else None


def _overlaps(span: Span, others: list[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)
