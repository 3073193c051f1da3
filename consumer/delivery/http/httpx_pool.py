"""`client: httpx`: the same seam over stock httpx, for those who need a proxy.

Costs many times what `pool` costs (a task, a timeout and httpx's own machinery per request), and is
the reference that `pool` is compared with in the tests.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator

import httpx

from consumer.delivery.http.answer import BODY_KEPT, NOTHING_ARRIVED, Answer, Fault
from consumer.delivery.http.connection import BODY_LIMIT
from consumer.delivery.http.encodings import plain
from consumer.delivery.http.pool import Limits, connect_fault
from consumer.delivery.http.target import JSON_UTF8, OWN_USER_AGENT, usable_user_agent


class HttpxExchange:
    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def abort(self) -> None:
        self._task.cancel()


class HttpxPool:
    """Implements `answer.Pool`."""

    def __init__(
        self,
        url: str,
        limits: Limits,
        *,
        tls: Callable[[], ssl.SSLContext],
        authorization: str | None = None,
        proxy: str | None = None,
        reads_success: bool = False,
        method: str = "POST",
    ) -> None:
        """`tls` is asked with each request; another context means a new client. `reads_success`:
        bodies of successes matter too, and are kept."""
        self._url = url
        self._method = method
        self.not_connected = ""
        self._limits = limits
        self._tls = tls
        self._proxy = proxy
        self._success_kept = BODY_LIMIT if reads_success else 0
        self._headers = {
            "Content-Type": JSON_UTF8,
            "Accept": JSON_UTF8,
            "Accept-Encoding": "identity",
        }
        self.authorize(authorization)
        self._context = tls()
        self._client = self._new_client()
        self._tasks: set[asyncio.Task[None]] = set()

    def authorize(self, authorization: str | None) -> None:
        self._headers.pop("Authorization", None)
        if authorization is not None:
            self._headers["Authorization"] = authorization

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> HttpxExchange:
        self._follow_certificates()
        client = self._client
        headers = self._headers | {"User-Agent": usable_user_agent(user_agent) or OWN_USER_AGENT}

        async def exchange() -> None:
            answered(await self._attempt(client, body, headers))

        task = asyncio.get_running_loop().create_task(exchange())
        self._keep(task)
        return HttpxExchange(task)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        limits = self._limits
        return httpx.AsyncClient(
            verify=self._context,
            proxy=self._proxy,
            trust_env=False,  # a proxy is what the configuration says, not what the shell had set
            follow_redirects=False,
            timeout=httpx.Timeout(
                limits.response_timeout, connect=limits.connect_timeout, pool=None
            ),
            # httpx loses a slot of its pool for ever when a call is cancelled in the wrong moment:
            # without an upper bound nothing runs dry. The queue bounds what is under way.
            limits=httpx.Limits(max_connections=None, keepalive_expiry=limits.keepalive),
        )

    def _follow_certificates(self) -> None:
        """Let what is under way finish on the former client, and begin with a new one."""
        context = self._tls()
        if context is self._context:
            return
        self._context = context
        former, under_way, self._client = self._client, list(self._tasks), self._new_client()
        self._keep(asyncio.get_running_loop().create_task(_retire(former, under_way)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(
        self, client: httpx.AsyncClient, body: bytes, headers: dict[str, str]
    ) -> Answer:
        response: httpx.Response | None = None
        kept = bytearray()
        limit = 0
        fault: Fault | None = None
        try:
            async with (
                asyncio.timeout(self._limits.total_timeout),
                client.stream(self._method, self._url, content=body, headers=headers) as response,
            ):
                limit = self._success_kept if response.is_success else BODY_KEPT
                await _read(response, kept, limit)
        except TimeoutError:
            fault = Fault.RESPONSE_TIMEOUT
        except httpx.HTTPError as error:
            fault = _fault(error)
            if fault in NOTHING_ARRIVED:
                self.not_connected = str(error)
        except Exception:  # noqa: BLE001 whatever an answer leads to costs its own request
            fault = Fault.MALFORMED
        if response is None:
            return Answer(0, fault)
        # As in `connection`: the status counts, whatever becomes of the body.
        retry_after = response.headers.get("Retry-After", "")
        body = plain(bytes(kept), response.headers.get("Content-Encoding", ""), limit)
        return Answer(response.status_code, None, retry_after, body)


async def _retire(client: httpx.AsyncClient, under_way: list[asyncio.Task[None]]) -> None:
    try:
        await asyncio.gather(*under_way, return_exceptions=True)
    finally:
        await client.aclose()


async def _read(response: httpx.Response, kept: bytearray, limit: int) -> None:
    """Read the body so that the connection can serve on; keep what classification may look at."""
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        kept += chunk[: max(0, limit - len(kept))]
        if size > BODY_LIMIT:
            break


def _fault(error: httpx.HTTPError) -> Fault:
    match error:
        case httpx.ConnectTimeout():
            return Fault.CONNECT_TIMEOUT
        case httpx.ConnectError():
            known = [connect_fault(cause) for cause in _os_errors(error)]
            return next((f for f in known if f is not Fault.CONNECT_FAILED), Fault.CONNECT_FAILED)
        case httpx.ProxyError():
            return Fault.CONNECT_FAILED
        case httpx.TimeoutException():
            return Fault.RESPONSE_TIMEOUT
        case httpx.RemoteProtocolError() if "disconnected" not in str(error):
            return Fault.MALFORMED
        case _:
            return Fault.RESET_BEFORE_ANSWER


def _os_errors(error: BaseException) -> Iterator[OSError]:
    """The system's errors behind one of httpx's, which wraps them several times over."""
    if isinstance(error, OSError):
        yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _os_errors(member)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _os_errors(cause)
