"""YAML read as text with places, and what people get who wrote it wrongly."""

import pytest

from consumer.documents.findings import Place
from consumer.documents.yaml_tree import MAX_DEPTH, Items, Scalar, Table, read_text


def test_scalars_stay_what_was_written_with_their_places() -> None:
    document = read_text("a: no\nb:\n  - 0123\n  - 'x y'\nc: |\n  one\n  two\n", "f.yaml")
    root = document.root
    assert isinstance(root, Table)
    assert document.findings == []
    a, b, c = root.get("a"), root.get("b"), root.get("c")
    assert a == Scalar(Place("f.yaml", 1, 4, 6), "no")
    assert isinstance(b, Items)
    assert b.items == [
        Scalar(Place("f.yaml", 3, 5, 9), "0123"),
        Scalar(Place("f.yaml", 4, 5, 10), "x y", plain=False),
    ]
    assert isinstance(c, Scalar)
    assert (c.text, c.plain, c.block) == ("one\ntwo\n", False, True)
    assert root.get("d") is None
    assert [entry.key.text for entry in root] == ["a", "b", "c"]


OR_ITEM = "\nif it is an item of its own, begin it with `- `"
AS_BLOCK = "write it in a `|` block:\n  a: |\n    "


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        (
            'a: "x" + b\n',
            "1:8",
            "this value begins with a quote, so for YAML it ends where that closes",
            AS_BLOCK + '"x" + b',
        ),
        (
            "r:\n  - a: [x] + b\n    c: d\n",
            "2:12",
            "this value begins with `[`, so for YAML it ends where that closes",
            "write it in a `|` block:\n  - a: |\n      [x] + b",
        ),
        (
            "a: {x: y} + b\n",
            "1:11",
            "this value begins with `{`, so for YAML it ends where that closes",
            AS_BLOCK + "{x: y} + b",
        ),
        (
            'a:\n  "x" + b\n',
            "2:7",
            "this value begins with a quote, so for YAML it ends where that closes",
            "write `|` after the key on the line above, and leave this line as it is",
        ),
        (
            'a: [x, "y" + z]\n',
            "1:12",
            "something follows a value within brackets",
            AS_BLOCK + '[x, "y" + z]',
        ),
        ("a: b: c\n", "1:5", "a second `: ` within one value", AS_BLOCK + "b: c"),
        ("a: `x`\n", "1:4", "in YAML a value cannot begin with `", AS_BLOCK + "`x`"),
        (
            "a:\n\tb: 1\n",
            "2:1",
            "a tab where YAML expects spaces",
            "YAML is indented with spaces, not tabs",
        ),
        (
            "a: b\n  c: d\n",
            "2:4",
            "a key, where the value of the line above still goes on",
            "check that the line above has its `:`, and that this one is not indented deeper",
        ),
        ('a: 1\nb: "x\nc: 2\n', "2:4", "this quote is never closed", "close it on the same line"),
        (
            'a: "x > 0\nb: 1\nc: y == "z"\n',
            "1:4",
            "this quote is not closed on its line, but by the next one, on line 3",
            "close it on the same line",
        ),
        (
            "- {a: 'x, b: y}\n- {a: 'x', b: y}\n",
            "1:7",
            "this quote is not closed on its line, but by the next one, on line 2",
            "close it on the same line",
        ),
        ("a: [x\nb: c\n", "1:4", "this `[` is never closed", "close it"),
        (
            'a: "\\d"\n',
            "1:5",
            "YAML does not know this escape",
            'write `\\\\` for a backslash within "...", or put the value in a `|` block',
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "3:2",
            "the indentation of this line fits no line above",
            "begin it at column 3, like line 2\nor at column 1, like line 1",
        ),
        (
            'a: "two\n  lines"\nb:\n  c: 1\n d: 2\n',
            "5:2",
            "the indentation of this line fits no line above",
            "begin it at column 3, like line 4\nor at column 1, like line 3",
        ),
        (
            "send:\n  - v2: a\n    x: b\n  - v2: pageViewed\n  page: x\n",
            "5:3",
            "this key stands outside of the list item above",
            "begin it at column 5, like the key on line 4" + OR_ITEM,
        ),
        (
            "send:\n  - v2: pageViewed\n   page:\n     location: x\n",
            "3:4",
            "this key stands outside of the list item above",
            "begin it at column 5, like the key on line 2" + OR_ITEM,
        ),
        ("- a\nb: 1\n", "2:1", "a list item is expected here", "begin the line with `- `"),
        (
            "a: 1\nb\n",
            "2:1",
            "a line without `:` where `key: value` is expected",
            "",
        ),
    ],
)
def test_broken_yaml_is_explained(text: str, place: str, message: str, remedy: str) -> None:
    document = read_text(text, "f.yaml")
    assert document.root is None
    [finding] = document.findings
    assert (str(finding.place), finding.message) == (f"f.yaml:{place}", message)
    assert finding.remedy == remedy


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: &x 1\n", "anchor", "1:4"),
        ("a: *x\n", "anchor", "1:4"),
        ("a: !int 1\n", "tag", "1:4"),
        ("a: 1\n<<: {b: 2}\n", "merge", "2:1"),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", "3:1"),
        ("[a]: 1\n", "bad-key", "1:1"),
        ("a: 1\n---\nb: 2\n", "several-documents", "2:1"),
        ("a: b\x07\n", "bad-yaml", "1:1"),
    ],
)
def test_what_hides_meaning_is_refused(text: str, code: str, place: str) -> None:
    [finding] = read_text(text, "f.yaml").findings
    assert (finding.code, str(finding.place)) == (code, f"f.yaml:{place}")


