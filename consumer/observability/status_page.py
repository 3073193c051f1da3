"""The status as a page for a person: one look says whether it is fine. Reads, and changes nothing."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

_STYLE = files(__package__).joinpath("page.css").read_text()
_SCRIPT = files(__package__).joinpath("page.js").read_text()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# Nothing may be loaded, embedded or submitted; only this very style sheet and script apply, and the
# script may ask this server alone.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_digest(_STYLE)}'; "
    f"script-src 'sha256-{_digest(_SCRIPT)}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)

_PAGES = ("metrics", "status", "livez", "readyz", "startupz")
_STARTING = {"level": "notice", "text": "starting", "problems": []}


def page(status: Mapping[str, Any]) -> str:
    """`status` is what `/status` answers; empty while the process starts."""
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Yespo bridge</title><style>{_STYLE}</style></head>
<body><main><h1>Yespo bridge {escape(str(status.get("version", "")))}</h1>
<div id="verdict" role="status">{_verdict(status.get("verdict", _STARTING))}</div>
<p id="lost" role="alert" hidden>The bridge does not answer; below is what it said last.</p>
<div id="figures">{"".join(_figures(status)) if status else ""}</div></main>
<footer>{" · ".join(f'<a href="/{name}">/{name}</a>' for name in _PAGES)}</footer>
<script>{_SCRIPT}</script></body></html>"""


def _verdict(verdict: Mapping[str, Any]) -> str:
    rows = "".join(f"<li>{_problem(each)}</li>" for each in verdict["problems"])
    more = f"<ul>{rows}</ul>" if rows else ""
    head = escape(verdict["text"] if not rows else verdict["level"])
    return f'<div class="verdict {escape(verdict["level"])}"><p>{head}</p>{more}</div>'


def _problem(problem: Mapping[str, Any]) -> str:
    error = f", last answer {problem['last_error']}" if problem["last_error"] else ""
    small = f"since {problem['since']}{error}. To do: {problem['remedy']}. {problem['runbook']}"
    return f"{escape(problem['what'])}<br><small>{escape(small)}</small>"


def _figures(status: Mapping[str, Any]) -> Iterable[str]:
    recent, ledger = status["recent"], status["ledger"]
    yield f"<p>{escape(status['time'])}, mapping {escape(str(status['mapping']))}</p>"
    yield "<h2>Last hour</h2>" + _sparklines(status["last_hour"])
    if status["stuck"]:
        heads = ("position", "seconds", "why", "event", "attempts", "last answer", "next try")
        yield _table("Held up by one record", heads, map(_stuck, status["stuck"]))
    yield _table(
        "Endpoints",
        ("endpoint", "state", "delivered", "last delivery", "in flight", "waiting", "last error"),
        [_endpoint(name, one, recent) for name, one in status["endpoints"].items()],
    )
    yield _table(
        "Partitions held now",
        ("partition", "lag, records", "lag, seconds", "in flight", "received", "dead letters"),
        [
            (name, *(one[key] for key in _OF_PARTITION))
            for name, one in status["partitions"].items()
            if one["assigned"]
        ],
    )
    yield _table(
        "Events",
        ("endpoint / event", *(end.replace("_", "-") for end in _OF_EVENT)),
        [(name, *(one[key] for key in _OF_EVENT)) for name, one in ledger["events"].items()],
    )
    outcomes = {"received": ledger["received"], **ledger["outcomes"]}
    ends = [(name.replace("_", "-"), count) for name, count in outcomes.items()]
    yield _table("Records", ("end", "records"), [*ends, ("in flight", ledger["in_flight"])])
    for end, reasons in ledger["reasons"].items():
        if reasons:
            title = f"{end.replace('_', '-').capitalize()}, by reason"
            yield _table(title, ("reason", "records"), reasons.items())


_OF_PARTITION = ("lag_records", "lag_seconds", "in_flight", "received", "dead_lettered")
_OF_EVENT = ("built", "delivered", "superseded", "expired", "dead_lettered", "in_flight")


def _endpoint(name: str, one: Mapping[str, Any], recent: Mapping[str, Any]) -> Sequence[Any]:
    minute = recent["endpoints"].get(name)
    rate = minute["delivered"] / recent["seconds"] if minute and recent["seconds"] else 0.0
    return (
        name,
        one["state"],
        f"{rate:,.1f}/s",
        _ago(one["last_delivery_seconds"]),
        one["in_flight"],
        one["waiting"],
        one["last_error"],
    )


def _stuck(one: Mapping[str, Any]) -> Sequence[Any]:
    due = one["next_try_seconds"]
    return (
        *(one[key] for key in ("position", "seconds", "why", "event", "attempts", "last_answer")),
        "" if due is None else f"in {due:.0f} s",
    )


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"


def _sparklines(lines: Mapping[str, Sequence[float]]) -> str:
    figures = []
    for name, values in lines.items():
        title = name.replace("_", " ") + (" (worst)" if name == "lag_seconds" else " per minute")
        last, most = (values[-1], max(values)) if values else (0, 0)
        text = f"{title}: {last:,g} now, {most:,g} at most"
        figures.append(
            f"<figure>{_line(values, most, text)}<figcaption>{escape(text)}</figcaption></figure>"
        )
    return f'<div class="lines">{"".join(figures)}</div>'


def _line(values: Sequence[float], most: float, text: str) -> str:
    step = 60 / max(1, len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{20 - 19 * value / (most or 1):.1f}"
        for index, value in enumerate(values)
    )
    return (
        f'<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img" aria-label="{escape(text)}">'
        f'<polyline points="{points}"/></svg>'
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    first, *others = heads
    rows = list(rows)
    kinds = [_is_number(value) for value in rows[0]] if rows else [False] * len(heads)
    head = f'<th scope="col">{escape(first)}</th>' + "".join(
        f'<th scope="col"{_class(kind)}>{escape(text)}</th>'
        for text, kind in zip(others, kinds[1:], strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{"".join(map(_cell, values))}</tr>'
        for name, *values in rows
    )
    return (
        f'<h2>{escape(title)}</h2><div class="table" role="region" tabindex="0" '
        f'aria-label="{escape(title)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float)


def _class(number: bool) -> str:
    return ' class="number"' if number else ""


def _cell(value: object) -> str:
    if value is None:
        text = "?"
    elif isinstance(value, float):
        text = f"{value:,.1f}"
    else:
        text = f"{value:,}" if isinstance(value, int) else str(value)
    return f"<td{_class(_is_number(value))}>{escape(text)}</td>"
