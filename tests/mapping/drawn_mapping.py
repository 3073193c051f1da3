"""Random mappings over a random schema: expressions of the typed grammar on fields of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.mapping.drawn_avro import Schema, Type

FIELDS = {
    "t": "text",
    "n": "number",
    "i": "integer",
    "f": "flag",
    "m": "time",
    "l": "texts",
    "a": "any",
    "productKey": "id",
    "price": "money",
    "isInStock": "flag",
    "brand": "texts",
}
"""Fields with their kinds: seven of the event `probe`, and four of the tracker's `ProductPage`."""
PROBE, PAGE = tuple(FIELDS)[:7], tuple(FIELDS)[7:]
REQUIRED = {"sure": ("t",), "ProductPage": ("productKey", "price")}


@dataclass(frozen=True)
class Path:
    """A path of the record, and what its value can be."""

    text: str
    kinds: frozenset[str]
    item: Type = None
    records: tuple[str, ...] = ()


@dataclass
class Send:
    fields: dict[str, str]
    loop: tuple[str, str] | None = None
    condition: str | None = None
    event: str = "probe"
    on_missing: str = "skip"

    def yaml(self) -> list[str]:
        legacy = self.event == "ProductPage"
        lines = [f"      - {'legacy' if legacy else 'v2'}: {self.event}"]
        if self.loop:
            lines.append(f"        for: {self.loop[0]} in {self.loop[1]}")
        if self.condition:
            lines.append(_entry("if", self.condition, 4))
        if self.event in REQUIRED:
            lines.append(f"        on_missing: {self.on_missing}")
        if not legacy:
            return lines + [_entry(name, text, 4) for name, text in self.fields.items()]
        lines.append("        Product:")
        for name, text in self.fields.items():
            if name == "brand":
                lines += ["          properties:", _entry(name, text, 6)]
            else:
                lines.append(_entry(name, text, 5))
        return lines


@dataclass
class Rule:
    name: str
    when: str | None
    sends: list[Send]


@dataclass
class Mapping:
    suppress: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    match_all: bool = False
    define: dict[str, str] = field(default_factory=dict)

    def yaml(self) -> str:
        """The file. Every expression is a block, so that no quote needs another."""
        lines = [
            "version: 1",
            "from: {topics: [drawn], schema: drawn.avsc}",
            "identity: {externalCustomerId: {text: u1}}",
            "custom_events:",
            "  probe: {"
            + ", ".join(f"{name}: {kind}" for name, kind in list(FIELDS.items())[:7])
            + "}",
            '  sure: {t: "text, required", n: number}',
            f"match: {'all' if self.match_all else 'first'}",
            "otherwise: drop",
        ]
        if self.define:
            lines += ["define:", *(_entry(name, text, 1) for name, text in self.define.items())]
        if self.suppress:
            lines.append("suppress:")
            for number, text in enumerate(self.suppress):
                lines += [f"  - reason: r{number}", _entry("when", text, 2)]
        lines.append("rules:")
        for rule in self.rules:
            lines.append(f"  - name: {rule.name}")
            if rule.when is not None:
                lines.append(_entry("when", rule.when, 2))
            lines.append("    send:")
            for send in rule.sends:
                lines += send.yaml()
        return "\n".join(lines) + "\n"


def _entry(name: str, text: str, depth: int) -> str:
    return f"{'  ' * depth}{name}: |\n{'  ' * (depth + 1)}{text}"


WORDS = {
    "string": "text",
    "enum": "text",
    "int": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
    "bytes": "bytes",
    "fixed": "bytes",
    "array": "list",
    "map": "map",
    "record": "record",
}
_LOOK_ALIKE = ({"number", "time"}, {"number", "date"}, {"time", "date"}, {"map", "record"})


def word(one: Any) -> str:
    """The kind of a resolved type."""
    kind, logical = one["type"], one.get("logicalType", "")
    if kind == "long" and logical.startswith(("timestamp-", "local-timestamp-")):
        return "time"
    if (kind, logical) == ("int", "date"):
        return "date"
    precision, scale = one.get("precision"), one.get("scale", 0)
    if kind in {"bytes", "fixed"} and logical == "decimal":
        valid = isinstance(precision, int) and isinstance(scale, int) and precision > 0
        return "number" if valid and 0 <= scale <= precision else "bytes"
    return WORDS[kind]


