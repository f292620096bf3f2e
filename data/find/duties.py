"""Reading which frames a probed run violated a duty with."""

from __future__ import annotations

import numpy as np
from sqlmodel import Session

from data.find.facets import Facet, many_codes
from data.find.frame_facts import FrameFacts
from data.find.question import About
from data.probes.duties import DUTIES
from data.probes.violating import violating_frames

NOT_PROBED = "No run has been probed yet: `teletriage probe` does it."


def read_duties(session: Session, frames: FrameFacts) -> Facet:
    """Frames by the duty that a run violated with them: of any run, and of one under `name:duty`."""
    found = violating_frames(session)
    if not found:
        return Facet(About.PROBE, (), np.array([], np.int32), np.array([], np.int64), NOT_PROBED)
    pairs: set[tuple[int, str]] = set()
    for run, duties in found.items():
        for key, frame_ids in duties.items():
            for place in (frames.place[one] for one in frame_ids if one in frames.place):
                pairs |= {(place, key), (place, f"{run}:{key}")}
    of_runs = (f"{run}:{key}" for run, duties in found.items() for key in duties)
    return many_codes(About.PROBE, (*(duty.key for duty in DUTIES), *of_runs), pairs)
