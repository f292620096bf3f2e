"""All feeds of one watch, with what every part of the monitor holds them to: limits, clock, counts, logbook, news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from annotator.monitor.rules.limits import Limits
from annotator.monitor.watching.clips import Clips
from annotator.monitor.watching.clock import Clock
from annotator.monitor.watching.logbook import Logbook
from annotator.monitor.watching.news import News
from annotator.monitor.watching.tally import Tally
from annotator.monitor.watching.watched_feed import WatchedFeed
from data.blurring.live import LiveBlurring
from data.decisions.decision import ModelDecision
from eval.guarantee.decide import Decision
from eval.guarantee.follow import Standing


class Feeds(Mapping[str, WatchedFeed]):
    """Feeds by name, in order of importance. `decision`: what the model's probabilities are held against; `guarantee`:
    where its promise stands, as of the last look; `clips`: None where none are kept; `blurring`: what blurs pictures
    before they are kept, None where nothing does."""

    def __init__(self, feeds: Iterable[WatchedFeed], limits: Limits, logbook: Logbook) -> None:
        self._by_name = {feed.name: feed for feed in feeds}
        self.limits, self.logbook = limits, logbook
        self.clock, self.tally, self.news = Clock(), Tally(), News()
        self.decision: Decision | ModelDecision | None = None
        self.guarantee: Standing | None = None
        self.clips: Clips | None = None
        self.blurring: LiveBlurring | None = None

    def __getitem__(self, name: str) -> WatchedFeed:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)
