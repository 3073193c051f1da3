"""Asks a Confluent-compatible registry over HTTP, and says what its answers mean.

Paths: `/schemas/ids/{id}`, `/schemas/guids/{guid}`, `/subjects`, `/subjects/{subject}/versions`,
`/subjects/{subject}/versions/{version}`. Source: Confluent Schema Registry API reference.
"""

import asyncio
import json
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx

from consumer.config.settings import RegistrySettings
from consumer.credentials.tls import TlsFiles
from consumer.documents.foreign_text import bounded

_MAX_BYTES: Final = 8 * 1024**2
"""Of a schema with all that it refers to, decompressed; and of any other answer."""
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_DELETED: Final = "?deleted=true"
"""Asked of references: a subject that is deleted softly is still referred to, as by Confluent's own
readers."""
_MAX_REFERENCES: Final = 100
"""Schemas that one schema may refer to, over all levels."""
_NOT_FOUND_CODES: Final = frozenset({40401, 40402, 40403})
"""Subject, version, schema not found. A 404 without such a code comes from somewhere else, e.g. a
wrong path or a proxy, and says nothing about the schema."""


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Missing:
    """The registry says that there is no such schema."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The schema exists, but is none that can be read. `why` is for a person, on one line."""

    why: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "why", bounded(self.why))


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The schema exists, but the registry lacks something that it refers to: for good, or because a
    part of the registry lags behind."""

    why: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A version of a subject. `found` are its texts after those it refers to, as of `fetch`."""

    number: int
    schema_id: int | None
    """By which records name it; some registries do not say."""
    found: list[str] | Unsupported


class TooLargeError(Exception):
    """An answer that holds too much."""


class UnavailableError(Exception):
    """The registry cannot be asked now. The text holds URL and status, never an answer's body."""


class RegistryApi:
    """Asks each URL in turn. A connection is opened per schema: schemas are asked for once, and so
    DNS, certificates and credentials are always the present ones."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Raises ConfigError for certificate files that cannot be used."""
        self._settings = settings
        self._urls = [settings.url] if isinstance(settings.url, str) else list(settings.url)
        self._timeout = settings.timeout
        self._tls = TlsFiles(
            "registry", settings.ca_file, settings.certificate_file, settings.key_file
        )

    async def fetch(self, ref: int | uuid.UUID) -> list[str] | Unsupported | Missing | Incomplete:
        """The schema's text after those it refers to; or why it cannot be had.

        It is missing if any URL says so and none has it. Raises UnavailableError.
        """
        kind = "ids" if isinstance(ref, int) else "guids"
        return await self._from_any(partial(_schema_at, path=f"/schemas/{kind}/{ref}"))

    async def subjects(self) -> list[str]:
        """All subjects. Raises UnavailableError."""
        found = await self._from_any(_subjects)
        return [] if isinstance(found, Missing) else found

    async def versions(self, subject: str) -> list[Registered] | Missing:
        """All versions of a subject, oldest first. Raises UnavailableError."""
        return await self._from_any(partial(_versions, subject=subject))

    async def _from_any(self, ask: Callable[["_Session"], Awaitable[_T | Missing]]) -> _T | Missing:
        """The answer of the first URL that has one."""
        missing: Missing | None = None
        faults: list[str] = []
        for url in self._urls:
            try:
                async with self._client(url) as client:
                    answer = await ask(_Session(client, self._timeout))
            except (UnavailableError, TooLargeError) as error:
                faults.append(str(error))
                continue
            if not isinstance(answer, Missing):
                return answer
            missing = answer
        if missing is None:
            raise UnavailableError("; ".join(faults))
        return missing

    def _client(self, url: str) -> httpx.AsyncClient:
        settings = self._settings
        headers = {
            "Accept": "application/vnd.schemaregistry.v1+json, application/json",
            "Accept-Encoding": "identity",
        }
        auth = None
        try:
            if settings.token is not None:
                headers["Authorization"] = _bearer(settings.token.current())
            elif settings.username is not None and settings.password is not None:
                auth = httpx.BasicAuth(settings.username, settings.password.current())
        except Exception as error:  # noqa: BLE001 a file of any content: the registry is asked later
            why = getattr(error, "strerror", None) or type(error).__name__
            raise UnavailableError(f"a credential cannot be read: {why}") from None
        # Proxies out of environment variables would be settings that no file shows: trust_env.
        try:
            return httpx.AsyncClient(
                base_url=url,
                auth=auth,
                headers=headers,
                timeout=self._timeout,
                verify=self._tls.context(),
                trust_env=False,
            )
        except httpx.InvalidURL:
            raise UnavailableError("registry.url cannot be asked: no URL") from None


def _bearer(token: str) -> str:
    if not token.isascii():
        raise UnavailableError("registry.token is not ASCII")
    return f"Bearer {token}"


