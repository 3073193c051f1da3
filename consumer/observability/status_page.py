"""The status as a page for a person: one look says whether it is fine. Reads, and changes nothing."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c2733; background: #fff }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem }
.verdict { padding: .7rem 1rem; border-radius: 6px; background: #e7f5ec; max-width: 60rem }
.verdict.bad { background: #fdecea }
table { border-collapse: collapse } th, td { padding: .25rem .8rem .25rem 0; text-align: left }
th { font-weight: 600; border-bottom: 1px solid #c9d3dd } td { border-bottom: 1px solid #eef2f5 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
a { color: #0b62a4 } footer { margin-top: 2rem; color: #5b6b7a }
@media (prefers-color-scheme: dark) {
  body { color: #dbe4ec; background: #14191f } .verdict { background: #16321f }
  .verdict.bad { background: #411b1b } td, th { border-color: #2b3640 } a { color: #6db7f2 }
  footer { color: #8fa1b0 }
}
"""

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# Nothing may be loaded, run, embedded or submitted; only this very style sheet applies.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)

_PAGES = ("metrics", "status", "livez", "readyz", "startupz")


def page(status: dict[str, Any]) -> str:
    """`status` is what `/status` answers; empty while the process starts."""
    problems = list(_problems(status)) if status else ["starting"]
    verdict = "; ".join(problems) if problems else "All is well."
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width"><title>Yespo bridge</title>
<style>{_STYLE}</style></head>
<body><h1>Yespo bridge {escape(str(status.get("version", "")))}</h1>
<p class="verdict{" bad" if problems else ""}">{escape(verdict)}</p>
{"".join(_tables(status)) if status else ""}
<footer>{" · ".join(f'<a href="/{name}">/{name}</a>' for name in _PAGES)}</footer>
</body></html>"""


def _problems(status: dict[str, Any]) -> Iterable[str]:
    """What a person should know first, each in a few words."""
    if not status["joined"]:
        yield "Kafka has not been reached yet"
    for name, endpoint in status["endpoints"].items():
        if endpoint["state"] != "flowing":
            yield f"{name} is {endpoint['state']} (last answer: {endpoint['last_error']})"
    if status["dead_letters"]["failing"]:
        yield f"dead letters cannot be written ({status['dead_letters']['failing']})"
    if status["dead_letters"]["stopped"]:
        yield f"nothing is taken: {status['dead_letters']['stopped']}"
    if status["mapping_refused"]:
        yield "the mapping files were changed and refused; the old mapping goes on"
    if not status["registry_reachable"]:
        yield "the schema registry cannot be asked"
    waiting = [name for name, one in status["partitions"].items() if one["waits_for_schema"]]
    if waiting:
        yield f"{len(waiting)} partitions wait for a schema"
    yield from status["ledger"]["imbalance"]


def _tables(status: dict[str, Any]) -> Iterable[str]:
    yield "<h2>Partitions held now</h2>" + _table(
        ("partition", "lag, records", "lag, seconds", "in flight", "received", "dead letters"),
        (
            (name, *(one[key] for key in _OF_PARTITION))
            for name, one in status["partitions"].items()
            if one["assigned"]
        ),
    )
    yield "<h2>Endpoints</h2>" + _table(
        ("endpoint", "state", "in flight", "waiting", "last error"),
        (
            (name, one["state"], one["in_flight"], one["waiting"], one["last_error"])
            for name, one in status["endpoints"].items()
        ),
    )
    ledger = status["ledger"]
    yield "<h2>Events</h2>" + _table(
        ("endpoint / event", *_OF_EVENT),
        ((name, *(one[key] for key in _OF_EVENT)) for name, one in ledger["events"].items()),
    )
    outcomes = {"received": ledger["received"], **ledger["outcomes"]}
    yield "<h2>Records</h2>" + _table(
        ("end", "records"), (*outcomes.items(), ("in flight", ledger["in_flight"]))
    )
    for end, reasons in ledger["reasons"].items():
        if reasons:
            yield f"<h2>{escape(end)}, by reason</h2>" + _table(
                ("reason", "records"), reasons.items()
            )
    yield f"<p>Mapping {escape(str(status['mapping']))}</p>"


_OF_PARTITION = ("lag_records", "lag_seconds", "in_flight", "received", "dead_lettered")
_OF_EVENT = ("built", "delivered", "superseded", "expired", "dead_lettered", "in_flight")


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    first, *others = heads
    head = f"<th>{escape(first)}</th>" + "".join(
        f'<th class="number">{escape(text.replace("_", "-"))}</th>' for text in others
    )
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if value is None:
        return '<td class="number">?</td>'
    if isinstance(value, float):
        return f'<td class="number">{value:,.1f}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"
