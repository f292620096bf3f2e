"""Freezing a snapshot: what would be in it and what would not, the button, and the snapshots that there are."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store, workspace
from annotator.sign_in.visitor import frame_image
from annotator.widgets.figure_cache import cached
from annotator.widgets.page import empty_state, level_chip, page_head, plain
from annotator.widgets.tables import repeated_table
from data.commands.following import after_snapshot
from data.errors import SnapshotError, TeletriageError
from data.frames.named_lists import list_names
from data.scenarios.plausibility import count_generated
from data.snapshot.diff import diff_snapshots
from data.snapshot.folder import MANIFEST, Manifest, folder_name, load_snapshot, read_manifest
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.preview import ExamplePair, SnapshotPreview, preview
from data.snapshot.writer import SnapshotLabel
from data.store.tables import Person
from data.terminal import Settings
from data.text.phrases import counted, listed
from data.text.visible import visible
from data.vocabulary import Assessment, ImageStorage, ReplyForm

_FROZEN = "snapshot frozen in this sign-in"
_NEXT = "Next, on a machine with the training extra:"


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
    _doubles(seen)
    repeated_table(seen.repeated)
    _left_out(seen)
    _examples(person, seen)
    if seen.leak:
        st.html(f'<div class="tt-card" role="alert">{plain(seen.leak)}</div>')
    else:
        _freeze_form(person, options)
    _just_frozen()
    _existing()


def _options() -> FreezeOptions:
    form, named, generated = st.columns(3)
    with store().read() as session:
        lists = list_names(session)
    made = sum(count_generated(store()).verified.values())
    return FreezeOptions(
        form=form.selectbox(
            "Reply form of the pairs",
            [None, *ReplyForm],
            format_func=lambda one: one.value if one else "as the student answered",
        ),
        generated=made > 0
        and generated.checkbox(f"Include generated frames: {made:,} verified, marked and counted apart"),
        contradicted=not named.checkbox("Leave out contradicted words"),
        of_list=generated.selectbox("Frames", [None, *lists], format_func=_frames_of) if lists else None,
        images=ImageStorage.REFERENCED
        if named.checkbox("Reference pictures instead of copying them")
        else ImageStorage.COPIED,
    )


def _frames_of(name: str | None) -> str:
    return "all that are verified" if name is None else f"on the list {visible(name)}"


def _preview(options: FreezeOptions) -> SnapshotPreview:
    with st.spinner("Looking at what is verified …"):
        return cached(store(), lambda opened: preview(opened, options), of=options)


def _counts(seen: SnapshotPreview) -> None:
    figures = (
        ("Pairs to train on", seen.pairs),
        *([("Pairs with contradicted words", seen.contradicted)] if seen.contradicted else []),
        *([("Development frames", seen.development)] if seen.development else []),
        ("Held-out frames", seen.evaluation),
        ("Left out", sum(seen.excluded_by_reason.values())),
    )
    for column, (label, value) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(label, f"{value:,}", border=True)
    if seen.pairs:
        st.caption(f"Pairs: {_by_weight(seen)}.")
    rows = [
        {"verified": levels.split(">")[0], "student said": levels.split(">")[1], "pairs": n}
        for levels, n in seen.pairs_by_levels.items()
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="content")


def _by_weight(seen: SnapshotPreview) -> str:
    told = ", ".join(f"{n:,} of weight {float(weight):g}" for weight, n in seen.pairs_by_weight.items())
    words = f"; {seen.equal_levels:,} of them differ in words only, not in level" if seen.equal_levels else ""
    return f"{told}{words}"


def _left_out(seen: SnapshotPreview) -> None:
    if not seen.excluded_by_reason:
        return
    st.header("What would be left out")
    rows = [
        {"reason": reason.replace("_", " "), "frames": n} for reason, n in seen.excluded_by_reason.items()
    ]
    st.dataframe(rows, hide_index=True, width="content")


def _doubles(seen: SnapshotPreview) -> None:
    """What is in the data more than once: a model sees it as often."""
    told = [
        (seen.same_picture, "shares its picture with another pair", "share their picture with another pair"),
        (seen.same_texts, "has both texts in common with another", "have both texts in common with another"),
    ]
    for n, one, several in told:
        if n:
            st.text(f"{counted(n, 'pair')} {one if n == 1 else several}.")


def _examples(person: Person, seen: SnapshotPreview) -> None:
    if not seen.examples:
        return
    with st.expander(f"The first {counted(len(seen.examples), 'pair')}"):
        st.html("".join(_pair(person, one) for one in seen.examples))


def _pair(person: Person, pair: ExamplePair) -> str:
    """HTML of a pair: the picture, and the two texts beside it."""
    address = escape(frame_image(person, pair.frame_id, width_px=SMALL_PX))
    link = f"/frame?id={quote(pair.frame_id, safe='')}"
    return (
        f'<div class="tt-pair"><a href="{escape(link)}" target="_self">'
        f'<img src="{address}" alt="Open frame {plain(pair.frame_id)}"></a>'
        f"{_side('Chosen', pair.chosen)}{_side(f'Rejected, weight {pair.weight:g}', pair.rejected)}</div>"
    )


def _side(title: str, said: Assessment) -> str:
    return (
        f'<div><p class="tt-label">{title}</p>{level_chip(said.level)}'
        f'<p class="tt-text">{plain(said.reasoning)}</p><p class="tt-text">{plain(said.action)}</p></div>'
    )


def _freeze_form(person: Person, options: FreezeOptions) -> None:
    st.header("Freeze")
    with st.form("freeze", border=False):
        left, right = st.columns([2, 3])
        name = left.text_input("Name", max_chars=80, placeholder="By default the date and time")
        description = right.text_input("Description", max_chars=1000, placeholder="What it is for")
        st.caption("Name and description are kept in the manifest and are no part of the snapshot's hash.")
        if st.form_submit_button("Freeze a snapshot", type="primary"):
            _freeze(person, options, SnapshotLabel(name.strip() or None, description.strip() or None))


def _freeze(person: Person, options: FreezeOptions, label: SnapshotLabel) -> None:
    folder = workspace() / "snapshots" / folder_name(label.name, datetime.now(tz=UTC))
    try:
        if folder.exists():
            raise SnapshotError(f"There is a snapshot {folder.name} already. Give this one another name.")
        with st.spinner("Freezing …"):
            freeze(store(), folder, options, label=label, by=person.id)
    except TeletriageError as error:
        st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
        return
    st.session_state[_FROZEN] = folder


def _just_frozen() -> None:
    """Where the snapshot frozen in this sign-in lies, and the command that trains on it."""
    folder: Path | None = st.session_state.get(_FROZEN)
    if folder is None or not folder.is_dir():
        return
    manifest = read_manifest(folder)
    with st.container(border=True):
        st.text(f"Frozen: {folder}")
        st.text(
            f"{counted(sum(manifest.pairs_by_weight.values()), 'pair')}, "
            f"{counted(sum(manifest.evaluation_by_level.values()), 'held-out frame')}, hash {manifest.snapshot_hash}"
        )
        st.caption(_NEXT)
        st.code(_train(folder, manifest), language=None, wrap_lines=True)


def _train(folder: Path, manifest: Manifest) -> str:
    here = Settings(workspace(), given=("--workspace", str(workspace())))
    return after_snapshot(here, store(), folder, manifest)


def _existing() -> None:
    found = (workspace() / "snapshots").glob(f"*/{MANIFEST}")
    manifests = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    rows, folders = [], {}
    for path in manifests:
        try:
            manifest = read_manifest(path.parent)
        except SnapshotError as error:
            st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
            continue
        folders[path.parent.name] = manifest
        rows.append(
            {
                "snapshot": path.parent.name,
                "name": visible(manifest.name or ""),
                "description": visible(manifest.description or ""),
                "of the list": visible(manifest.list_name or ""),
                "frozen": f"{datetime.fromtimestamp(path.stat().st_mtime, tz=UTC):%Y-%m-%d %H:%M} UTC",
                "hash": manifest.snapshot_hash[:12],
                **{f"pairs of weight {float(weight):g}": n for weight, n in manifest.pairs_by_weight.items()},
                "held-out frames": sum(manifest.evaluation_by_level.values()),
                "left out": sum(manifest.excluded_by_reason.values()),
            }
        )
    if rows:
        st.header("Snapshots of this workspace")
        st.dataframe(rows, hide_index=True)
        _use(folders)


def _use(folders: dict[str, Manifest]) -> None:
    """Train on a snapshot, check it against its hashes, or compare it with another."""
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    name = left.selectbox("Snapshot", folders)
    other = middle.selectbox("Compare with", [None, *(one for one in folders if one != name)])
    folder = workspace() / "snapshots" / name
    if right.button("Check its hashes"):
        try:
            with st.spinner("Reading every file …"):
                whole = load_snapshot(folder)
            st.text(f"{name} is whole: {counted(len(whole.manifest.files), 'file')} match their hashes.")
        except SnapshotError as error:
            st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
    st.caption(_NEXT)
    st.code(_train(folder, folders[name]), language=None, wrap_lines=True)
    if other:
        changes = diff_snapshots(folder, workspace() / "snapshots" / other)
        st.text(f"{listed(changes.counts)}." if changes.changes else "Both hold the same frames and texts.")
        shown = [{"what": one.kind, "frame": one.frame_id, "why": one.why} for one in changes.changes]
        if shown:
            st.dataframe(shown, hide_index=True)
