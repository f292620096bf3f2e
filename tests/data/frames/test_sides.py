from __future__ import annotations

import pytest

from data.errors import SamplingError
from data.frames.sampling_recipe import SplitBy
from data.frames.sides import SceneToSplit, parted, sides_of
from data.vocabulary import Split

T, H = Split.TRAIN, Split.HELD_OUT


def a_scene(name: str, data_set: str = "one", **known: object) -> SceneToSplit:
    return SceneToSplit(name, data_set, **{"drive": "", "frames": 4, **known})  # type: ignore[arg-type]


def test_scenes_that_show_the_same_stand_on_one_side() -> None:
    scenes = [a_scene(f"a{n}") for n in range(6)] + [a_scene(f"b{n}", "two") for n in range(6)]
    links = [(f"a{n}", f"b{5 - n}") for n in range(6)]
    for seed in range(8):
        sides = sides_of(scenes, links, SplitBy.SCENE, 0.3, seed)
        assert set(sides.values()) == {T, H}
        assert all(sides[one] is sides[other] for one, other in links)


def test_a_scene_goes_where_an_earlier_draw_has_put_its_like() -> None:
    scenes = [a_scene("a", side=H), a_scene("c", side=T), a_scene("b", "two"), a_scene("d", "two")]
    for seed in range(4):
        sides = sides_of(scenes, [("a", "b")], SplitBy.SCENE, 0.1, seed)
        assert sides == {"b": H, "d": T}  # d alone is free, and goes to train


def test_publishers_sides_hold_where_both_are_there_and_drives_stay_whole_elsewhere() -> None:
    official = [a_scene("a", official=T), a_scene("b", official=H)]
    half = [a_scene(f"c{n}", "two", official=T, drive=f"d{n % 3}", keeps_drives=True) for n in range(9)]
    for seed in range(6):
        sides = sides_of([*official, *half], [], SplitBy.OFFICIAL, 0.3, seed)
        assert (sides["a"], sides["b"]) == (T, H)
        assert {sides[f"c{n}"] for n in range(9)} == {T, H}
        assert all(sides[f"c{n}"] is sides[f"c{n % 3}"] for n in range(9))


def test_scenes_that_are_all_linked_cannot_be_split() -> None:
    scenes = [a_scene("a"), a_scene("c"), a_scene("b", "two")]
    with pytest.raises(SamplingError, match="All 3 scenes are linked by what several data sets show alike"):
        sides_of(scenes, [("a", "b"), ("b", "c")], SplitBy.SCENE, 0.1, 0)


def test_a_scene_that_shows_the_same_as_both_sides_can_stand_on_neither() -> None:
    split = [a_scene("a", side=T), a_scene("b", side=H), a_scene("c", side=T)]
    new = [a_scene(name, "two") for name in ("d", "e", "f")]
    links = [("a", "d"), ("b", "d"), ("c", "e")]
    assert parted([*split, *new], links, SplitBy.SCENE) == {"d": ("a", "b")}
    chain = [("a", "d"), ("d", "e"), ("b", "e")]
    assert parted([*split, *new], chain, SplitBy.SCENE) == {"d": ("a", "b"), "e": ("a", "b")}
    of_a_drive = [a_scene("d", "two", drive="x"), a_scene("e", "two", drive="x")]
    apart = [("a", "d"), ("b", "e")]
    assert parted([*split, *of_a_drive], apart, SplitBy.SCENE) == {}
    assert parted([*split, *of_a_drive], apart, SplitBy.LOG).keys() == {"d", "e"}