class _Session:
    """Questions to one URL over one client."""

    def __init__(self, client: httpx.AsyncClient, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self.ids: dict[str, int] = {}
        """Schema ids by path, as far as the registry said them."""
        self._room = _MAX_BYTES
        """Bytes that may still come."""

    def make_room(self) -> None:
        """Begin another schema."""
        self._room = _MAX_BYTES

    async def collect(
        self, path: str, texts: dict[str, str]
    ) -> Unsupported | Missing | Incomplete | None:
        """Put the schema at `path` into `texts`, after all that it refers to."""
        document = await self._schema(path)
        if not isinstance(document, dict):
            return document
        references = _references(document, self._client.base_url)
        if isinstance(references, Unsupported):
            return references
        refused = await self._collect_all(references, texts)
        if refused is None:
            texts.pop(path, None)
            texts[path] = document["schema"]
        return refused

    async def _collect_all(
        self, paths: Iterable[str], texts: dict[str, str]
    ) -> Unsupported | Incomplete | None:
        """Each once, whatever refers to it."""
        for path in paths:
            if path in texts:
                continue
            if len(texts) >= _MAX_REFERENCES:
                return Unsupported(f"it refers to more than {_MAX_REFERENCES} schemas")
            texts[path] = ""  # seen: two schemas cannot lead each other in circles
            refused = await self.collect(path, texts)
            if isinstance(refused, Missing):
                what = path.removesuffix(_DELETED)
                return Incomplete(f"it refers to {what}, which the registry does not have")
            if refused is not None:
                return refused
        return None

    async def _schema(self, path: str) -> dict[str, Any] | Unsupported | Missing:
        try:
            document = await self.get(path, _is_schema)
        except TooLargeError:
            return Unsupported(f"it has more than {_MAX_BYTES:,} bytes with all that it refers to")
        if isinstance(document, Missing):
            return document
        if isinstance(document.get("id"), int):
            self.ids[path] = document["id"]
        kind = document.get("schemaType") or "AVRO"
        if kind != "AVRO":
            return Unsupported(f"it is of type {bounded(str(kind), 100)}, not AVRO")
        found: dict[str, Any] = document
        return found

    async def get(self, path: str, fits: Callable[[Any], bool]) -> Any:
        """The document at `path`, which must be what was asked for; or Missing. Raises TooLargeError
        for a document that is, as far as it was read, one."""
        where = str(self._client.base_url)
        try:
            async with asyncio.timeout(self._timeout), self._client.stream("GET", path) as answer:
                body = await self._read(answer)
        except TimeoutError:
            raise UnavailableError(f"{where}: no answer within {self._timeout:g} s") from None
        except (httpx.HTTPError, zlib.error) as error:
            raise UnavailableError(f"{where}: {type(error).__name__}") from None
        if len(body) > self._room and answer.status_code == 200 and body.startswith(b"{"):
            raise TooLargeError(f"{where}: an answer of more than {_MAX_BYTES:,} bytes")
        self._room -= len(body)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if answer.status_code == 200 and fits(document):
            return document
        code = document.get("error_code") if isinstance(document, dict) else None
        if answer.status_code == 404 and code in _NOT_FOUND_CODES:
            return Missing()
        odd = ", with something that was not asked for" if answer.status_code == 200 else ""
        raise UnavailableError(f"{where}: status {answer.status_code}{odd}")

    async def _read(self, answer: httpx.Response) -> bytes:
        """The body, or its beginning with one byte more than there is room for."""
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in _COMPRESSED | {"identity", ""}:
            what = f"an answer in the encoding {bounded(encoding, 50)}"
            raise UnavailableError(f"{self._client.base_url}: {what}")
        body = bytearray()
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in _COMPRESSED else None
        async for part in answer.aiter_raw():
            left = self._room + 1 - len(body)
            body += part[:left] if inflate is None else inflate.decompress(part, left)
            if len(body) > self._room:
                break
        return bytes(body)


async def _schema_at(
    session: _Session, path: str
) -> list[str] | Unsupported | Missing | Incomplete:
    texts: dict[str, str] = {}
    refused = await session.collect(path, texts)
    # The same text may be known under two subjects; a type is defined once.
    return refused or list(dict.fromkeys(texts.values()))


async def _subjects(session: _Session) -> list[str] | Missing:
    found: list[str] | Missing = await session.get("/subjects", _is_list_of(str))
    return found


async def _versions(session: _Session, subject: str) -> list[Registered] | Missing:
    path = f"/subjects/{quote(subject, safe='')}/versions"
    numbers = await session.get(path, _is_list_of(int))
    if isinstance(numbers, Missing):
        return numbers
    found = []
    for number in sorted(numbers):
        session.make_room()
        schema = await _schema_at(session, f"{path}/{number}")
        if isinstance(schema, Incomplete):
            schema = Unsupported(schema.why)
        if not isinstance(schema, Missing):  # deleted between the two questions
            found.append(Registered(number, session.ids.get(f"{path}/{number}"), schema))
    return found


def _is_schema(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("schema"), str)


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda document: (
        isinstance(document, list) and all(isinstance(one, kind) for one in document)
    )


def _references(document: dict[str, Any], where: httpx.URL) -> list[str] | Unsupported:
    """The paths of a schema's references."""
    try:
        return [
            f"/subjects/{quote(one['subject'], safe='')}/versions/{int(one['version'])}{_DELETED}"
            for one in document.get("references") or ()
        ]
    except UnicodeEncodeError:
        return Unsupported("it refers to a subject whose name is no Unicode")
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UnavailableError(f"{where}: references that are none") from None
