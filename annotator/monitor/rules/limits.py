"""Every number that the monitor's rules go by, in one place, as a person may set them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MB = 1_000_000
PROMISE_S = 2.0
"""Within so long of anything going wrong a feed says *manual monitoring*."""


class Limits(BaseModel):
    """What the monitor goes by.

    frame_rate: frames per second of one feed that are looked at; faster cameras are thinned.
    at_once, per_feed: requests under way, together and for one feed.
    stale_s: an answer about an older frame is stale: it says so, is counted, and is not used.
    manual_after_s: so long without an answer that can be used, and a person must look.
    frozen_s: so long without the least change in the picture (three frames at least).
    clock_s: how far a source's own time may be from ours.
    agreeing: so many lower answers in a row, over `calm_s` at least, before a level falls.
    rearm_s: so long after *not needed* the same situation alerts again.
    random_share: of the frames asked about, so many go to review whatever was said.
    boundary_margin: SUPERVISION and TELEOPERATION closer than this are a boundary frame; one per feed in
    `boundary_every_s` goes to review.
    renew_s: a feed counts as carried if it can be asked about again within this time.
    ring_mb: memory for the last ten seconds of all feeds together.
    spool_mb, clips_mb: room on the disk for pictures that wait to become clips, and for clips.
    clip_free_mb: so much of the disk clips leave free.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    frame_rate: float = Field(default=2.0, gt=0, le=30)
    at_once: int = Field(default=64, ge=1, le=1024)
    per_feed: int = Field(default=2, ge=1, le=16)
    stale_s: float = Field(default=2.0, gt=0, le=30)
    manual_after_s: float = Field(default=1.7, gt=0, le=PROMISE_S)
    frozen_s: float = Field(default=1.4, gt=0, le=PROMISE_S)
    clock_s: float = Field(default=2.0, gt=0)
    agreeing: int = Field(default=3, ge=1, le=100)
    calm_s: float = Field(default=2.0, ge=0, le=600)
    rearm_s: float = Field(default=10.0, ge=0, le=600)
    random_share: float = Field(default=0.001, ge=0, le=1)
    boundary_margin: float = Field(default=0.2, ge=0, le=1)
    boundary_every_s: float = Field(default=60.0, ge=0)
    renew_s: float = Field(default=1.0, gt=0, le=PROMISE_S)
    ring_mb: int = Field(default=512, ge=1)
    spool_mb: int = Field(default=4_000, ge=1)
    clips_mb: int = Field(default=50_000, ge=1)
    clip_free_mb: int = Field(default=1_000, ge=0)
