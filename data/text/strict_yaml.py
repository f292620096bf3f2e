"""YAML that people write, read strictly: no objects, no key twice, and one kind of error for all that is wrong."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

YAMLError = yaml.YAMLError
_MERGE = "tag:yaml.org,2002:merge"


class _NoDuplicates(yaml.SafeLoader):  # type: ignore[misc]  # untyped in PyYAML
    """PyYAML keeps the last of two equal keys without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:  # a few nested ones make a mapping of billions of keys
                raise _refused("mappings are not merged (<<) here", key_node)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _refused(f"the key {key} stands twice", key_node)
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _refused(problem: str, node: yaml.Node) -> Exception:
    error: Exception = yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)
    return error


def read_yaml(text: str) -> Any:
    """The one document of a text. Raises YAMLError, whose text is one line.

    >>> read_yaml("a: 1\\nb: [x]")
    {'a': 1, 'b': ['x']}
    """
    try:
        return yaml.load(text, Loader=_NoDuplicates)  # noqa: S506 - a SafeLoader that refuses more
    except YAMLError as error:
        raise YAMLError(" ".join(str(error).split())) from error  # it draws the place in lines of its own
    except RecursionError as error:
        raise YAMLError("it is nested too deeply") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise YAMLError(f"a value cannot be read: {error}") from error  # a date such as 2026-13-45
