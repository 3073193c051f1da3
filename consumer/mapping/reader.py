"""From the YAML tree to the grammar: which keys stand where, and what shape their values have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from consumer.config.units import Seconds
from consumer.findings import Finding, Place, did_you_mean, nearest
from consumer.mapping.grammar import (
    Block,
    Constant,
    CustomEvent,
    Expression,
    MappingFile,
    Member,
    Options,
    Rule,
    Send,
    Sequence,
    Shared,
    Suppress,
    Value,
    Word,
)
from consumer.mapping.syntax import NAME, Source
from consumer.yaml_tree import Document, Entry, Items, Node, Scalar, Table

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
_OPTION_KEYS = ("account", "on_missing", "max_age", "when_older", "tags", "params")
_SEND_KEYS = ("legacy", "v2", "both", "for", "by", "if", "keyValue", *_OPTION_KEYS)
_DURATION = TypeAdapter(Seconds)
MAX_RULES = 500


class Reader:
    """Reads one document. What is wrong is added to `findings`; what can be read is returned."""

    def __init__(self, document: Document, findings: list[Finding]) -> None:
        self._document = document
        self._findings = findings

        self._meant: set[tuple[Place, str]] = set()
        """Keys that an unknown one probably stands for: not reported as missing as well."""

    def wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._findings.append(Finding(place, code, message, remedy))

    def mapping(self, path: Path) -> MappingFile:
        root = self._root(_FILE_KEYS)
        start = Place(self._document.file, 1, 1)
        self._version(root, start)
        source = self._table(root, "from", ("topics", "schema", "record"), required=True)
        topics = self._words(source, "topics") if source else []
        if source and not topics:
            self.wrong(
                source.place, "missing-key", "`from` needs `topics`", "topics: [shop.clicks]"
            )
        schema = self._word(source, "schema") if source else None
        if source and schema is None:
            self._missing(source, "schema", "`from` needs `schema`", "the .avsc file")
        order_by = root.get("order_by") if root else None
        return MappingFile(
            path=path,
            shown=self._document.file,
            lines=self._document.lines,
            place=root.place if root else start,
            topics=topics,
            schema=schema,
            record=self._word(source, "record") if source else None,
            shared=self._shared(root),
            identity=self._identity(root),
            time=self._source(root, "time"),
            user_agent=self._source(root, "user_agent"),
            order_by=None if order_by is None else self._sources(order_by),
            defaults=self._options(self._table(root, "defaults", _OPTION_KEYS)),
            suppress=list(self._suppress(root)),
            match_all=self._choice(root, "match", ("first", "all"), "first") == "all",
            otherwise=self._otherwise(root),
            rules=list(self._rules(root)),
        )

    def included(self) -> Shared:
        return self._shared(self._root(_SHARED_KEYS))

    def _root(self, keys: Collection[str]) -> Table | None:
        self._findings.extend(self._document.findings)
        root = self._document.root
        if root is None:
            if not self._document.findings:
                self.wrong(Place(self._document.file, 1, 1), "empty", "this file is empty")
            return None
        if not isinstance(root, Table):
            self.wrong(root.place, "shape", "a mapping file is a table of keys")
            return None
        self._known(root, keys)
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
            self._missing(root, "otherwise", message, remedy)
        return self._choice(root, "otherwise", ("drop", "dead_letter"), "drop")

    def _known(self, table: Table, keys: Collection[str]) -> None:
        for entry in table:
            if entry.key.text not in keys:
                remedy = did_you_mean(entry.key.text, keys)
                message = f"unknown key `{entry.key.text}`"
                self.wrong(entry.key.place, "unknown-key", message, remedy)
                if meant := nearest(entry.key.text, keys):
                    self._meant.add((table.place, meant))

    def _missing(self, table: Table, key: str, message: str, remedy: str = "") -> None:
        if (table.place, key) not in self._meant:
            self.wrong(table.place, "missing-key", message, remedy)

    def _table(
        self, parent: Table | None, key: str, keys: Collection[str] = (), *, required: bool = False
    ) -> Table | None:
        node = parent.get(key) if parent else None
        if node is None:
            if required and parent is not None:
                self._missing(parent, key, f"`{key}` is missing")
            return None
        if not isinstance(node, Table):
            self.wrong(node.place, "shape", f"`{key}` is a table of keys")
            return None
        if keys:
            self._known(node, keys)
        return node

    def _scalar(self, node: Node, what: str) -> Scalar | None:
        if isinstance(node, Scalar):
            return node
        remedy = "an expression that begins with `[` or `{` stands in a `|` block"
        self.wrong(node.place, "shape", f"{what} is one expression", remedy)
        return None

    def _source(self, table: Table | None, key: str) -> Source | None:
        node = table.get(key) if table else None
        scalar = self._scalar(node, f"`{key}`") if node is not None else None
        return Source(scalar, self._document.lines) if scalar else None

    def _sources(self, node: Node) -> list[Source]:
        nodes = node.items if isinstance(node, Items) else [node]
        scalars = (self._scalar(one, "each entry") for one in nodes)
        return [Source(scalar, self._document.lines) for scalar in scalars if scalar]

    def _word(self, table: Table | None, key: str) -> Word | None:
        node = table.get(key) if table else None
        if node is None:
            return None
        if not isinstance(node, Scalar) or not node.text:
            self.wrong(node.place, "shape", f"`{key}` is one name")
            return None
        return Word(node.text, node.place)

    def _words(self, table: Table | None, key: str) -> list[Word]:
        node = table.get(key) if table else None
        if node is None:
            return []
        words = []
        for item in node.items if isinstance(node, Items) else [node]:
            if isinstance(item, Scalar) and item.text:
                words.append(Word(item.text, item.place))
            else:
                self.wrong(item.place, "shape", f"`{key}` is a list of names")
        return words

    def _choice(self, table: Table | None, key: str, allowed: tuple[str, ...], default: str) -> str:
        word = self._word(table, key)
        if word is None or word.text in allowed:
            return word.text if word else default
        remedy = f"write one of: {', '.join(allowed)}"
        self.wrong(word.place, "unknown-word", f"`{key}` cannot be `{word.text}`", remedy)
        return default

    def _shared(self, root: Table | None) -> Shared:
        return Shared(
            definitions=self._definitions(root),
            tables=dict(self._tables(root)),
            custom_events=list(self._custom_events(root)),
            includes=self._words(root, "include"),
        )

    def _definitions(self, parent: Table | None) -> list[tuple[Word, Source]]:
        found = []
        for entry in self._table(parent, "define") or ():
            scalar = self._scalar(entry.value, f"`{entry.key.text}`")
            if scalar:
                word = Word(entry.key.text, entry.key.place)
                found.append((word, Source(scalar, self._document.lines)))
        return found

    def _tables(self, root: Table | None) -> Iterator[tuple[str, tuple[Place, dict[str, str]]]]:
        for entry in self._table(root, "tables") or ():
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
        for entry in self._table(root, "custom_events") or ():
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
        for entry in self._table(root, "identity", IDENTITY) or ():
            scalar = self._scalar(entry.value, f"`{entry.key.text}`")
            if scalar:
                source = Source(scalar, self._document.lines)
                found[entry.key.text] = (entry.key.place, source)
        return found

    def _options(self, table: Table | None) -> Options:
        options = Options()
        if table is None:
            return options
        account = table.get("account")
        if account is not None:
            if isinstance(account, Table) and isinstance(account.get("text"), Scalar):
                account = account.get("text")
            options.account = self._scalar(account, "`account`") if account else None
        options.on_missing = self._one_of(table, "on_missing", ("skip", "dead_letter"))
        older = ("send", "drop", "dead_letter")
        options.when_older = self._one_of(table, "when_older", older)
        options.max_age_ms = self._duration(table, "max_age")
        options.tags = self._members(self._table(table, "tags"))
        options.params = self._members(self._table(table, "params"))
        return options

    def _duration(self, table: Table, key: str) -> int | None:
        """Milliseconds. A number without a unit is refused: nobody could tell what is meant."""
        word = self._word(table, key)
        if word is None:
            return None
        try:
            if not word.text.strip().isdecimal():
                return round(_DURATION.validate_python(word.text) * 1000)
        except ValidationError:
            pass
        remedy = "write a number with a unit: `24h`, `30m`"
        self.wrong(word.place, "duration", f"`{word.text}` is not a duration", remedy)
        return None

    def _one_of(self, table: Table, key: str, allowed: tuple[str, ...]) -> Word | None:
        word = self._word(table, key)
        if word is None:
            return None
        return Word(self._choice(table, key, allowed, allowed[0]), word.place)

    def _suppress(self, root: Table | None) -> Iterator[Suppress]:
        node = root.get("suppress") if root else None
        for item in self._entries(node, "suppress"):
            self._known(item, ("when", "reason"))
            when, reason = self._source(item, "when"), self._word(item, "reason")
            if when is None or reason is None:
                message = "a `suppress` entry needs `when` and `reason`"
                self.wrong(item.place, "missing-key", message)
            else:
                yield Suppress(when, reason)

    def _entries(self, node: Node | None, what: str) -> Iterator[Table]:
        if node is None:
            return
        if not isinstance(node, Items):
            self.wrong(node.place, "shape", f"`{what}` is a list", "begin each entry with `- `")
            return
        for item in node.items:
            if isinstance(item, Table):
                yield item
            else:
                self.wrong(item.place, "shape", f"an entry of `{what}` is a table of keys")

    def _rules(self, root: Table | None) -> Iterator[Rule]:
        node = root.get("rules") if root else None
        if root is not None and node is None:
            self._missing(root, "rules", "`rules` is missing")
        seen: dict[str, Place] = {}
        for count, item in enumerate(self._entries(node, "rules")):
            if count >= MAX_RULES:
                self.wrong(item.place, "too-large", f"more than {MAX_RULES} rules in one file")
                return
            self._known(item, ("name", "when", "define", "send"))
            name = self._rule_name(item, seen)
            sends = [self._send(entry) for entry in self._entries(item.get("send"), "send")]
            if not sends:
                remedy = "send:\n  - both: product_viewed"
                self._missing(item, "send", "a rule needs `send`", remedy)
            yield Rule(
                name,
                self._source(item, "when"),
                self._definitions(item),
                [send for send in sends if send],
            )

    def _rule_name(self, item: Table, seen: dict[str, Place]) -> Word:
        name = self._word(item, "name")
        if name is None:
            if item.get("name") is None:
                self._missing(item, "name", "a rule needs a `name`")
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
        event = self._word(table, api)
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
            self._options(table),
            {name: member for name, member in members.items() if member},
            self._scalar(loop, "`for`") if loop is not None else None,
            self._source(table, "by"),
            self._source(table, "if"),
            self._source(table, "keyValue"),
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

    def _members(self, table: Table | None) -> dict[str, Member]:
        members = {}
        for entry in table or ():
            member = self._member(entry)
            if member:
                members[member.name] = member
        return members

    def _member(self, entry: Entry) -> Member | None:
        value = self.value(entry.value)
        return Member(entry.key.text, entry.key.place, value) if value else None

    def value(self, node: Node) -> Value | None:
        """What stands right of a target field."""
        if isinstance(node, Scalar):
            return Expression(Source(node, self._document.lines))
        if isinstance(node, Items):
            items = (self.value(item) for item in node.items)
            return Sequence(node.place, tuple(item for item in items if item))
        text = node.get("text")
        if isinstance(text, Scalar) and len(node.entries) == 1:
            return Constant(text.text, text.place)
        loop, condition = node.get("for"), self._source(node, "if")
        members = {}
        for entry in node:
            if entry.key.text not in {"for", "if"} and (member := self._member(entry)):
                members[member.name] = member
        scalar = self._scalar(loop, "`for`") if loop is not None else None
        return Block(node.place, members, scalar, condition)


def read(document: Document, path: Path, findings: list[Finding]) -> MappingFile:
    """A mapping file; whatever is wrong is added to `findings`."""
    return Reader(document, findings).mapping(path)
