"""Questions about frames, written as addresses (pure): `state=contested&cue=night&cue=rain&sort=queue`.

Filters are combined with AND. Those about reviews that stand with different names hold of one and the same review
(`person=ada&verdict=correct`: what Ada corrected); a name given twice asks for two (`person=ada&person=ben`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from data.errors import FindRefused
from data.vocabulary import storable_text

MAX_WORDS_CHARS = 200
MAX_FILTERS = 12


class About(StrEnum):
    """What a filter asks about, each with its meaning for people."""

    STATE = "state"
    SPLIT = "split"
    LEVEL = "level"
    PROPOSED = "proposed"
    STUDENT = "student"
    ALIGNED = "aligned"
    RUN = "run"
    FAILED = "failed"
    OWN = "own"
    CELL = "cell"
    DISAGREEMENT = "disagreement"
    CUE = "cue"
    UNKNOWN_CUE = "unknown_cue"
    DATA_SET = "data_set"
    SCENE = "scene"
    LOCATION = "location"
    LOG = "log"
    TIME = "time"
    TAKEN = "taken"
    HOUR = "hour"
    BRIGHTNESS = "brightness"
    SCENARIO = "scenario"
    PERSON = "person"
    SAID = "said"
    MODE = "mode"
    VERDICT = "verdict"
    REASON = "reason"
    DATE = "date"
    FLAG = "flag"
    GOLD = "gold"
    AUDIT = "audit"
    GENERATED = "generated"
    FEED = "feed"
    RETURNED = "returned"
    ALERT = "alert"
    QUEUE = "queue"
    NEXT = "next"
    SNAPSHOT = "snapshot"
    SET_ASIDE = "set_aside"
    SECOND_LOOK = "second_look"
    TAG = "tag"
    LIST = "list"
    SUSPICIOUS = "suspicious"
    SHORTCUT = "shortcut"
    GROUNDING = "grounding"
    PROBE = "probe"
    LIKE = "like"


MEANINGS: dict[About, str] = {
    About.STATE: "Where the frame stands",
    About.SPLIT: "Side of the split",
    About.LEVEL: "Verified level",
    About.PROPOSED: "Level the teacher proposed",
    About.STUDENT: "Student's level",
    About.ALIGNED: "Aligned model's level",
    About.RUN: "Level in a run",
    About.FAILED: "Why a run's reply failed",
    About.OWN: "Level a person said before any proposal",
    About.CELL: "Teacher said × a person said",
    About.DISAGREEMENT: "Disagreement between people",
    About.CUE: "Cue",
    About.UNKNOWN_CUE: "Cue that could not be looked for",
    About.DATA_SET: "Data set",
    About.SCENE: "Scene",
    About.LOCATION: "Location",
    About.LOG: "Log",
    About.TIME: "Day or night",
    About.TAKEN: "Day it was taken (local)",
    About.HOUR: "Hour",
    About.BRIGHTNESS: "Brightness of the picture",
    About.SCENARIO: "Scenario it shows",
    About.PERSON: "Reviewed by",
    About.SAID: "Level a person said",
    About.MODE: "Mode of the review",
    About.VERDICT: "Verdict",
    About.REASON: "Reason code",
    About.DATE: "Day of the review (UTC)",
    About.FLAG: "Note",
    About.GOLD: "Gold",
    About.AUDIT: "Audit",
    About.GENERATED: "Generated",
    About.FEED: "Live feed",
    About.RETURNED: "Returned from a feed for",
    About.ALERT: "Alert of a feed",
    About.QUEUE: "Position in the queue",
    About.NEXT: "Asked to be reviewed next",
    About.SNAPSHOT: "In a snapshot",
    About.SET_ASIDE: "Set aside",
    About.SECOND_LOOK: "Second look",
    About.TAG: "Tag",
    About.LIST: "On the list",
    About.SUSPICIOUS: "Level that may be wrong (verified:likelier)",
    About.SHORTCUT: "Level that one trait alone tells",
    About.GROUNDING: "Words against what is there",
    About.PROBE: "Duty violated in a probe",
    About.LIKE: "Looks like the frame",
}
OF_REVIEWS = (
    About.PERSON, About.SAID, About.OWN, About.CELL, About.MODE, About.VERDICT, About.REASON, About.DATE,
)  # fmt: skip
"""Filters that one standing review has to pass together."""
CONTEXT = frozenset(
    {
        About.STATE, About.SPLIT, About.CUE, About.UNKNOWN_CUE, About.DATA_SET, About.SCENE, About.LOCATION,
        About.LOG, About.TIME, About.TAKEN, About.HOUR, About.BRIGHTNESS, About.SCENARIO, About.GENERATED,
        About.FEED, About.QUEUE, About.NEXT, About.SNAPSHOT, About.SET_ASIDE, About.LIKE,
    }
)  # fmt: skip
"""Filters whose answers tell nothing that a model or a person said of a frame that still waits for reviews."""


ADDS = frozenset(
    {
        About.RUN, About.FAILED, About.CUE, About.UNKNOWN_CUE, About.FLAG, About.AUDIT, About.FEED, About.RETURNED,
        About.ALERT, About.QUEUE, About.NEXT, About.SNAPSHOT, About.SECOND_LOOK, About.TAG, About.LIST, About.SCENARIO,
        About.SUSPICIOUS, About.SHORTCUT, About.GROUNDING, About.PROBE,
    }
)  # fmt: skip
"""Filters of which a frame can pass several."""
DAYS = (About.DATE, About.TAKEN)
"""Filters by a day, or by a range of days: `2026-11-01..2026-11-30`, where either end may be left out."""


class Sort(StrEnum):
    """Orders of the frames, those that are largest first unless an address says `-` before the name."""

    QUEUE = "queue"
    TIME = "time"
    DISAGREEMENT = "disagreement"
    TELEOPERATION = "teleoperation"
    SECONDS = "seconds"
    SUSPICION = "suspicion"


TELLING_SORTS = (Sort.DISAGREEMENT, Sort.TELEOPERATION, Sort.SUSPICION)
"""Orders that tell what a model or people said."""


class Filter(NamedTuple):
    """One condition: `value` as it stands in the address."""

    about: About
    value: str


@dataclass(frozen=True)
class Question:
    """What is asked. `words`: those that one text about the frame holds, all of them; "" asks for none.

    is_reversed: smallest first. shows_levels: show what was said even of frames that still wait for reviews.
    is_stacked: look-alikes of a standing vehicle are one frame.
    """

    filters: tuple[Filter, ...] = ()
    words: str = ""
    sort: Sort = Sort.QUEUE
    is_reversed: bool = False
    shows_levels: bool = False
    is_stacked: bool = False

    @property
    def of_values(self) -> tuple[Filter, ...]:
        """The filters by values that frames have; the order by likeness is none of them."""
        return tuple(one for one in self.filters if one.about is not About.LIKE)

    @property
    def like(self) -> str | None:
        """The frame that the others are to look like, nearest first; it takes the place of `sort`."""
        return next((one.value for one in self.filters if one.about is About.LIKE), None)

    @property
    def tells(self) -> bool:
        """Whether the answer tells what was said of the frames in it that still wait for reviews."""
        is_told = any(one.about not in CONTEXT for one in self.filters) or bool(self.words)
        return self.shows_levels or is_told or self.sort in TELLING_SORTS

    def without(self, place: int) -> Question:
        """The question without one of its filters; behind the last one stand the words."""
        if place == len(self.filters):
            return replace(self, words="")
        return replace(self, filters=self.filters[:place] + self.filters[place + 1 :])

    @property
    def address(self) -> str:
        """The query part of the address, which `from_address` reads back."""
        pairs: list[tuple[str, str]] = [(one.about.value, one.value) for one in self.filters]
        if self.words:
            pairs.append(("words", self.words))
        if self.sort is not Sort.QUEUE or self.is_reversed:
            pairs.append(("sort", ("-" if self.is_reversed else "") + self.sort.value))
        if self.shows_levels:
            pairs.append(("levels", "all"))
        if self.is_stacked:
            pairs.append(("stacks", "one"))
        return urlencode(pairs)


VIEW = ("frame", "size")
"""What an address says beside the question: the frame that is open, and how large the pictures are."""


def from_address(query: str) -> Question:
    """Read the query part of an address. Raises FindRefused, naming what is not known."""
    asked: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=4 * MAX_FILTERS)
    except ValueError as error:
        raise FindRefused(f"An address holds at most {MAX_FILTERS} filters.") from error
    for name, value in pairs:
        asked.setdefault(name, []).append(storable_text(value))
    filters = tuple(
        Filter(_about(name), value)
        for name, values in asked.items()
        if name not in (*VIEW, "words", "sort", "levels", "stacks")
        for value in dict.fromkeys(values)
    )
    if len(filters) > MAX_FILTERS:
        raise FindRefused(f"An address holds at most {MAX_FILTERS} filters; this one has {len(filters)}.")
    _one(asked, About.LIKE.value, "")
    sort = _one(asked, "sort", Sort.QUEUE.value)
    return Question(
        filters=filters,
        words=_words(_one(asked, "words", "")),
        sort=_sort(sort.removeprefix("-")),
        is_reversed=sort.startswith("-"),
        shows_levels=_shows_levels(_one(asked, "levels", "decided")),
        is_stacked=_is_stacked(_one(asked, "stacks", "all")),
    )


def _about(name: str) -> About:
    try:
        return About(name)
    except ValueError:
        known = ", ".join(about.value for about in About)
        raise FindRefused(f"There is no filter {name[:64]!r}. The filters are {known}.") from None


def _one(asked: dict[str, list[str]], name: str, otherwise: str) -> str:
    values: Sequence[str] = asked.get(name, [otherwise])
    if len(values) > 1:
        raise FindRefused(f"{name} stands {len(values)} times in the address; once is enough.")
    return values[0]


def _words(given: str) -> str:
    words = " ".join(given.split())
    if len(words) > MAX_WORDS_CHARS:
        raise FindRefused(f"Search for at most {MAX_WORDS_CHARS} characters; these are {len(words)}.")
    return words


def _sort(name: str) -> Sort:
    try:
        return Sort(name)
    except ValueError:
        known = ", ".join(sort.value for sort in Sort)
        raise FindRefused(f"Frames cannot be sorted by {name[:64]!r}, only by {known}.") from None


def _shows_levels(value: str) -> bool:
    if value not in ("decided", "all"):
        raise FindRefused(f"levels is decided or all, not {value[:64]!r}.")
    return value == "all"


def _is_stacked(value: str) -> bool:
    if value not in ("all", "one"):
        raise FindRefused(f"stacks is one or all, not {value[:64]!r}.")
    return value == "one"
