"""The runner of YAML test cases: what passes, what fails, and how it says so."""

from pathlib import Path
from textwrap import dedent

import pytest

from consumer.mapping.workbench.cases import Report, run_cases

SCHEMA = """
{"type": "record", "name": "t.Click", "fields": [
  {"name": "kind", "type": "string"},
  {"name": "cookie", "type": ["null", "string"], "default": null},
  {"name": "mail", "type": ["null", "string"], "default": null},
  {"name": "query", "type": "string", "default": "mug"}
]}
"""
MAPPING = """
version: 1
from: {topics: [clicks], schema: click.avsc}
identity: {cookie: cookie, email: mail}
suppress:
  - when: kind == "robot"
    reason: robot
match: first
otherwise: drop
rules:
  - name: search
    when: kind == "search"
    send:
      - both: searched
        query: query
  - name: sign in
    when: kind == "login"
    send:
      - legacy: CustomerData
"""
GOOD = """
mapping: click.yaml
cases:
  - name: known
    given: {kind: search, cookie: c-1, mail: ann@shop.ua}
    expect:
      - legacy: SearchRequest
        body:
          GeneralInfo:
            eventName: SearchRequest
            siteId: 8A412DC
            user_email: ann@shop.ua
            cookies: {sc: c-1}
          SearchRequest: {search: mug}
      - v2: searchRequest
        body:
          eventTypeKey: searchRequest
          keyValue: ann@shop.ua
          params:
            - {name: email, value: ann@shop.ua}
            - {name: search, value: mug}
  - name: anonymous
    given: {kind: search, cookie: c-1}
    expect: [{legacy: SearchRequest, contains: {SearchRequest: {search: mug}}}]
    skipped: {v2: no_identifier}
  - name: robot
    given: {kind: robot}
    filtered: robot
  - name: blank query
    given: {kind: search, cookie: c-1, query: " "}
    invalid: blank
"""


WRONG_COOKIE = "expect: [{legacy: CustomerData, contains: {GeneralInfo: {cookies: {sc: c-2}}}}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "click.avsc").write_text(SCHEMA)
    (tmp_path / "click.yaml").write_text(MAPPING)
    return tmp_path


def run(folder: Path, cases: str) -> Report:
    path = folder / "cases.yaml"
    path.write_text(dedent(cases))
    return run_cases([path])


def one(folder: Path, case: str) -> str:
    """The report on a single case."""
    indented = "\n".join("    " + line for line in dedent(case).strip().splitlines())
    return run(folder, f"mapping: click.yaml\ncases:\n  - name: it\n{indented}\n").render()


def test_good_cases_pass_and_rules_without_a_case_are_named(folder: Path) -> None:
    report = run(folder, GOOD)
    assert report.passed, report.render()
    assert report.render() == "4 of 4 cases passed"
    assert report.untested == [(str(folder / "click.yaml"), "sign in")]


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (
            "given: {kind: search, cookie: c-1}\nexpect: [{legacy: SearchRequest}]",
            'skipped.v2: not expected, got "no_identifier"',
        ),
        (
            "given: {kind: login, cookie: c-1}\nexpect: [{legacy: ProductPage}]",
            "events: expected legacy ProductPage; got legacy CustomerData",
        ),
        (
            "given: {kind: login, cookie: c-1}\n" + WRONG_COOKIE,
            'event 1 (CustomerData).GeneralInfo.cookies.sc: expected "c-2", got "c-1"',
        ),
        (
            "given: {kind: login, cookie: c-1}\nexpect: [{legacy: CustomerData, account: other}]",
            "event 1: for account main",
        ),
        ("given: {kind: login, cookie: c-1}\nfiltered: robot", "got events legacy CustomerData"),
        ("given: {kind: login, cookie: c-1}\ninvalid: blank", "got events legacy CustomerData"),
        ("given: {kind: robot}\nexpect: [{legacy: CustomerData}]", "got filtered (robot)"),
        (
            'given: {kind: search, cookie: c-1, query: " "}\nfiltered: robot',
            "the record is invalid (blank)",
        ),
        ("given: {kind: 5}\nfiltered: robot", "`kind` has to be of type string"),
        ("given: {}\nfiltered: robot", "`kind` is missing and has no default"),
        ("given: {kind: robot}", "a case has one end, this one has nothing"),
        (
            "given: {kind: robot}\nfiltered: robot\ninvalid: blank",
            "this one has `filtered` and `invalid`",
        ),
        ("givn: {kind: robot}\nfiltered: robot", "did you mean `given`?"),
        ("base: none.json\nfiltered: robot", "`none.json`: No such file or directory"),
        ("at: {now: soon}\ngiven: {kind: robot}\nfiltered: robot", "`now` is a time such as"),
        ("given: {kind: robot}\nexpect: [{legacy: A, v2: b}]", "an event is `legacy: Name`"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, case: str, problem: str) -> None:
    text = one(folder, case)
    assert problem in text
    assert "1 of 1 cases passed" not in text


def test_a_failure_names_the_place_of_its_case(folder: Path) -> None:
    report = run(folder, GOOD.replace("invalid: blank", "invalid: missing"))
    assert not report.passed
    assert [(r.place.line, r.name) for r in report.failed] == [(29, "blank query")]
    assert f"{folder / 'cases.yaml'}:29:5  blank query" in report.render()


def test_no_events_are_not_an_expectation(folder: Path) -> None:
    case = "given: {kind: login, cookie: c-1}\nexpect: []"
    assert "a record that no event comes of is `filtered: <reason>`" in one(folder, case)


def test_a_mapping_with_mistakes_is_shown_with_its_findings(folder: Path) -> None:
    (folder / "click.yaml").write_text(MAPPING.replace("query: query", "query: quer"))
    report = run(folder, GOOD)
    assert not report.passed
    assert "unknown" in report.render()
    assert "`query`" in report.render()


def test_the_kafka_side_of_a_record_can_be_given(folder: Path) -> None:
    (folder / "click.yaml").write_text(
        MAPPING.replace("query: query", 'query: coalesce(kafka.headers["h"], kafka.key, query)')
    )
    text = one(
        folder,
        """
        given: {kind: search, cookie: c-1}
        at: {key: k-1, headers: {h: x}, now: 2026-11-20T10:00:00Z, partition: 3, offset: 7}
        expect: [{legacy: SearchRequest, contains: {SearchRequest: {search: x}}}]
        skipped: {v2: no_identifier}
        """,
    )
    assert text == "1 of 1 cases passed"


def test_a_base_is_merged_member_by_member(folder: Path) -> None:
    (folder / "base.json").write_text('{"kind": "login", "cookie": "c-9"}')
    text = one(
        folder,
        """
        base: base.json
        given: {mail: ann@shop.ua}
        expect:
          - legacy: CustomerData
            contains: {GeneralInfo: {user_email: ann@shop.ua, cookies: {sc: c-9}}}
        """,
    )
    assert text == "1 of 1 cases passed"
