"""A real Prometheus in a process of its own, with the shipped rules, and what to ask it."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.parts.ports import free_port, wait_until

RULES = sorted((Path(__file__).parents[2] / "helm" / "rules").glob("*.yaml"))


@dataclass
class Prometheus:
    """Scrapes `targets` and evaluates the rules every second."""

    program: str
    folder: Path
    targets: list[str]
    seconds: int = 1
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / "prometheus.yaml"
        config.write_text(
            json.dumps(
                {
                    "global": {
                        "scrape_interval": f"{self.seconds}s",
                        "evaluation_interval": f"{self.seconds}s",
                    },
                    "rule_files": [str(file) for file in RULES],
                    "scrape_configs": [
                        {
                            "job_name": "yespo-bridge",
                            "static_configs": [
                                {"targets": self.targets, "labels": {"namespace": "shop"}}
                            ],
                        }
                    ],
                }
            )
        )
        with (self.folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    self.program,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self.folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        wait_until(self._ready, 30, "Prometheus to be ready")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def _ready(self) -> bool:
        try:
            return self._get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _get(self, path: str, **parameters: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, params=parameters, trust_env=False, timeout=10)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The result of an instant query. Fails where Prometheus cannot execute it."""
        answer = self._get("/api/v1/query", query=query).json()
        assert answer["status"] == "success", (query, answer)
        found = answer["data"]["result"]
        return found if isinstance(found, list) else [found]

    def over(self, query: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The series of a range query: `{"metric": labels, "values": [[time, text], ...]}`."""
        span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        answer = self._get("/api/v1/query_range", query=query, **span).json()
        assert answer["status"] == "success", (query, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def scraped(self) -> set[str]:
        """Names of all metrics it has."""
        return set(self._get("/api/v1/label/__name__/values").json()["data"])

    def wait_evaluated(self) -> None:
        """Until every group of rules has been evaluated twice from now on: on samples scraped since,
        and on what the other groups have recorded of them."""
        for _ in range(2):
            now = self._evaluations()
            wait_until(lambda: self._all_later_than(now), 60, "all rules to be evaluated")  # noqa: B023 it is called before the next round

    def _evaluations(self) -> dict[str, str]:
        groups = self._get("/api/v1/rules").json()["data"]["groups"]
        return {group["name"]: group["lastEvaluation"] for group in groups}

    def _all_later_than(self, before: dict[str, str]) -> bool:
        return all(at != before[name] for name, at in self._evaluations().items())

    def alerts(self, *states: str) -> set[str]:
        """Names of the alerts in one of these states; `pending`: the expression is true."""
        alerts = self._get("/api/v1/alerts").json()["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] in states}
