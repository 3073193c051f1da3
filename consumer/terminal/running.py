"""Asks running bridges over HTTP: what their admin ports answer."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

ASK_SECONDS = 2.0


def status_of(url: str) -> Mapping[str, Any] | str:
    """The answer of `/status`, or in a few words the reason for having none."""
    try:
        answer = httpx.get(f"{url.rstrip('/')}/status", timeout=ASK_SECONDS)
        status: Mapping[str, Any] = answer.raise_for_status().json()
    except httpx.HTTPStatusError as error:
        return f"answers {error.response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
        return f"does not answer ({type(error).__name__})"
    return status if "verdict" in status else "starting"


def statuses(urls: Sequence[str]) -> dict[str, Mapping[str, Any] | str]:
    """Of several bridges, asked at the same time."""
    with ThreadPoolExecutor(max(1, len(urls))) as pool:
        return dict(zip(urls, pool.map(status_of, urls), strict=True))


def tapped(url: str, records: int, seconds: float) -> list[dict[str, Any]]:
    """The next records of one bridge. Raises httpx.HTTPError or ValueError where it does not say."""
    answer = httpx.get(
        f"{url.rstrip('/')}/tap",
        params={"records": records, "seconds": seconds},
        timeout=seconds + 2 * ASK_SECONDS,
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found
