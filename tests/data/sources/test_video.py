from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from data.errors import SourceError
from data.sources.port import PictureRefused, SourceScene
from data.sources.video import Videos
from tests.data.sources.pictures import colour_of, sorted_out

COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40), (40, 200, 200), (200, 40, 200)]


def write_video(
    path: Path,
    times_ms: Sequence[int],
    *,
    size: tuple[int, int] = (128, 64),
    stated: str = "",
    white_px: int = 0,
) -> None:
    """A video of one colour after the other, shown from these milliseconds on."""
    with av.open(str(path), "w") as container:
        container.metadata.update({"creation_time": stated} if stated else {})
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *size, "yuv420p", 4_000_000
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at_ms in enumerate(times_ms):
            pixels = np.full((size[1], size[0], 3), COLOURS[number % len(COLOURS)], dtype=np.uint8)
            pixels[:, :white_px] = 255
            frame = VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def pictures(source: Videos, scene: SourceScene) -> list[tuple[int, int, int]]:
    return [colour_of(source.picture(scene, frame)) for frame in scene.frames]


@pytest.mark.parametrize("name", ["drive.mp4", "drive.mkv"])
def test_frames_are_taken_by_their_own_time_at_the_pace_asked_for(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / name, [0, 100, 480, 1000, 1040, 2500], stated="2023-11-05T14:22:33.000000Z")
    source = Videos(tmp_path / name)
    ((scene,), _) = sorted_out(source.scenes())
    assert scene.key == name
    assert [one.captured_at_us // 1000 - scene.frames[0].captured_at_us // 1000 for one in scene.frames] == [
        0, 480, 1000, 2500,
    ]  # fmt: skip
    assert pictures(source, scene) == [COLOURS[number] for number in (0, 2, 3, 5)]
    if name.endswith("mp4"):
        assert scene.frames[0].captured_at_us == 1_699_194_153_000_000
        assert "container" in scene.description


def test_pictures_can_be_asked_for_again_and_scenes_in_turn(tmp_path: Path) -> None:
    for name in ("a_1700000000.mp4", "b.mp4"):
        write_video(tmp_path / name, range(0, 3000, 500))
    source = Videos(tmp_path)
    ((first, second), _) = sorted_out(source.scenes())
    assert first.frames[0].captured_at_us == 1_700_000_000_000_000
    assert second.description.startswith("When it was driven is not known")
    assert colour_of(source.picture(first, first.frames[4])) == COLOURS[4]
    assert colour_of(source.picture(second, second.frames[5])) == COLOURS[5]
    assert pictures(source, first) == COLOURS


def test_a_picture_is_turned_as_the_container_says(tmp_path: Path) -> None:
    write_video(tmp_path / "phone.mp4", [0], white_px=64)
    whole = bytearray((tmp_path / "phone.mp4").read_bytes())
    matrix = whole.index(b"tkhd") + 4 + 40
    whole[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (tmp_path / "phone.mp4").write_bytes(whole)
    source = Videos(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    upright = Image.open(io.BytesIO(source.picture(scene, scene.frames[0])))
    assert upright.size == (64, 128)
    assert upright.getpixel((32, 20)) > (230, 230, 230) > upright.getpixel((32, 110))  # type: ignore[operator]


def test_files_that_are_no_videos_are_set_aside_and_the_rest_goes_in(tmp_path: Path) -> None:
    write_video(tmp_path / "good.mp4", [0, 500])
    whole = (tmp_path / "good.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.mkv").write_bytes(b"")
    (tmp_path / "list.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ngood.mp4\n#EXT-X-ENDLIST\n"
    )
    (tmp_path / "text.avi").write_text("no video")
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        container.add_stream("pcm_s16le", rate=8000)
        container.start_encoding()
    scenes, aside = sorted_out(Videos(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good.mp4"]
    assert set(aside) == {"cut.mp4", "empty.mkv", "list.mp4", "text.avi", "sound.mkv"}
    assert all(name in reason for name, reason in aside.items())


def test_a_picture_that_is_broken_is_refused_and_the_next_one_is_read(tmp_path: Path) -> None:
    write_video(tmp_path / "good.mp4", range(0, 3000, 500))
    source = Videos(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    good = (tmp_path / "good.mp4").read_bytes()
    (tmp_path / "good.mp4").write_bytes(b"\0" * len(good))
    with pytest.raises(PictureRefused, match=r"good\.mp4 cannot be decoded"):
        source.picture(scene, scene.frames[1])
    (tmp_path / "good.mp4").write_bytes(good)
    assert colour_of(source.picture(scene, scene.frames[2])) == COLOURS[2]


def test_what_holds_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no video"):
        list(Videos(tmp_path).scenes())
    with pytest.raises(SourceError, match="neither a video nor a folder"):
        list(Videos(tmp_path / "missing").scenes())
