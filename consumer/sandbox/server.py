"""`Sandbox`: a strict local double of the Yespo APIs on one port, in this loop or its own thread.

sandbox = Sandbox()
with sandbox:                       # its own thread; `async with` runs it on the present loop
    ...send to sandbox.legacy_url, sandbox.v2_url...
assert not sandbox.violations
"""

import asyncio
import concurrent.futures
import ipaddress
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvloop

from consumer.errors import SetupError
from consumer.model import Api
from consumer.privacy.documents import DocumentMask
from consumer.sandbox.console import Console
from consumer.sandbox.faults import FaultEngine, FaultProfile
from consumer.sandbox.listener import Listener
from consumer.sandbox.protocol import Reply, Request, reply
from consumer.sandbox.recording import Recorder
from consumer.sandbox.store import KindCounts, Origin, Received, Store, Totals, Violation
from consumer.sandbox.vendor_apis import DEFAULT_KEY, PATHS, Judge, VendorApis
from consumer.yespo.judge import judge

_PORT = re.compile(rb":\d+$")


class Sandbox:
    """Both Yespo APIs, a page at `/` and a control endpoint, on `host`:`port` (0: a free one).

    `api_key` is the password v2 and past_events ask for; `legacy_status` (200 or 204) is what the
    tracker answers to everything. `keep` bounds the requests held in memory, None holds all.
    `record` appends every request, unmasked, to a file. `allowed_hosts` are `Host` names beside
    loopback and `host` itself; any other is refused, so that no web page can reach in by DNS.
    The same `faults`, `seed` and order of requests give the same faults.
    """

    def __init__(
        self,
        judge: Judge = judge,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = DEFAULT_KEY,
        legacy_status: int = 200,
        keep: int | None = None,
        record: Path | None = None,
        faults: FaultProfile | None = None,
        seed: int = 0,
        allowed_hosts: tuple[str, ...] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origins: Callable[[bytes], Origin | None] = lambda _: None
        """Says for the page of which record a body was made; set by the part that knows. Any thread."""
        self._seed = seed
        self._monotonic = monotonic
        self._store = Store(keep)
        self.recorder = Recorder(record) if record is not None else None
        engine = FaultEngine(faults or FaultProfile(), seed, monotonic)
        self._apis = VendorApis(self._store, judge, engine, api_key, legacy_status, self.recorder)
        self._console = Console(
            self, self._store, DocumentMask(), self.recorder, self._apis.account_info
        )
        self._listener = Listener(self, host, port)
        self._names = {b"localhost", b"127.0.0.1", b"[::1]", _host_name(host)}
        self._names.update(name.lower().encode() for name in allowed_hosts)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._home: threading.Thread | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None

    # -- where it is

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://{_host_name(self._listener.host).decode()}:{self.port}"

    @property
    def legacy_url(self) -> str:
        return f"{self.url}/api/v2"

    @property
    def v2_url(self) -> str:
        return f"{self.url}/api/v2/event"

    @property
    def past_events_url(self) -> str:
        return f"{self.url}/api/v2/past_events"

    # -- what arrived; from any thread

    @property
    def received(self) -> list[Received]:
        """The requests held, in order of arrival."""
        return self._store.received()

    @property
    def violations(self) -> list[Violation]:
        """Broken rules, in order of arrival (as many as requests are held)."""
        return self._store.violations()

    @property
    def totals(self) -> Totals:
        """Requests, taken, violating, repeated, and faults injected by kind."""
        return self._store.totals()

    def counts(self) -> dict[tuple[Api, str], int]:
        """Events taken, by (api, event name)."""
        return {key: kind.taken for key, kind in self._store.kinds().items() if kind.taken}

    def kinds(self) -> dict[tuple[Api, str], KindCounts]:
        """Every count there is, by (api, event name)."""
        return self._store.kinds()

    def origin_of(self, body: bytes) -> Origin | None:
        return self.origins(body)

    def clear(self) -> None:
        """Forget what arrived."""
        self._store.clear()

    # -- what goes wrong; from any thread

    @property
    def api_key(self) -> str:
        return self._apis.api_key

    @api_key.setter
    def api_key(self, key: str) -> None:
        self._apis.api_key = key

    @property
    def faults(self) -> FaultProfile:
        return self._apis.faults.profile

    @faults.setter
    def faults(self, profile: FaultProfile) -> None:
        self._apis.faults = FaultEngine(profile, self._seed, self._monotonic)

    def refuse_connections(self, seconds: float | None = None) -> None:
        """Reset all connections and refuse new ones; for `seconds`, or until `accept_connections`."""
        self._on_loop(lambda: self._listener.refuse(seconds))

    def accept_connections(self) -> None:
        self._on_loop(self._listener.accept)

    # -- running

    async def start(self) -> None:
        """Listen, on the present loop. Raises PortInUseError, SetupError."""
        self._loop = asyncio.get_running_loop()
        self._home = threading.current_thread()
        try:
            await self._listener.start()
        except SetupError:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._listener.stop()
        if self.recorder is not None:
            await asyncio.to_thread(self.recorder.close)

    def start_in_thread(self) -> Self:
        """Listen, on a loop in a thread of its own. Raises PortInUseError, SetupError."""
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()

        def work() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve_until_stopped(ready))

        self._thread = threading.Thread(target=work, name="yespo-sandbox", daemon=True)
        self._thread.start()
        ready.result()
        return self

    def stop_thread(self) -> None:
        """End the thread of `start_in_thread`."""
        if self._thread is None or self._stopping is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        return self.start_in_thread()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_thread()

    async def _serve_until_stopped(self, ready: concurrent.futures.Future[None]) -> None:
        self._stopping = asyncio.Event()
        try:
            await self.start()
        except SetupError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stopping.wait()
        await self.stop()

    def _on_loop(self, call: Callable[[], None]) -> None:
        """Run `call` on the sandbox's loop and return when it is done."""
        assert self._loop is not None, "the sandbox has not been started"
        if threading.current_thread() is self._home:
            call()
            return

        async def run() -> None:
            call()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=10)

    # -- protocol.Handler

    def began(self, request: Request) -> Reply | None:
        host = request.headers.get(b"host", b"").lower()
        if host not in self._names and _PORT.sub(b"", host) not in self._names:
            return reply(421, b"This Host is not served here (see --allow-host)")
        api = PATHS.get(request.path)
        if api is not None and request.method != b"OPTIONS":
            return self._apis.began(api, request)
        return None

    def handle(self, request: Request) -> Reply:
        if request.context is not None:
            return self._apis.handle(request)
        if request.path in PATHS:  # OPTIONS: what `check --connect` asks; no event, no violation
            return reply(204, headers=[("Allow", "POST")])
        return self._console.handle(request)

    def rejected(self, status: int, why: str) -> Reply:
        return reply(status, why.encode())


def _host_name(host: str) -> bytes:
    """The host as it stands in a URL and a `Host` header."""
    try:
        wrapped = f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        wrapped = host
    return wrapped.lower().encode()
