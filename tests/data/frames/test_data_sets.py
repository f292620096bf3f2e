"""Several data sets in one store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import SourceError, TraceError
from data.frames.addresses import frame_named
from data.frames.ingest import ingest
from data.grounding.frame_things import scene_facts
from data.sources.nuscenes import nuscenes
from data.sources.opening import Options, open_source
from data.sources.port import Lack, PictureRefused, SourceFrame, SourceScene
from data.store.opening import Store
from data.store.tables import Dataset, Frame, Scene
from data.vocabulary import SeenBox
from tests.builders import VERSION, a_dataroot, a_filename, a_picture, an_empty_store


@dataclass
class Reel:
    """Drives whose pictures lie inside another file; `asked` are the pictures that were taken out of it."""

    root: Path
    found: list[SourceScene]
    kind: str = "reel"
    name: str = "reel"
    camera: str = ""
    lacks: frozenset[Lack] = frozenset(Lack)
    in_files: bool = False
    asked: list[str] = field(default_factory=list)

    def scenes(self) -> list[SourceScene]:
        return self.found

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        self.asked.append(frame.key)
        if frame.key == "bad":
            raise PictureRefused("The picture at 1.5 s is cut.")
        return a_picture()


def a_reel(root: Path) -> Reel:
    frames = [
        SourceFrame("a", 0, "one/a.jpg", tags=("rainy", "left turn", "rainy")),
        SourceFrame("b", 500_000, "one/b.jpg", boxes=[SeenBox("human.pedestrian.adult", 9.0, 0.0)]),
        SourceFrame("bad", 1_500_000, "one/bad.jpg"),
    ]
    return Reel(root, [SourceScene("one", "One", frames, licence="CC-BY-4.0")])


def frames_in(store: Store) -> dict[str, Frame]:
    with store.read() as session:
        return {frame.filename: frame for frame in session.exec(select(Frame))}


@pytest.mark.each_store
def test_pictures_inside_other_files_are_written_once_into_the_workspace(tmp_path: Path) -> None:
    store, reel = an_empty_store(tmp_path / "w"), a_reel(tmp_path)
    done = ingest(store, reel, pictures=tmp_path / "w" / "pictures")
    assert (done.data_set, done.frames, done.added) == ("reel", 3, 3)
    assert done.set_aside == {"image_unreadable": 1}
    assert (tmp_path / "w/pictures/reel/one/a.jpg").read_bytes() == a_picture()
    with store.read() as session:
        dataset = session.exec(select(Dataset)).one()
        assert session.exec(select(Scene.licence)).one() == "CC-BY-4.0"
    assert (dataset.kind, dataset.origin) == ("reel", str(tmp_path))
    assert dataset.dataroot == str(tmp_path / "w/pictures/reel")
    assert frames_in(store)["one/bad.jpg"].set_aside_detail == "The picture at 1.5 s is cut."
    reel.asked.clear()
    again = ingest(store, reel, pictures=tmp_path / "w" / "pictures")
    assert (again.added, again.updated, reel.asked) == (0, 0, ["bad"])


def test_what_a_source_lacks_is_unknown_and_not_absent(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, a_reel(tmp_path), pictures=tmp_path / "w" / "pictures")
    found = frames_in(store)
    without, boxed = found["one/a.jpg"], found["one/b.jpg"]
    assert without.unknown_cues == ["pedestrian_near", "construction", "intersection"]
    assert without.tags == ["left turn", "rainy"]
    assert (boxed.unknown_cues, boxed.ego_x_m) == (["intersection"], 0.0)
    assert boxed.cues["pedestrian_near"].startswith("1 near the driven path, nearest 9 m")


@pytest.mark.each_store
def test_equal_names_in_two_data_sets_are_two_pictures(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    for number in (1, 2):
        root = tmp_path / f"drive{number}" / "front"
        root.mkdir(parents=True)
        for at in range(2):
            (root / f"{at}.jpg").write_bytes(a_picture(colour=(number * 40, at * 80, 90)))
        done = ingest(store, open_source(root, "folder"), name=f"drives-{number}")
        assert (done.added, done.set_aside) == (2, {})
    with store.read() as session:
        rows = session.exec(select(Frame.id, Frame.filename, Frame.image_sha256)).all()
    assert len({row[0] for row in rows}) == len({row[2] for row in rows}) == 4
    assert len({row[1] for row in rows}) == 2
    with store.read() as session:  # a sentence on how times were read is no description of what is seen
        frame = session.get_one(Frame, rows[0][0])
        assert session.get_one(Scene, frame.scene_id).description.startswith("Times are not known")
        assert frame.unknown_cues == ["pedestrian_near", "construction", "intersection"]
        assert scene_facts(session, [frame.id])[frame.id].description == ""


def test_a_part_of_a_data_set_under_a_second_name_is_left_where_it_is(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    ingest(store, nuscenes(root, VERSION))
    again = ingest(store, nuscenes(root, VERSION), name="again")
    assert (again.frames, again.added, again.elsewhere) == (0, 0, {VERSION: 8})


def test_the_same_files_under_a_second_name_are_refused(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), tmp_path / "drive"
    root.mkdir()
    (root / "1.jpg").write_bytes(a_picture())
    ingest(store, open_source(root, "folder"))
    with pytest.raises(
        SourceError, match=r"1.jpg is in this store already, under another id, in the data set drive"
    ):
        ingest(store, open_source(root, "folder"), name="other")
    with store.read() as session:
        assert session.exec(select(Dataset.name)).all() == ["drive"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("a b", "cannot be a data set's name"), ("../x", "cannot be"), ("monitor", "teletriage makes itself"),
     (VERSION, "is a source of the kind nuscenes; give this one another --name")],
)  # fmt: skip
def test_names_that_cannot_be_taken_are_refused(tmp_path: Path, name: str, said: str) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, nuscenes(a_dataroot(tmp_path / "d"), VERSION))
    with pytest.raises(SourceError, match=said):
        ingest(store, a_reel(tmp_path), name=name, pictures=tmp_path / "p")


def test_what_a_person_names_is_read_as_what_it_looks_like(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path / "d")
    assert open_source(root, options=Options(version=VERSION)).kind == "nuscenes"
    assert open_source(root / Path(a_filename("scene-0001", 0)).parent).kind == "folder"
    with pytest.raises(SourceError, match="takes no --version"):
        open_source(root / "samples", "folder", Options(version="v1"))
    with pytest.raises(SourceError, match="There is no kind of source 'bag of rice'; --as takes nuscenes"):
        open_source(root, "bag of rice")
    (tmp_path / "e").mkdir()
    with pytest.raises(SourceError, match="It looks like no kind of source"):
        open_source(tmp_path / "e")
    with pytest.raises(SourceError, match="does not exist"):
        open_source(tmp_path / "nowhere")


def test_a_file_that_two_data_sets_have_is_named_with_its_data_set(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(a_picture(colour=(ord(name), 0, 0)))
        ingest(store, open_source(tmp_path / name, "folder"))
    with store.read() as session:
        with pytest.raises(TraceError, match=r"data sets a and b have '1.jpg': write .* as in a/1.jpg"):
            frame_named(session, "1.jpg")
        found = frame_named(session, "b/1.jpg")
        assert found is not None
        assert frame_named(session, found.id) == found
        assert frame_named(session, "c/1.jpg") is None
