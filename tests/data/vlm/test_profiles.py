"""The profiles of models: complete, found by name, and the only place that knows a model."""

from __future__ import annotations

import ast
import re
import shlex
from typing import Any

import pytest
from pydantic import ValidationError

from data.text.strict_yaml import read_yaml
from data.vlm.profiles import (
    PAPERS_STUDENT,
    PAPERS_TEACHER,
    PROFILES,
    Profile,
    Profiles,
    Thinking,
    model_profiles,
)
from data.vlm.request import TEACHER_SAMPLING, default_sampling
from data.vocabulary import ModelRole
from tests.repository import ROOT

PACKAGES = ("annotator", "data", "eval", "training")
EVERY = pytest.mark.parametrize("profile", model_profiles().profiles, ids=lambda profile: profile.model)


def changed(**values: Any) -> dict[str, Any]:
    """The shipped file with the first profile's values changed."""
    fields: dict[str, Any] = read_yaml(PROFILES.read_text(encoding="utf-8"))
    return {**fields, "profiles": [{**fields["profiles"][0], **values}, *fields["profiles"][1:]]}


def test_the_teachers_and_students_that_the_documents_name_are_there() -> None:
    assert [one.model for one in model_profiles().profiles] == [
        "nvidia/Cosmos-Reason2-8B",
        "nvidia/Cosmos-Reason2-2B",
        "nvidia/Cosmos3-Nano",
        "nvidia/Cosmos3-Edge",
        "Qwen/Qwen3-VL-2B-Instruct",
        "Qwen/Qwen3-VL-4B-Instruct",
        "Qwen/Qwen3-VL-8B-Instruct",
        "Qwen/Qwen3.5-0.8B",
        "Qwen/Qwen3.5-2B",
    ]


@EVERY
def test_a_profile_says_where_its_facts_are_from_and_what_was_not_run(profile: Profile) -> None:
    assert profile.sources
    assert profile.not_run


@EVERY
def test_a_serve_command_leaves_the_reply_schema_in_force(profile: Profile) -> None:
    command = model_profiles().serve_command(profile)
    if command is None:
        return
    words = shlex.split(command)
    assert words[:3] == ["vllm", "serve", profile.model]
    assert "--reasoning-parser" not in words
    assert words[words.index("--structured-outputs-config") + 1] == (
        '{"backend":"xgrammar","disable_any_whitespace":true}'
    )


@pytest.mark.parametrize(
    "name", ["Qwen/Qwen3.5-2B", "models/Qwen3.5-2B/", "qwen3.5-2b", "/mirror/other-owner/Qwen3.5-2B"]
)
def test_a_model_is_found_by_its_id_or_the_folder_that_holds_it(name: str) -> None:
    found = model_profiles().find(name)
    assert found is not None
    assert (found.model, found.thinking) == ("Qwen/Qwen3.5-2B", Thinking.TEMPLATE_OFF)


@pytest.mark.parametrize("name", ["aligned-3f2a9c1b", "Qwen3-VL-2B-Instruct-aligned", "", "/"])
def test_other_names_are_no_model_of_ours(name: str) -> None:
    assert model_profiles().find(name) is None


def test_a_teacher_is_sampled_as_its_makers_do_and_an_unknown_one_as_the_paper_s() -> None:
    asked = default_sampling(ModelRole.TEACHER, "somebody/else")
    assert asked == TEACHER_SAMPLING
    assert (asked.temperature, asked.top_p, asked.top_k, asked.presence_penalty) == (0.6, 0.95, 20, 0.0)
    fields = changed(sampling={**changed()["profiles"][0]["sampling"], "thinking": {**_HOT}})
    assert Profiles.model_validate(fields).thinking_sampling("Cosmos-Reason2-8B").temperature == 1.0


_HOT = {"temperature": 1.0, "top_p": 0.9, "top_k": 40, "presence_penalty": 0.0, "repetition_penalty": 1.0}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"family": "qwen9"}, "unknown family qwen9"),
        ({"licence": None}, "licence"),
        ({"roles": ["tutor"]}, "roles"),
        ({"speed": "fast"}, "speed"),
    ],
)
def test_a_fault_in_the_file_is_found_when_it_is_read(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Profiles.model_validate(changed(**values))


def test_a_family_that_cuts_pictures_otherwise_is_refused() -> None:
    fields = changed()
    fields["families"]["qwen3_vl"]["patch_px"] = 14
    with pytest.raises(ValidationError, match="a token of 28 pixels where pictures are cut for 32"):
        Profiles.model_validate(fields)


def test_no_rule_of_the_product_asks_for_a_model_s_name() -> None:
    named = re.compile(r"(?:[\w.-]+/)?(?:qwen[\w.]*_(?:vl|5)|Qwen3[\w.-]*|Cosmos-?(?:Reason|3)[\w.-]*)")
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    found = {
        (path.name, node.value)
        for path, text in texts.items()
        if named.search(text)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and named.fullmatch(node.value)
    }
    assert found == {
        ("profiles.py", PAPERS_TEACHER),
        ("profiles.py", PAPERS_STUDENT),
        ("stand_in.py", "Qwen3VLProcessor"),
    }
