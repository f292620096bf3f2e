"""What frames are filtered by, as NumPy columns (pure): which frames have a value, and how many have each.

`n` is the number of frames; a frame is known by its place, from 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from data.errors import FindRefused
from data.find.question import OF_REVIEWS, About, Filter

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NONE = -1
_NAMED = 12
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Facet:
    """Values and who has them. `code`: a place in `values` or NONE. `frame`: the frame of each code, no frame twice
    with the same value; None where there is one code per frame. `note`: what people should know of the values, such
    as the command that computes them."""

    about: About
    values: tuple[str, ...]
    code: Codes
    frame: Ints | None = None
    note: str = ""

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {value: place for place, value in enumerate(self.values)}

    def place(self, value: str) -> int:
        """Raises FindRefused for a value that there is not, naming it."""
        if value not in self._places:
            raise FindRefused(_unknown(self, value))
        return self._places[value]

    def matching(self, value: str) -> Flags:
        """(codes,) which of the codes a value asks for. Raises FindRefused."""
        return np.asarray(self.code == self.place(value))

    def having(self, value: str, n: int) -> Flags:
        """(n,) the frames with a value."""
        wanted = self.matching(value)
        if self.frame is None:
            return wanted
        flags = np.zeros(n, dtype=np.bool_)
        flags[self.frame[wanted]] = True
        return flags

    def counts(self, kept: Flags) -> Ints:
        """(values,) how many of the frames that are kept have each value."""
        codes = self.code[kept] if self.frame is None else self.code[kept[self.frame]]
        return np.bincount(codes[codes >= 0], minlength=len(self.values))


@dataclass(frozen=True)
class DayFacet(Facet):
    """A facet whose values are days in their order, which is asked for a day or for a range of days."""

    def matching(self, value: str) -> Flags:
        """(codes,) those of the day, or of the days from the first to the last one; a day without frames has none."""
        first, last = day_range(self.about, value)
        begin, end = bisect_left(self.values, first), bisect_right(self.values, last)
        return np.asarray((self.code >= begin) & (self.code < end))


def day_range(about: About, value: str) -> tuple[str, str]:
    """The first and last day of a day or a range of days.

    >>> day_range(About.DATE, "2026-11-29"), day_range(About.DATE, "2026-11-01..")
    (('2026-11-29', '2026-11-29'), ('2026-11-01', '9999-12-31'))

    Raises FindRefused for anything else, naming it.
    """
    first, dots, last = value.partition("..")
    days = (first or "0001-01-01", last or "9999-12-31") if dots else (first, first)
    if not (first or last) or not all(map(_is_day, days)):
        raise FindRefused(
            f"{value[:64]!r} is no day for {about.value}. Write 2026-11-29, or days as 2026-11-01..2026-11-29; "
            "either end may be left out."
        )
    if days[0] > days[1]:
        raise FindRefused(f"{about.value} ends on {days[1]}, before it begins on {days[0]}.")
    return days


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class ReviewFacets:
    """What standing reviews are filtered by; `frame` is the frame of each review. `of_frames`: which values the reviews
    of each frame have between them."""

    frame: Ints
    facets: Mapping[About, Facet]
    of_frames: Mapping[About, Facet]

    def passing(self, filters: Sequence[Filter], n: int) -> Flags:
        """(n,) frames that have, for each choice of one value per name, a review with all of it."""
        flags = np.ones(n, dtype=np.bool_)
        for choice in _choices(filters):
            of_one = np.zeros(n, dtype=np.bool_)
            of_one[self.frame[self._with_all(choice)]] = True
            flags &= of_one
        return flags

    def passing_reviews(self, filters: Sequence[Filter], kept: Flags) -> Ints:
        """The places of reviews, of frames that are kept, that have everything that is asked of one review."""
        asked = np.logical_or.reduce([self._with_all(choice) for choice in _choices(filters)])
        return np.flatnonzero(asked & kept[self.frame])

    def counts(self, about: About, reviews: Ints, n: int) -> Ints:
        """(values,) how many frames have one of these reviews with each value."""
        seen = _seen(self.facets[about], self.facets[about].code[reviews], self.frame[reviews], n)
        return np.array([np.count_nonzero(one) for one in seen], dtype=np.int64)

    def _with_all(self, filters: Sequence[Filter]) -> Flags:
        wanted = np.ones(len(self.frame), dtype=np.bool_)
        for about, value in filters:
            facet = self.facets[about]
            wanted &= facet.matching(value)
        return wanted


def review_facets(frame: Ints, n: int, facets: Mapping[About, Facet]) -> ReviewFacets:
    """Facets of reviews, whose frames are some of n."""
    of_frames = {}
    for about, facet in facets.items():
        code, having = np.nonzero(_seen(facet, facet.code, frame, n))
        of_frames[about] = Facet(about, facet.values, code.astype(np.int32), having)
    return ReviewFacets(frame, facets, of_frames)


def _seen(facet: Facet, code: Codes, frame: Ints, n: int) -> Flags:
    """(values, n) which frames have a review with each value."""
    seen = np.zeros((len(facet.values) + 1, n), dtype=np.bool_)
    seen.reshape(-1)[np.where(code >= 0, code, len(facet.values)) * np.int64(n) + frame] = True
    return np.asarray(seen[:-1])


def _choices(filters: Sequence[Filter]) -> list[tuple[Filter, ...]]:
    """Every choice of one value per name; a single empty one without filters."""
    named: dict[About, list[Filter]] = {}
    for one in filters:
        named.setdefault(one.about, []).append(one)
    return list(product(*named.values()))


@dataclass(frozen=True)
class Facets:
    """Everything that frames are filtered by."""

    n: int
    of_frames: Mapping[About, Facet]
    of_reviews: ReviewFacets

    def passing(self, filters: Sequence[Filter]) -> Flags:
        """(n,) the frames that pass all filters. Raises FindRefused for a value that there is not."""
        flags = np.ones(self.n, dtype=np.bool_)
        for about, value in filters:
            if about not in OF_REVIEWS:
                flags &= self.of_frames[about].having(value, self.n)
        about_reviews = [one for one in filters if one.about in OF_REVIEWS]
        return flags & self.of_reviews.passing(about_reviews, self.n) if about_reviews else flags

    def counts(self, filters: Sequence[Filter], also: Flags) -> dict[About, Ints]:
        """(values,) per facet, how many frames there would be with each value: instead of the one asked for where a
        frame or review has only one, else in addition. `also`: (n,) the frames that count at all."""
        kept: dict[tuple[Filter, ...], Flags] = {}
        reviews: dict[tuple[Filter, ...], Ints] = {}

        def passing(others: tuple[Filter, ...]) -> Flags:
            if others not in kept:
                kept[others] = self.passing(others) & also
            return kept[others]

        found: dict[About, Ints] = {}
        for about, facet in self.of_frames.items():
            is_replaced = facet.frame is None
            found[about] = facet.counts(passing(_without(about, filters) if is_replaced else tuple(filters)))
        for about in self.of_reviews.facets:
            others = _without(about, filters)
            of_reviews = [one for one in others if one.about in OF_REVIEWS]
            if not of_reviews:  # any review of the frame will do
                found[about] = self.of_reviews.of_frames[about].counts(passing(others))
                continue
            if others not in reviews:
                reviews[others] = self.of_reviews.passing_reviews(of_reviews, passing(others))
            found[about] = self.of_reviews.counts(about, reviews[others], self.n)
        return found


def _without(about: About, filters: Sequence[Filter]) -> tuple[Filter, ...]:
    return tuple(one for one in filters if one.about is not about)


def one_code(about: About, values: Sequence[str], of_frames: Sequence[str | None]) -> Facet:
    """A facet of one value per frame; `values` are those that exist even if no frame has them."""
    places = {value: place for place, value in enumerate(values)}
    for value in sorted({one for one in of_frames if one is not None and one not in places}):
        places[value] = len(places)
    codes = np.array([NONE if one is None else places[one] for one in of_frames], dtype=np.int32)
    return Facet(about, tuple(places), codes)


def many_codes(about: About, values: Sequence[str], pairs: set[tuple[int, str]]) -> Facet:
    """A facet of any number of values per frame, from (frame, value)."""
    places = {value: place for place, value in enumerate(values)}
    for value in sorted({value for _, value in pairs if value not in places}):
        places[value] = len(places)
    listed = sorted((frame, places[value]) for frame, value in pairs)
    both = np.array(listed, dtype=np.int64).reshape(-1, 2)
    return Facet(about, tuple(places), both[:, 1].astype(np.int32), both[:, 0])


def day_facet(about: About, at_us: Ints) -> DayFacet:
    """A facet of the days of moments, microseconds since 1970."""
    days, code = np.unique(at_us // _DAY_US, return_inverse=True)
    return DayFacet(about, tuple(str(day) for day in days.astype("datetime64[D]")), code.astype(np.int32))


def _unknown(facet: Facet, value: str) -> str:
    about, values = facet.about, facet.values
    if not values:
        return facet.note or f"{about.value} is {value[:64]!r} for no frame: nothing here has a value for it."
    named = ", ".join(values[:_NAMED]) + (
        f" and {len(values) - _NAMED:,} more" if len(values) > _NAMED else ""
    )
    return f"{value[:64]!r} is no value of {about.value}. There are {named}."
