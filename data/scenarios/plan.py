"""Use case: which real stretches of road are to become which scenario, as clips and specifications in one folder."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import ScenarioError
from data.hashing import canonical_json, file_hash
from data.images.clips import write_clip
from data.nuscenes.scenes import read_camera_frames
from data.pictures.blurred import scenes_with_blurred
from data.pictures.shown import shown_pictures
from data.scenarios.catalogue import Scenario
from data.scenarios.footage import Footage, cut_footage
from data.scenarios.plan_folder import CLIPS, GENERAL, PLAN, RUN, SPECS, PlannedClip
from data.scenarios.run_script import run_script
from data.scenarios.sources import Pick, find_candidates, pick_sources
from data.scenarios.specification import (
    CHUNK_FRAMES,
    DISTILLED_STEPS,
    Edge,
    GeneralSpec,
    TransferSpec,
    Vis,
    spec_hash,
    write_specs,
)
from data.store.opening import Store
from data.store.tables import Frame, SampledFrame
from data.vocabulary import Split
from data.whole_files import written_whole

Progress = Callable[[int, int], None]
TRANSFER = "nvidia/Cosmos-Transfer2.5-2B"
DISTILLED = f"{TRANSFER} edge/distilled"
EDGE_WEIGHT, VIS_WEIGHT, GUIDANCE = 1.0, 0.2, 3
"""For light and weather: NVIDIA's cookbook, recipe transfer2_5/inference-real-augmentation."""


@dataclass(frozen=True)
class PlanRequest:
    """What to plan: so many clips of each scenario, each with so many seeds, from scenes of one side."""

    scenarios: Sequence[Scenario]
    clips: int = 5
    variants: int = 1
    split: Split = Split.TRAIN
    seed: int = 0
    frames: int = CHUNK_FRAMES
    distilled: bool = False


@dataclass
class Planned:
    """What was planned. `from_keyframes`: clips for which sweeps were missing; `fewer`: scenarios for which fewer
    scenes qualified than clips were asked for; `not_for_transfer`: scenarios with the general form only."""

    folder: str
    clips: dict[str, int] = field(default_factory=dict)
    specifications: int = 0
    source_clips: int = 0
    from_keyframes: int = 0
    fewer: dict[str, int] = field(default_factory=dict)
    not_for_transfer: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    split: str = Split.TRAIN.value


def plan_clips(store: Store, asked: PlanRequest, out: Path, *, progress: Progress | None = None) -> Planned:
    """Write the plan's folder, whole or not at all. progress: called with (clips cut, clips in all).

    Raises ScenarioError: `out` holds something, nothing was sampled, no scene qualifies for any scenario, an image
    cannot be read; DatarootError: the tables cannot be read.
    """
    _refuse_nonsense(asked, out)
    with store.read() as session:
        candidates = find_candidates(session, asked.split)
        sampled = set(session.exec(select(SampledFrame.frame_id)))
        blurred = _blurred(session, {one.scene.id for one in candidates})
    picks = [
        pick
        for scenario in asked.scenarios
        for pick in pick_sources(candidates, scenario, asked.clips, asked.seed)
    ]
    if not picks:
        raise ScenarioError(
            f"No sampled {asked.split.value} frame qualifies as a source for "
            f"{', '.join(one.key for one in asked.scenarios)}; the catalogue says what each needs."
        )
    with written_whole(out) as partial:
        partial.mkdir()
        planned = _write(partial, asked, picks, sampled, _footage(picks, asked.frames, blurred), progress)
    planned.folder = str(out)
    return planned


