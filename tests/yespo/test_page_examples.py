"""Every example body on the vendor's pages is valid, and comes out of `build` as it stands there."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from consumer.yespo.catalogue import EVENTS
from consumer.yespo.judge import judge
from consumer.yespo.spec import AccountContext
from tests.yespo.page_examples import FOLDER, FULL, ITEMS, NOBODY, Example


def _id(example: Example) -> str:
    return example.file


@pytest.mark.parametrize("example", FULL, ids=_id)
def test_an_example_of_the_vendor_is_valid(example: Example) -> None:
    assert judge(example.api, example.text.encode()) == []


@pytest.mark.parametrize("example", FULL, ids=_id)
def test_an_example_of_the_vendor_is_built_as_it_stands_there(example: Example) -> None:
    event = EVENTS[example.api, example.event]
    built = event.build(example.account, example.who, example.time, example.values)
    page = json.loads(example.text)
    for name, value in example.sent_otherwise.items():
        assert page["GeneralInfo"].pop(name) == value
    assert json.loads(built.body) == page


@pytest.mark.parametrize("example", FULL, ids=_id)
def test_what_is_built_for_an_example_is_valid(example: Example) -> None:
    event = EVENTS[example.api, example.event]
    built = event.build(example.account, example.who, example.time, example.values)
    assert judge(example.api, built.body) == []


@pytest.mark.parametrize(("file", "record", "values"), ITEMS, ids=[item[0] for item in ITEMS])
def test_a_snippet_of_a_product_update_is_valid_and_built_as_it_stands_there(
    file: str, record: str, values: Mapping[str, Any]
) -> None:
    del record
    page = (FOLDER / f"{file}.json").read_text()
    general = '{"eventName": "ProductUpdate", "siteId": "site_id"}'
    assert (
        judge("legacy", f'{{"GeneralInfo": {general}, "ProductUpdate": [{page}]}}'.encode()) == []
    )
    account = AccountContext("main", "site_id")
    built = EVENTS["legacy", "ProductUpdate"].build(
        account, NOBODY, None, {"ProductUpdate": [values]}
    )
    assert json.loads(built.body)["ProductUpdate"] == [json.loads(page)]


def test_no_example_file_is_left_out() -> None:
    used = {example.file for example in FULL} | {item[0] for item in ITEMS}
    assert used == {path.stem for path in FOLDER.glob("*.json")}
    assert len(used) == 48
