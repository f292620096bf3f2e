"""Freezing a snapshot: what would be in it and what would not, the button, and the snapshots that there are."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from annotator.runtime import store, workspace
from annotator.widgets.figure_cache import cached
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import repeated_table
from data.errors import SnapshotError, TeletriageError
from data.frames.development_part import SHARE
from data.scenarios.plausibility import count_generated
from data.snapshot.folder import MANIFEST, read_manifest
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.preview import SnapshotPreview, preview
from data.store.tables import Person
from data.text.phrases import counted
from data.vocabulary import ImageStorage, ReplyForm


def show(person: Person) -> None:
    """The trainer's way from verified frames to a folder that training reads."""
    page_head(person, "Snapshot")
    options = _options()
    seen = _preview(options)
    if seen.leak and not seen.pairs:
        st.html(f'<div class="tt-card" role="alert">{plain(seen.leak)}</div>')
        return
    if not seen.pairs and not seen.evaluation:
        empty_state("No frame is verified yet", "A snapshot holds verified frames only.")
        _left_out(seen)
        return
    _counts(seen)
    if seen.leak:
        st.html(f'<div class="tt-card" role="alert">{plain(seen.leak)}</div>')
    elif st.button("Freeze a snapshot", type="primary"):
        _freeze(person, options)
    repeated_table(seen.repeated)
    _left_out(seen)
    _examples(seen)
    _existing()


def _options() -> FreezeOptions:
    form, generated, named = st.columns(3)
    made = sum(count_generated(store()).verified.values())
    return FreezeOptions(
        form=form.selectbox(
            "Reply form of the pairs",
            [None, *ReplyForm],
            format_func=lambda one: one.value if one else "as the student answered",
        ),
        generated=made > 0
        and generated.checkbox(f"Include generated frames: {made:,} verified, marked and counted apart"),
        development=SHARE,
        images=ImageStorage.REFERENCED
        if named.checkbox("Reference pictures instead of copying them")
        else ImageStorage.COPIED,
    )


def _preview(options: FreezeOptions) -> SnapshotPreview:
    with st.spinner("Looking at what is verified …"):
        return cached(store(), lambda opened: preview(opened, options), of=options)


def _counts(seen: SnapshotPreview) -> None:
    figures = (
        ("Pairs to train on", seen.pairs),
        *((f"of weight {weight}", n) for weight, n in seen.pairs_by_weight.items()),
        *([("of equal levels, other words", seen.equal_levels)] if seen.equal_levels else []),
        *([("Development frames", seen.development)] if seen.development else []),
        ("Held-out frames", seen.evaluation),
        ("Left out", sum(seen.excluded_by_reason.values())),
    )
    for column, (label, value) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(label, f"{value:,}", border=True)
    rows = [
        {"verified": levels.split(">")[0], "student said": levels.split(">")[1], "pairs": n}
        for levels, n in seen.pairs_by_levels.items()
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="content")


def _left_out(seen: SnapshotPreview) -> None:
    if not seen.excluded_by_reason:
        return
    st.header("What would be left out")
    rows = [
        {"reason": reason.replace("_", " "), "frames": n} for reason, n in seen.excluded_by_reason.items()
    ]
    st.dataframe(rows, hide_index=True, width="content")


def _examples(seen: SnapshotPreview) -> None:
    if not seen.examples:
        return
    with st.expander(f"The first {counted(len(seen.examples), 'pair')}"):
        st.dataframe(seen.examples, hide_index=True)


def _freeze(person: Person, options: FreezeOptions) -> None:
    folder = workspace() / "snapshots" / f"{datetime.now(tz=UTC):%Y%m%d-%H%M%S}"
    try:
        with st.spinner("Freezing …"):
            freeze(store(), folder, options, by=person.id)
    except TeletriageError as error:
        st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')


def _existing() -> None:
    manifests = sorted((workspace() / "snapshots").glob(f"*/{MANIFEST}"), reverse=True)
    rows = []
    for path in manifests:
        try:
            manifest = read_manifest(path.parent)
        except SnapshotError as error:
            st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
            continue
        rows.append(
            {
                "snapshot": path.parent.name,
                "hash": manifest.snapshot_hash[:12],
                **{f"pairs of weight {weight}": n for weight, n in manifest.pairs_by_weight.items()},
                "held-out frames": sum(manifest.evaluation_by_level.values()),
                "left out": sum(manifest.excluded_by_reason.values()),
            }
        )
    if rows:
        st.header("Snapshots of this workspace")
        st.dataframe(rows, hide_index=True)
