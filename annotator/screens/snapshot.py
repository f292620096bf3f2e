"""Freezing a snapshot: what would be in it, and the button."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from annotator.runtime import store, workspace
from annotator.screens.look import empty_state, page_head, plain
from data.errors import TeletriageError
from data.progress import progress
from data.scenarios.plausibility import count_generated
from data.snapshot import freeze
from data.snapshot_format import MANIFEST, Manifest
from data.tables import Person
from data.vocabulary import Split, VerificationState


def show(person: Person) -> None:
    """The trainer's way from verified frames to a folder that training reads."""
    page_head(person, "Snapshot")
    states = progress(store()).states
    made = count_generated(store()).verified
    with_made = any(made.values()) and st.checkbox(
        f"Include generated frames: {sum(made.values()):,} verified, marked and counted apart"
    )
    left_out = {side: 0 if with_made else made[side] for side in Split}
    verified = {side: states[side][VerificationState.VERIFIED] - left_out[side] for side in Split}
    if not sum(verified.values()):
        empty_state("No frame is verified yet", "A snapshot holds verified frames only.")
        return
    st.write(
        f"{verified[Split.TRAIN]:,} verified frames to train on and {verified[Split.HELD_OUT]:,} held out would go "
        "into a snapshot now; it lists every frame that it leaves out, with the reason."
    )
    if st.button("Freeze a snapshot", type="primary"):
        _freeze(person, generated=bool(with_made))
    _existing()


def _freeze(person: Person, *, generated: bool) -> None:
    folder = workspace() / "snapshots" / f"{datetime.now(tz=UTC):%Y%m%d-%H%M%S}"
    try:
        with st.spinner("Freezing …"):
            freeze(store(), folder, generated=generated, by=person.id)
    except TeletriageError as error:
        st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')


def _existing() -> None:
    manifests = sorted((workspace() / "snapshots").glob(f"*/{MANIFEST}"), reverse=True)
    rows = []
    for path in manifests:
        manifest = Manifest.model_validate_json(path.read_bytes())
        rows.append(
            {
                "snapshot": path.parent.name,
                "hash": manifest.snapshot_hash[:12],
                **{f"pairs of weight {weight}": n for weight, n in manifest.pairs_by_weight.items()},
                "held-out frames": sum(manifest.evaluation_by_level.values()),
                "left out": sum(manifest.excluded_by_reason.values()),
                "generated": sum(manifest.generated.get(side, 0) for side in ("pairs", "evaluation")),
            }
        )
    if rows:
        st.subheader("Snapshots of this workspace")
        st.dataframe(rows, hide_index=True)
