"""Asking the model: the newest frame of the feed whose turn it is, with bounded work under way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from annotator.monitor.rules.attention import next_feed
from annotator.monitor.rules.deciding import decided, decided_by_model
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.alerting import Alerting
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.tasks import Tasks
from annotator.monitor.watching.watched_feed import Captured, Said, WatchedFeed
from data.decisions.decision import ModelDecision
from data.images.inspection import ImageRefused
from data.images.model_picture import ModelPicture, model_picture
from data.vlm.live_client import LiveAnswer, LiveEndpoints
from data.vlm.moment import Earlier
from data.vlm.reply import parse_reply
from data.vocabulary import ManualReason

SHORTEST_DEADLINE_S = 0.05


class Asking:
    """Requests under way to the endpoints, and what their answers tell of a feed."""

    def __init__(self, feeds: Feeds, endpoints: LiveEndpoints, alerting: Alerting, tasks: Tasks) -> None:
        self._feeds, self._alerting, self._tasks = feeds, alerting, tasks
        self.endpoints = endpoints
        self._under_way = 0

    def ask_next(self) -> None:
        """Fill every free request with the newest frame of the feed whose turn it is."""
        limits = self._feeds.limits
        while self._under_way < limits.at_once:
            candidates = (feed.candidate() for feed in self._feeds.values())
            name = next_feed(candidates, self._feeds.clock.now_s(), per_feed=limits.per_feed)
            if name is None:
                return
            feed = self._feeds[name]
            captured = feed.slot.take()
            assert captured is not None  # noqa: S101 - next_feed only names feeds with a frame waiting
            feed.begin_request(captured.number, self._feeds.clock.now_s())
            self._under_way += 1
            self._tasks.spawn(self._ask(feed, captured))

    async def _ask(self, feed: WatchedFeed, captured: Captured) -> None:
        asked_s = self._feeds.clock.now_s()
        try:
            answer = await self._answer(captured, feed.past.before(captured.captured_s), asked_s)
        finally:
            self._under_way -= 1
            feed.end_request(captured.number)
        self._take_in(feed, captured, answer, asked_s)
        self.ask_next()

    async def _answer(
        self, captured: Captured, past: Sequence[Earlier[Picture]], asked_s: float
    ) -> LiveAnswer:
        try:
            shown = await self._shown(captured.picture)
        except ImageRefused as refused:
            return LiveAnswer(None, ManualReason.UNREADABLE, str(refused))
        deadline_s = captured.captured_s + self._feeds.limits.stale_s - asked_s
        earlier = await self._earlier(past)
        return await self.endpoints.ask(
            shown, deadline_s=max(deadline_s, SHORTEST_DEADLINE_S), earlier=earlier
        )

    async def _earlier(self, past: Sequence[Earlier[Picture]]) -> list[Earlier[ModelPicture]]:
        """Those that can be decoded: the message says which are missing."""
        shown = []
        for one in past:
            with suppress(ImageRefused):
                shown.append(Earlier(await self._shown(one.picture), one.before_s))
        return shown

    async def _shown(self, picture: Picture) -> ModelPicture:
        width_px = self.endpoints.sampling.image_width_px
        return await asyncio.to_thread(model_picture, picture.content, "The picture", width_px=width_px)

    def _take_in(self, feed: WatchedFeed, captured: Captured, answer: LiveAnswer, asked_s: float) -> None:
        now_s, signs, tally = self._feeds.clock.now_s(), feed.signs, self._feeds.tally
        if answer.sample is None:
            self._no_answer(feed, answer, now_s, asked_s)
            return
        tally.add(answers=1)
        tally.service_s.append(now_s - asked_s)
        reply = parse_reply(answer.sample.raw, finish_reason=answer.sample.finish_reason)
        if reply.assessment is None:
            tally.add(failed=1)
            signs.wrong_s, feed.detail = now_s, reply.detail
            return
        if now_s - captured.captured_s > self._feeds.limits.stale_s:
            tally.add(stale=1)
            signs.late_s = now_s
            return
        if captured.number < feed.applied or captured.number == feed.broken:
            return  # a newer frame has been answered since, or this one cannot even be decoded
        feed.applied = captured.number
        signs.answer_s = now_s
        decision, probabilities = self._feeds.decision, answer.sample.probabilities
        tally.undecided += decision is not None and probabilities is None
        if isinstance(decision, ModelDecision):
            assessment = decided_by_model(reply.assessment, probabilities, decision)
        else:
            threshold = decision.threshold if decision else None
            assessment = decided(reply.assessment, probabilities, threshold)
        self._alerting.learn(feed, Said(captured, answer.sample, assessment, asked_s))

    def _no_answer(self, feed: WatchedFeed, answer: LiveAnswer, now_s: float, asked_s: float) -> None:
        tally = self._feeds.tally
        feed.detail = answer.detail
        if answer.failure is ManualReason.ENDPOINT_SLOW:
            tally.add(answers=1, stale=1)
            tally.service_s.append(now_s - asked_s)  # it took this long at least
            feed.signs.late_s = now_s
            return
        tally.add(failed=1)
        if answer.failure is ManualReason.ENDPOINT_GONE:
            feed.signs.gone_s = now_s
        elif answer.failure is ManualReason.UNREADABLE:
            feed.signs.unreadable_s = now_s
        else:
            feed.signs.wrong_s = now_s
