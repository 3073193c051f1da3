"""The status page in a real browser: nothing sticks out of a phone's screen, and it renews itself."""

import asyncio
import html
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from consumer.app import App
from consumer.observability import status_page
from consumer.observability.status_page import page
from consumer.observability.verdict import Verdict
from tests.observability.statuses import a_status
from tests.observability.test_verdict import stuck
from tests.parts.programs import Browser

pytestmark = pytest.mark.slow

MEASURED = """<script>
onload = () => setTimeout(() => {
  const inside = document.querySelector("iframe").contentDocument.documentElement;
  document.title = inside.scrollWidth <= 390 ? "fits" : "sticks out: " + inside.scrollWidth;
}, 300);
</script>"""


def test_nothing_sticks_out_at_390_pixels(browser: Browser, tmp_path: Path) -> None:
    verdict, status = Verdict(), a_status(("stuck", stuck(812.4)), ("joined", False))
    verdict.update(status, 0.0)
    inside = html.escape(page({**status, "verdict": verdict.plain()}))
    frame = f'<iframe style="width:390px;height:900px;border:0" srcdoc="{inside}"></iframe>'
    (tmp_path / "narrow.html").write_text(f"<!doctype html>{frame}{MEASURED}")
    shown = browser.rendered((tmp_path / "narrow.html").as_uri())
    assert "<title>fits</title>" in shown


async def test_its_own_script_runs_and_renews_the_figures(
    app: App, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, figures = count(), '<div id="figures">'

    def counted(status: Mapping[str, Any]) -> str:
        return page(status).replace(figures, f"{figures}<p>look {next(looks)}</p>")

    monkeypatch.setattr(status_page, "page", counted)
    shown = await asyncio.to_thread(browser.rendered, f"http://127.0.0.1:{app.port}/", 8000)
    assert "<p>look 1</p>" in shown
    assert "<p>look 0</p>" not in shown
    assert 'id="lost" role="alert" hidden' in shown
    assert "Kafka has not been reached yet" in shown