def paths(schema: Schema, type_: Type, text: str, depth: int = 0) -> Iterator[Path]:
    """The value of that type, and what can be reached from it."""
    branches = [schema.resolved(one) for one in (type_ if isinstance(type_, list) else [type_])]
    branches = [one for one in branches if one["type"] != "null"]
    kinds = frozenset(word(one) for one in branches)
    if any(alike <= kinds for alike in _LOOK_ALIKE):
        return  # not told apart
    records = [one for one in branches if one["type"] == "record"]
    lists = [one for one in branches if one["type"] == "array"]
    maps = [one for one in branches if one["type"] == "map"]
    if text:
        item = lists[0]["items"] if lists else None
        yield Path(text, kinds, item, tuple(one["name"] for one in records))
    if depth >= 4:
        return
    for one in records:
        guard = one["name"].rpartition(".")[2] if len(records) > 1 else ""
        for member in one["fields"]:
            inner = f"{text}.{member['name']}" if text else member["name"]
            for path in paths(schema, member["type"], inner, depth + 1):
                if guard and path.kinds != {"record"}:
                    shown = f"({path.text} if {text} is {guard} else null)"
                    yield Path(shown, path.kinds, path.item, path.records)
                elif not guard:
                    yield path
    for one in maps:
        yield from paths(schema, one["values"], f'{text}["a"]', depth + 1)
    for one in lists:
        yield from paths(schema, one["items"], f"{text}[0]", depth + 1)


ORDER = ["==", "!=", "<", "<=", ">", ">="]


class Drawer:
    """Draws expressions of each kind over the paths that can be seen."""

    def __init__(self, rng: Random, schema: Schema, seen: list[Path]) -> None:
        self.rng = rng
        self.schema = schema
        self.seen = seen

    def _path(self, *kinds: str) -> str | None:
        wanted = set(kinds)
        found = [path.text for path in self.seen if path.kinds & wanted]
        return self.rng.choice(found) if found else None

    def _one(self, *ways: str | None) -> str:
        return self.rng.choice([way for way in ways if way is not None])

    def _texts(self) -> str | None:
        """A list that is certainly one of texts and numbers alone, or of unions with them."""
        found = []
        for path in self.seen:
            items = [] if path.item is None else list(paths(self.schema, path.item, "x", 4))
            if items and items[0].kinds & {"text", "number"}:
                found.append(path.text)
        return self.rng.choice(found) if found else None

    def text(self, depth: int = 0) -> str:
        number = self._path("number")
        own = self._path("text") or (number and f"text({number})")
        leaf = self._one(own, own, own, '"UA"', '"Mug"', '""')
        if depth > 2:
            return leaf
        inner = self.text(depth + 1)
        roll = self.rng.randrange(12)
        listed = self._texts()
        return [
            leaf,
            leaf,
            leaf,
            f"lower({inner})",
            f'coalesce({leaf}, {inner}, "none")' if own else leaf,
            f'coalesce({inner}, "none")',
            f"({inner} if {self.condition(depth + 1)} else {self.text(depth + 1)})",
            f'join([{inner}, {self.text(depth + 1)}], "-")',
            f"text({self.number(depth + 1)})",
            f'f"{{{leaf}}}:{{{inner}}}"' if '"' not in leaf + inner and "'" not in inner else leaf,
            f'join({listed}, ",")' if listed else leaf,
            f"first([text(x) for x in {listed}])" if listed else leaf,
        ][roll]

    def number(self, depth: int = 0) -> str:
        own = self._path("number")
        leaf = self._one(own, own, own, "0", "2", "0.1")
        if depth > 2:
            return leaf
        inner, other = self.number(depth + 1), self.number(depth + 1)
        listed = self._path("list")
        return [
            leaf,
            leaf,
            leaf,
            f"({inner} {self.rng.choice('+-*')} {other})",
            f"coalesce({inner}, 0)",
            f"({inner} if {self.condition(depth + 1)} else {other})",
            f"abs({inner})",
            f"max({inner}, {other})",
            f"size({self.text(depth + 1)})",
            f"length({listed})" if listed else leaf,
            f"-{leaf}",
        ][self.rng.randrange(11)]

    def condition(self, depth: int = 0) -> str:
        own = self._path("boolean")
        anything = self.rng.choice(self.seen)
        named = sorted(anything.kinds - {"record"}) + [
            one.rpartition(".")[2] for one in anything.records
        ]
        many = len(named) > 1
        leaf = self._one(
            own,
            own,
            f"{anything.text} != null",
            f"{anything.text} == null",
            f"{anything.text} is {self.rng.choice(named)}" if many else None,
            f"{anything.text} is not {self.rng.choice(named)}" if many else None,
        )
        if depth > 2:
            return leaf
        number, text = self.number(depth + 1), self.text(depth + 1)
        other = self.condition(depth + 1)
        return [
            leaf,
            leaf,
            leaf,
            f"({number} {self.rng.choice(ORDER)} {self.rng.choice([0, 2, 100])})",
            f'({text} {self.rng.choice(ORDER[:2])} "{self.rng.choice(["UA", "7", "view", "Mug"])}")',
            f'({text} in ["UA", "Mug", "7", "view"])',
            f"(not {leaf})",
            f"({leaf} and {other})",
            f"({leaf} or {other})",
            f'contains({text}, "a")',
        ][self.rng.randrange(10)]

    def texts(self) -> str:
        listed = self._texts()
        if listed and self.rng.random() < 0.6:
            return self._one(listed, f"[x for x in {listed}]")
        return self._one(self.text(), f"[{self.text(1)}, {self.text(1)}]")

    def of_kind(self, kind: str) -> str:  # noqa: PLR0911  # a return per kind
        match kind:
            case "text" | "id":
                return self.text()
            case "number" | "money":
                return self.number()
            case "integer":
                return self._one(
                    f"size({self.text()})", f"size({self.text()})", self._path("number")
                )
            case "flag":
                return self._one(self._path("boolean"), self.condition())
            case "time":
                return self._path("time") or "millis(1700000000000)"
            case "texts":
                return self.texts()
        return self._one(
            self.text(), self.number(), self._path("text", "number", "boolean", "list")
        )


