"""Differences between JSON values, as people read them."""

from typing import Any

import pytest

from consumer.mapping.workbench.compare import differences


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        (596, 596.0),
        ([], []),
        ("ї", "ї"),
    ],
)
def test_equal_values_do_not_differ(expected: Any, actual: Any) -> None:
    assert differences(expected, actual, "body") == []


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        (1, "1", ['body: expected 1, got "1"']),
        (1, True, ["body: expected 1, got true"]),
        (0, None, ["body: expected 0, got null"]),
        ({"a": 1}, {}, ["body.a: expected 1, is not there"]),
        ({}, {"a": 1}, ["body.a: not expected, got 1"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["body.a.b[1]: expected 2, got 3"]),
        ([1], [1, 2], ["body[1]: not expected, got 2"]),
        ([1, 2], [1], ["body[1]: expected 2, is not there"]),
        ([], {}, ["body: expected [], got {}"]),
    ],
)
def test_each_difference_is_a_line_with_its_path(
    expected: Any, actual: Any, lines: list[str]
) -> None:
    assert differences(expected, actual, "body") == lines


def test_a_part_looks_at_what_it_names() -> None:
    actual = {"a": 1, "list": [{"n": "x", "v": 1}, {"n": "y", "v": 2}]}
    assert differences({"list": [{"n": "y"}]}, actual, "body", partial=True) == []
    assert differences({"a": 2}, actual, "body", partial=True) == ["body.a: expected 2, got 1"]


def test_parts_of_an_array_come_in_their_order() -> None:
    actual = [{"n": "x"}, {"n": "y"}]
    assert differences([{"n": "x"}, {"n": "y"}], actual, "p", partial=True) == []
    assert differences([{"n": "y"}, {"n": "x"}], actual, "p", partial=True) == [
        'p: no element (in this order) fits {"n":"x"}'
    ]


def test_an_empty_array_as_a_part_means_an_empty_array() -> None:
    assert differences({"Products": []}, {"Products": [1]}, "p", partial=True) == [
        "p.Products[0]: not expected, got 1"
    ]
