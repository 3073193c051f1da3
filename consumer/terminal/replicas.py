"""The table of `yespo-bridge top`: one row for each replica, then what is wrong."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_STYLES = {"ok": "green", "notice": "cyan", "degraded": "yellow", "stopped": "bold red"}


def table(found: Mapping[str, Mapping[str, Any] | str]) -> RenderableType:
    """`found` is what each replica's `/status` answered, or why it did not."""
    rows = Table(box=None, pad_edge=False)
    rows.add_column("replica", overflow="fold")
    rows.add_column("state")
    for name in ("parts", "lag s", "in/s", "out/s", "dead 1h", "breaker"):
        rows.add_column(name, justify="right", no_wrap=True)
    problems: list[Text] = []
    for url, status in found.items():
        name = url.removeprefix("http://").rstrip("/")
        if isinstance(status, str):
            rows.add_row(name, Text("silent", _STYLES["stopped"]), *[""] * 6)
            problems.append(Text(f"{name}: {status}", _STYLES["stopped"]))
            continue
        rows.add_row(name, *_row(status))
        problems += [_problem(name, each) for each in status["verdict"]["problems"]]
    return Group(rows, Text(), *(problems or [Text("All is well.")]))


def is_well(found: Mapping[str, Mapping[str, Any] | str]) -> bool:
    """True if all answered and none is worse than a notice."""
    return all(
        not isinstance(each, str) and each["verdict"]["level"] in {"ok", "notice"}
        for each in found.values()
    )


def _row(status: Mapping[str, Any]) -> list[RenderableType]:
    recent, letters = status["recent"], status["dead_letters"]
    seconds = recent["seconds"] or 1.0
    held = [one for one in status["partitions"].values() if one["assigned"]]
    lag = max([one["lag_seconds"] or 0.0 for one in held], default=0.0)
    delivered = sum(one["delivered"] for one in recent["endpoints"].values())
    level = status["verdict"]["level"]
    return [
        Text(level, _STYLES.get(level, "")),
        str(len(held)),
        f"{lag:,.1f}",
        f"{recent.get('received', 0) / seconds:,.1f}",
        f"{delivered / seconds:,.1f}",
        f"{letters['last_hour']:,}",
        f"{letters['breaker']:.0%}",
    ]


def _problem(name: str, problem: Mapping[str, Any]) -> Text:
    text = Text(f"{name}: ", "bold")
    text.append(problem["what"], _STYLES.get(problem["level"], ""))
    error = f", last answer {problem['last_error']}" if problem["last_error"] else ""
    text.append(f"\n  since {problem['since']}{error}\n  {problem['remedy']}: {problem['runbook']}")
    return text