def test_a_duplicate_key_names_the_first_one() -> None:
    [finding] = read_text("a: 1\nb: 2\na: 3\n", "f.yaml").findings
    assert finding.message == "`a` stands here twice (first on line 1)"


def test_all_that_is_refused_comes_at_once() -> None:
    findings = read_text("a: &x 1\nb: !t 2\nb: 3\n", "f.yaml").findings
    assert [finding.code for finding in findings] == ["anchor", "tag", "duplicate-key"]


def test_files_without_bound_are_refused() -> None:
    deep = "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)
    assert [f.message for f in read_text(deep, "f").findings] == ["nested deeper than 40"]
    many = "[" + "x," * 50_001 + "]"
    assert [f.message for f in read_text(many, "f").findings] == ["too many values"]
    large = "a: " + "x" * 1_000_000
    assert [f.message for f in read_text(large, "f").findings] == ["larger than 1,000,000 bytes"]


def test_a_file_in_another_encoding_says_so() -> None:
    [finding] = read_text("a: 1\nb: привет\n".encode("cp1251"), "f.yaml").findings
    assert (str(finding.place), finding.message) == ("f.yaml:2:1", "this file is not UTF-8")


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    root = read_text("\ufeffa: 1\n".encode(), "f.yaml").root
    assert isinstance(root, Table)
    assert list(root.entries) == ["a"]


def test_a_host_and_its_port_are_a_text_where_nothing_is_guessed() -> None:
    document = read_text("a:\n  kafka:9092\nb: {c:1}\n", "f.yaml")
    assert document.findings == []
    root = document.root
    assert isinstance(root, Table)
    assert root.get("a") == Scalar(Place("f.yaml", 2, 3, 13), "kafka:9092")


def test_what_follows_broken_syntax_is_read_as_well_where_that_is_asked_for() -> None:
    text = 'a: "x" + b\nb: {c: "y" + d, e: &f 1}\ng\u00a0: 1\nh:i\nj: k\n'
    document = read_text(text, "f.yaml", recover=True)
    found = [(finding.code, finding.place.line) for finding in document.findings]
    assert found == [("bad-yaml", 1), ("bad-yaml", 2), ("bad-yaml", 4), ("anchor", 2)]
    root = document.root
    assert isinstance(root, Table)
    assert root.get("a") == Scalar(Place("f.yaml", 1, 4, 13), '"x" + b', plain=False)
    assert isinstance(root.get("j"), Scalar)
    assert document.lines == text.splitlines()


def test_brackets_without_an_end_do_not_grow_without_bound() -> None:
    for text in ("a: [{b: [{c: d]}]\n", "a: [[[[[{\n", "[}", "{]", 'a: {b: "c, d: ]}\n' * 3):
        assert read_text(text, "f.yaml", recover=True).findings