def draw_mapping(rng: Random, schema: Schema) -> Mapping:
    """A mapping that is mostly right."""
    root = {"ref": schema.root}
    seen = list(paths(schema, root, ""))
    if not seen:
        return Mapping(rules=[Rule("nothing", None, [Send({"t": '"x"'})])])
    drawer = Drawer(rng, schema, seen)
    mapping = Mapping(match_all=rng.random() < 0.3)
    if rng.random() < 0.3:
        mapping.define = {"own": drawer.text()}
        drawer.seen = [*seen, Path("own", frozenset({"text"}))]
    if rng.random() < 0.3:
        mapping.suppress.append(drawer.condition())
    count = rng.randint(1, 3)
    for number in range(count):
        last = number == count - 1 and rng.random() < 0.6
        when = None if last else drawer.condition()
        sends = [_send(rng, schema, drawer.seen) for _ in range(rng.randint(1, 2))]
        mapping.rules.append(Rule(f"rule {number}", when, sends))
    return mapping


def _send(rng: Random, schema: Schema, seen: list[Path]) -> Send:
    lists = [path for path in seen if path.item is not None]
    loop = None
    if lists and rng.random() < 0.4:
        over = rng.choice(lists)
        loop = ("x1", over.text)
        seen = [*seen, *paths(schema, over.item, "x1"), *paths(schema, over.item, "x1")]
    drawer = Drawer(rng, schema, seen)
    condition = drawer.condition() if rng.random() < 0.4 else None
    event = rng.choice(["probe", "probe", "sure", "ProductPage"])
    if event != "probe":
        names = ["t", "n"] if event == "sure" else [one for one in PAGE if rng.random() < 0.7]
        fields = {name: drawer.of_kind(FIELDS[name]) for name in names}
        for name in REQUIRED[event]:
            fields.setdefault(name, drawer.of_kind(FIELDS[name]))
        return Send(fields, loop, condition, event, rng.choice(["skip", "dead_letter"]))
    names = rng.sample(PROBE, rng.randint(1, 4))
    return Send({name: drawer.of_kind(FIELDS[name]) for name in names}, loop, condition)
