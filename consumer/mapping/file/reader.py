"""From the YAML tree to the grammar: which keys stand where, and what shape their values have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from consumer.documents.findings import Place
from consumer.documents.yaml_tree import Entry, Items, Node, Scalar, Table
from consumer.mapping.file.grammar import (
    Block,
    CustomEvent,
    Expression,
    MappingFile,
    Member,
    Rule,
    Send,
    Sequence,
    Shared,
    Suppress,
    Value,
    Word,
)
from consumer.mapping.file.send_options import DEFAULTS, OPTIONS, read_options
from consumer.mapping.file.tree_reader import TreeReader, constant_of
from consumer.mapping.language.syntax import NAME, Source

IDENTITY = ("externalCustomerId", "email", "phone", "contactId", "pushToken", "name", "cookie")
_SHARED_KEYS = ("include", "define", "tables", "custom_events")
_FILE_KEYS = (
    "version",
    "from",
    *_SHARED_KEYS,
    "identity",
    "time",
    "user_agent",
    "order_by",
    "defaults",
    "suppress",
    "match",
    "otherwise",
    "rules",
)
_SEND_KEYS = frozenset({"legacy", "v2", "both", "for", "by", "if", "keyValue"}).union(
    option.key for option in OPTIONS
)
MAX_RULES = 500


class Reader(TreeReader):
    """Reads a mapping file, or one that is included."""

    def mapping(self, path: Path) -> MappingFile:
        root = self._root(_FILE_KEYS)
        start = Place(self.document.file, 1, 1)
        self._version(root, start)
        source = self.table(root, "from", ("topics", "schema", "record", "versions"), required=True)
        topics = self.words(source, "topics") if source else []
        if source and not topics:
            self.wrong(
                source.place, "missing-key", "`from` needs `topics`", "topics: [shop.clicks]"
            )
        schemas = self.words(source, "schema")
        if source and not schemas and not source.get("schema"):
            self.missing(source, "schema", "`from` needs `schema`", "the .avsc file")
        order_by = root.get("order_by") if root else None
        return MappingFile(
            path=path,
            shown=self.document.file,
            lines=self.document.lines,
            place=root.place if root else start,
            topics=topics,
            schemas=schemas,
            record=self.word(source, "record") if source else None,
            versions=self.words(source, "versions"),
            shared=self._shared(root),
            identity=self._identity(root),
            time=self.source(root, "time"),
            user_agent=self.source(root, "user_agent"),
            order_by=None if order_by is None else self.sources(order_by),
            defaults=read_options(
                self, self.table(root, "defaults", [one.key for one in DEFAULTS]), DEFAULTS
            ),
            suppress=list(self._suppress(root)),
            match_all=self.choice(root, "match", ("first", "all"), "first") == "all",
            otherwise=self._otherwise(root),
            rules=list(self._rules(root)),
        )

    def included(self) -> Shared:
        return self._shared(self._root(_SHARED_KEYS))

    def _root(self, keys: Collection[str]) -> Table | None:
        self.findings.extend(self.document.findings)
        root = self.document.root
        if root is None:
            if not self.document.findings:
                self.wrong(Place(self.document.file, 1, 1), "empty", "this file is empty")
            return None
        if not isinstance(root, Table):
            self.wrong(root.place, "shape", "a mapping file is a table of keys")
            return None
        self.known(root, keys)
        return root

    def _version(self, root: Table | None, start: Place) -> None:
        node = root.get("version") if root else None
        if root is not None and node is None:
            self.wrong(start, "missing-key", "`version` is missing", "version: 1")
        elif isinstance(node, Scalar) and node.text != "1":
            self.wrong(node.place, "version", "this program reads version 1", "version: 1")

    def _otherwise(self, root: Table | None) -> str:
        if root is not None and root.get("otherwise") is None:
            remedy = "otherwise: drop          (or: dead_letter)"
            message = "`otherwise` is missing: what becomes of records that no rule takes?"
            self.missing(root, "otherwise", message, remedy)
        return self.choice(root, "otherwise", ("drop", "dead_letter"), "drop")

    def _shared(self, root: Table | None) -> Shared:
        return Shared(
            definitions=self._definitions(root),
            blocks=list(self._blocks(root)),
            tables=dict(self._tables(root)),
            custom_events=list(self._custom_events(root)),
            includes=self.words(root, "include"),
        )

    def _definitions(self, parent: Table | None) -> list[tuple[Word, Source]]:
        found = []
        for entry in self.table(parent, "define") or ():
            if isinstance(entry.value, Table) and constant_of(entry.value) is None:
                continue  # a block
            scalar = self.scalar(entry.value, f"`{entry.key.text}`")
            if scalar:
                word = Word(entry.key.text, entry.key.place)
                found.append((word, Source(scalar, self.document.lines)))
        return found

    def _blocks(self, parent: Table | None) -> Iterator[tuple[Word, Block]]:
        define = parent.get("define") if parent else None
        for entry in define if isinstance(define, Table) else ():
            value = self.value(entry.value) if isinstance(entry.value, Table) else None
            if isinstance(value, Block):
                yield Word(entry.key.text, entry.key.place), value

    def _tables(self, root: Table | None) -> Iterator[tuple[str, tuple[Place, dict[str, str]]]]:
        for entry in self.table(root, "tables") or ():
            name, place = entry.key.text, entry.key.place
            if not NAME.fullmatch(name):
                self.wrong(place, "bad-name", "a name is made of letters, digits and `_`")
                continue
            if not isinstance(entry.value, Table):
                self.wrong(entry.value.place, "shape", "a table is made of `key: value` lines")
                continue
            rows = {}
            for row in entry.value:
                if isinstance(row.value, Scalar):
                    rows[row.key.text] = row.value.text
                else:
                    self.wrong(row.value.place, "shape", "a table's values are plain text")
            yield name, (place, rows)

    def _custom_events(self, root: Table | None) -> Iterator[CustomEvent]:
        for entry in self.table(root, "custom_events") or ():
            fields = []
            if not isinstance(entry.value, Table):
                message = "a custom event lists its parameters"
                self.wrong(entry.value.place, "shape", message, "level: text, required")
                continue
            for row in entry.value:
                if isinstance(row.value, Scalar):
                    kind = Word(row.value.text, row.value.place)
                    fields.append((Word(row.key.text, row.key.place), kind))
                else:
                    self.wrong(row.value.place, "shape", "a parameter has a type: `text, required`")
            yield CustomEvent(Word(entry.key.text, entry.key.place), fields)

    def _identity(self, root: Table | None) -> dict[str, tuple[Place, Source]]:
        found = {}
        for entry in self.table(root, "identity", IDENTITY) or ():
            scalar = self.scalar(entry.value, f"`{entry.key.text}`")
            if scalar:
                source = Source(scalar, self.document.lines)
                found[entry.key.text] = (entry.key.place, source)
        return found

    def _suppress(self, root: Table | None) -> Iterator[Suppress]:
        node = root.get("suppress") if root else None
        for item in self.entries(node, "suppress"):
            self.known(item, ("when", "reason"))
            when, reason = self.source(item, "when"), self.word(item, "reason")
            if when is None or reason is None:
                message = "a `suppress` entry needs `when` and `reason`"
                self.wrong(item.place, "missing-key", message)
            else:
                yield Suppress(when, reason)

    def _rules(self, root: Table | None) -> Iterator[Rule]:
        node = root.get("rules") if root else None
        if root is not None and node is None:
            self.missing(root, "rules", "`rules` is missing")
        seen: dict[str, Place] = {}
        for count, item in enumerate(self.entries(node, "rules")):
            if count >= MAX_RULES:
                self.wrong(item.place, "too-large", f"more than {MAX_RULES} rules in one file")
                return
            self.known(item, ("name", "when", "define", "send"))
            name = self._rule_name(item, seen)
            sends = [self._send(entry) for entry in self.entries(item.get("send"), "send")]
            if not sends:
                remedy = "send:\n  - both: product_viewed"
                self.missing(item, "send", "a rule needs `send`", remedy)
            yield Rule(
                name,
                self.source(item, "when"),
                self._definitions(item),
                list(self._blocks(item)),
                [send for send in sends if send],
            )

    def _rule_name(self, item: Table, seen: dict[str, Place]) -> Word:
        name = self.word(item, "name")
        if name is None:
            if item.get("name") is None:
                self.missing(item, "name", "a rule needs a `name`")
            return Word("", item.place)
        if name.text in seen:
            message = f"two rules are called `{name.text}` (first on line {seen[name.text].line})"
            self.wrong(name.place, "duplicate-rule", message)
        if len(name.text) > 60 or "/" in name.text or not name.text.isprintable():
            remedy = "up to 60 characters, without `/`: it names events in dead letters"
            self.wrong(name.place, "bad-name", "this cannot be the name of a rule", remedy)
        seen.setdefault(name.text, name.place)
        return name

    def _send(self, table: Table) -> Send | None:
        api = self._api(table)
        if api is None:
            return None
        event = self.word(table, api)
        if event is None:
            return None
        members = {}
        overrides: dict[str, Block] = {}
        for entry in table:
            key = entry.key.text
            if api == "both" and key in {"legacy", "v2"}:
                value = self.value(entry.value)
                if isinstance(value, Block) and value.loop is None and value.condition is None:
                    overrides[key] = value
                else:
                    message = f"in a `both`, `{key}:` is a block of the vendor's own fields"
                    self.wrong(entry.value.place, "shape", message)
            elif key not in _SEND_KEYS:
                members[key] = self._member(entry)
        loop = table.get("for")
        send = Send(
            table.place,
            api,
            event,
            read_options(self, table, OPTIONS),
            {name: member for name, member in members.items() if member},
            self.scalar(loop, "`for`") if loop is not None else None,
            self.source(table, "by"),
            self.source(table, "if"),
            self.source(table, "keyValue"),
            overrides,
        )
        if send.by is not None and send.loop is None:
            self.wrong(send.by.scalar.place, "by-without-for", "`by` groups what `for` goes over")
        return send

    def _api(self, table: Table) -> str | None:
        named = [key for key in ("both", "legacy", "v2") if table.get(key) is not None]
        if "both" in named:
            return "both"
        if len(named) == 1:
            return named[0]
        remedy = "legacy: ProductPage    or  v2: productViewed    or  both: product_viewed"
        message = "a send names one event" if not named else "a send names one event, not two"
        self.wrong(table.place, "missing-key", message, remedy)
        return None

    def members(self, table: Table, key: str) -> dict[str, Member] | None:
        """Free names with their values; None where the table has no such key."""
        inner = self.table(table, key)
        if inner is None:
            return None
        found = (self._member(entry) for entry in inner)
        return {member.name: member for member in found if member}

    def _member(self, entry: Entry) -> Member | None:
        value = self.value(entry.value)
        return Member(entry.key.text, entry.key.place, value) if value else None

    def value(self, node: Node) -> Value | None:
        """The value that stands right of a target field."""
        if isinstance(node, Scalar):
            return Expression(Source(node, self.document.lines))
        if isinstance(node, Items):
            items = (self.value(item) for item in node.items)
            return Sequence(node.place, tuple(item for item in items if item))
        if (constant := constant_of(node)) is not None:
            return Expression(Source(constant, self.document.lines))
        loop, condition = node.get("for"), self.source(node, "if")
        members = {}
        for entry in node:
            if entry.key.text not in {"for", "if"} and (member := self._member(entry)):
                members[member.name] = member
        scalar = self.scalar(loop, "`for`") if loop is not None else None
        return Block(node.place, members, scalar, condition)