def _refuse_nonsense(asked: PlanRequest, out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ScenarioError(f"{out} is not empty; a plan is never written over. Choose another folder.")
    if asked.distilled and asked.frames != CHUNK_FRAMES:
        raise ScenarioError(
            f"The distilled model takes clips of exactly {CHUNK_FRAMES} frames, not {asked.frames}."
        )
    for what, number in (
        ("clip", asked.clips),
        ("variant", asked.variants),
        ("second frame", asked.frames - 1),
    ):
        if number < 1:
            raise ScenarioError(f"At least one {what} is needed.")


def _write(
    folder: Path,
    asked: PlanRequest,
    picks: Sequence[Pick],
    sampled: set[str],
    footage: dict[str, Footage],
    progress: Progress | None,
) -> Planned:
    planned = Planned(folder=str(folder), split=asked.split.value)
    (folder / CLIPS).mkdir()
    rows: list[PlannedClip] = []
    transfers: list[TransferSpec] = []
    generals: list[GeneralSpec] = []
    for done, pick in enumerate(picks, start=1):
        cut = footage[pick.candidate.frame.id]
        if asked.distilled and len(cut.frames) != CHUNK_FRAMES:
            short = f"{len(cut.frames)} frames around it; the distilled model takes {CHUNK_FRAMES}"
            planned.left_out[pick.candidate.frame.id] = short
            continue
        clip = _write_source(folder, pick, cut)
        if progress:
            progress(done, len(picks))
        planned.from_keyframes += cut.is_keyframes_only
        for number in range(asked.variants):
            transfer, general = _specs(pick, cut, clip, asked, number)
            generals.append(general)
            transfers += [transfer] if transfer else []
            rows.append(_row(folder, pick, cut, clip, asked, (transfer, general), sampled))
    if not rows:
        raise ScenarioError(
            f"No clip has the {CHUNK_FRAMES} frames that the distilled model takes; plan without --distilled."
        )
    write_specs(folder / GENERAL, generals)
    if transfers:
        write_specs(folder / SPECS, transfers)
        (folder / RUN).write_text(run_script(distilled=asked.distilled), encoding="utf-8")
        (folder / RUN).chmod(0o755)
    lines = (canonical_json(row.model_dump(mode="json")) + "\n" for row in rows)
    (folder / PLAN).write_text("".join(lines), encoding="utf-8")
    return _counted(planned, rows, asked)


def _blurred(session: Session, scenes: set[str]) -> dict[str, dict[str, Path]]:
    """What is shown of each scene that has blurred pictures, by frame id."""
    found: dict[str, dict[str, Path]] = {one: {} for one in scenes_with_blurred(session, scenes)}
    pictures = shown_pictures(session, found)
    for frame in session.exec(select(Frame).where(col(Frame.scene_id).in_(found))):
        if frame.set_aside is None:
            found[frame.scene_id][frame.id] = pictures.of(frame).path
    return found


def _footage(
    picks: Sequence[Pick], frames: int, blurred: Mapping[str, Mapping[str, Path]]
) -> dict[str, Footage]:
    """The stretch around every picked frame, by its id; each dataroot's tables are read once."""
    roots = {(pick.candidate.dataset.dataroot, pick.candidate.dataset.version or "") for pick in picks}
    cut: dict[str, Footage] = {}
    for dataroot, version in sorted(roots):
        ours = [pick.candidate for pick in picks if pick.candidate.dataset.dataroot == dataroot]
        cameras = read_camera_frames(Path(dataroot), version, [one.scene.id for one in ours])
        for one in ours:
            cut[one.frame.id] = cut_footage(
                Path(dataroot),
                cameras[one.scene.id],
                one.frame.id,
                frames,
                shown=blurred.get(one.scene.id),
            )
    return cut


def _write_source(folder: Path, pick: Pick, cut: Footage) -> str:
    """The source clip's path below the folder; scenarios that start from one frame share it."""
    name = f"{CLIPS}/{_safe(pick.candidate.scene.name)}-{pick.candidate.frame.id[:8]}.mp4"
    if not (folder / name).exists():
        write_clip(folder / name, cut.images, cut.frames_per_second)
    return name


def _safe(name: str) -> str:
    return "".join(char if (char.isalnum() and char.isascii()) or char in "-_" else "-" for char in name)[:40]


def _specs(
    pick: Pick, cut: Footage, clip: str, asked: PlanRequest, number: int
) -> tuple[TransferSpec | None, GeneralSpec]:
    scenario, candidate = pick.scenario, pick.candidate
    seed = random.Random(f"{asked.seed}|{scenario.key}|{candidate.frame.id}|{number}").randrange(2**31)
    name = f"{scenario.key}-{_safe(candidate.scene.name)}-{candidate.frame.position:03d}-{seed:08x}"
    general = GeneralSpec(
        name=name,
        scenario=scenario.key,
        prompt=scenario.prompt,
        source_clip=clip,
        frames=len(cut.frames),
        frames_per_second=cut.frames_per_second,
        seed=seed,
    )
    if not scenario.change.keeps_geometry:
        return None, general
    fast = {"num_steps": DISTILLED_STEPS} if asked.distilled else {"vis": Vis(control_weight=VIS_WEIGHT)}
    transfer = TransferSpec(
        name=name,
        prompt=scenario.prompt,
        video_path=clip,
        seed=seed,
        guidance=GUIDANCE,
        edge=Edge(control_weight=EDGE_WEIGHT),
        **fast,
    )
    return transfer, general


def _row(
    folder: Path,
    pick: Pick,
    cut: Footage,
    clip: str,
    asked: PlanRequest,
    specs: tuple[TransferSpec | None, GeneralSpec],
    sampled: set[str],
) -> PlannedClip:
    transfer, general = specs
    keys = {place: one.token for place, one in enumerate(cut.frames) if one.token in sampled}
    return PlannedClip(
        name=general.name,
        scenario=pick.scenario.key,
        split=asked.split,
        source_scene_id=pick.candidate.scene.id,
        source_scene=pick.candidate.scene.name,
        source_frames=keys,
        frames=len(cut.frames),
        keeps_geometry=pick.scenario.change.keeps_geometry,
        source_clip=clip,
        source_sha256=file_hash(folder / clip),
        model=(DISTILLED if asked.distilled else TRANSFER) if transfer else None,
        seed=general.seed,
        transfer_hash=spec_hash(transfer) if transfer else None,
        general_hash=spec_hash(general),
    )


def _counted(planned: Planned, rows: Sequence[PlannedClip], asked: PlanRequest) -> Planned:
    by_scenario = Counter(row.scenario for row in rows)
    planned.clips = {scenario.key: by_scenario[scenario.key] for scenario in asked.scenarios}
    planned.specifications = sum(row.transfer_hash is not None for row in rows)
    planned.source_clips = len({row.source_clip for row in rows})
    wanted = asked.clips * asked.variants
    planned.fewer = {key: n for key, n in planned.clips.items() if n < wanted}
    planned.not_for_transfer = [one.key for one in asked.scenarios if not one.change.keeps_geometry]
    return planned
