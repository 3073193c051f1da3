"""One question to a Confluent-compatible registry over HTTP, and what its answer means.

Paths: `/schemas/ids/{id}`, `/schemas/guids/{guid}`, `/subjects`, `/subjects/{subject}/versions`,
`/subjects/{subject}/versions/{version}`. Source: Confluent Schema Registry API reference.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx

from consumer.config.settings import RegistrySettings
from consumer.credentials.tls import TlsFiles

_MAX_ANSWER: Final = 8 * 1024**2
"""Bytes of one answer; more is no schema."""
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
    """The schema exists, but is none that can be read. `why` is for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A version of a subject. `found` are its texts after those it refers to, as of `fetch`."""

    number: int
    schema_id: int | None
    """By which records name it; some registries do not say."""
    found: list[str] | Unsupported


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

    async def fetch(self, ref: int | uuid.UUID) -> list[str] | Unsupported | Missing:
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
            except UnavailableError as error:
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
        headers = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
        auth = None
        try:
            if settings.token is not None:
                headers["Authorization"] = _bearer(settings.token.current())
            elif settings.username is not None and settings.password is not None:
                auth = httpx.BasicAuth(settings.username, settings.password.current())
        except OSError as error:
            raise UnavailableError(f"a credential cannot be read: {error.strerror}") from None
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

    async def collect(self, path: str, texts: dict[str, str]) -> Unsupported | Missing | None:
        """Put the schema at `path` into `texts`, after all that it refers to."""
        document = await self.get(path, _is_schema)
        if isinstance(document, Missing):
            return document
        if isinstance(document.get("id"), int):
            self.ids[path] = document["id"]
        kind = document.get("schemaType") or "AVRO"
        if kind != "AVRO":
            return Unsupported(f"it is of type {kind}, not AVRO")
        for inner in _references(document, self._client.base_url):
            if inner in texts:
                continue
            if len(texts) >= _MAX_REFERENCES:
                return Unsupported(f"it refers to more than {_MAX_REFERENCES} schemas")
            texts[inner] = ""  # seen: two schemas cannot lead each other in circles
            refused = await self.collect(inner, texts)
            if refused is not None:
                # The schema exists, so its references do: a part of the registry lags behind.
                if isinstance(refused, Missing):
                    raise UnavailableError(
                        f"{self._client.base_url}: a schema reference is missing"
                    )
                return refused
        texts.pop(path, None)
        texts[path] = document["schema"]
        return None

    async def get(self, path: str, fits: Callable[[Any], bool]) -> Any:
        """The document at `path`, which must be what was asked for; or Missing."""
        where = str(self._client.base_url)
        try:
            async with asyncio.timeout(self._timeout), self._client.stream("GET", path) as answer:
                body = await _read(answer)
        except TimeoutError:
            raise UnavailableError(f"{where}: no answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            raise UnavailableError(f"{where}: {type(error).__name__}") from None
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


async def _schema_at(session: _Session, path: str) -> list[str] | Unsupported | Missing:
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
        schema = await _schema_at(session, f"{path}/{number}")
        if not isinstance(schema, Missing):  # deleted between the two questions
            found.append(Registered(number, session.ids.get(f"{path}/{number}"), schema))
    return found


def _is_schema(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("schema"), str)


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda document: (
        isinstance(document, list) and all(isinstance(one, kind) for one in document)
    )


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _MAX_ANSWER:
            return b""
    return bytes(body)


def _references(document: dict[str, Any], where: httpx.URL) -> list[str]:
    """The paths of a schema's references."""
    try:
        return [
            f"/subjects/{quote(one['subject'], safe='')}/versions/{int(one['version'])}"
            for one in document.get("references") or ()
        ]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UnavailableError(f"{where}: references that are none") from None
