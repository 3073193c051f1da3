"""What the chart renders, run from the image as it is rendered, on the real Kafka and registry."""

import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import MAPPING, Shop
from tests.helm.chart import Rendered, pod_of, render
from tests.helm.pod import REPOSITORY, Pod, lay_out
from tests.parts.container import Container, Image
from tests.parts.ports import free_port, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

RECORDS = 2000


class Release:
    """A release of the chart against the shop's parts; at most one pod of it runs."""

    def __init__(self, image: Image, shop: Shop, **mappings: Any) -> None:
        self.port = free_port()
        self.rendered = render(self._values(shop) | mappings)
        self._image = image
        self._folder = shop.folder
        self.pod: Pod | None = None
        self.running: Container | None = None

    def _values(self, shop: Shop) -> dict[str, Any]:
        mapping = MAPPING.read_text().replace("[shop.clicks]", f"[{shop.clicks}]")
        return {
            "kafka": {"bootstrapServers": shop.kafka.bootstrap, "groupId": shop.group},
            "registry": {"url": shop.registry.url},
            "yespo": {"siteId": "8A412DC", "apiKeySecret": {"name": "yespo"}},
            "deadLetters": {"topic": shop.dead},
            "mappings": {
                "files": {"shop.yaml": mapping.replace("../../avro", "../avro")},
                "onChange": "reload",
            },
            "schemas": {
                "files": {"shop_click.avsc": (REPOSITORY / "avro/shop_click.avsc").read_text()}
            },
            "config": {
                "start": {"no_offset": "earliest"},
                "http": {"port": self.port},
                "yespo": {
                    "accounts": {
                        "main": {
                            "legacy": {"url": shop.sandbox.legacy_url},
                            "v2": {"url": shop.sandbox.v2_url, "rate": 100_000},
                        }
                    }
                },
            },
        }

    def run(self, spec: dict[str, Any], name: str) -> Container:
        folder = self._folder / name
        secrets = {"yespo": {"api-key": "sandbox-key\n"}}
        self.pod = lay_out(self.rendered, spec, name, folder, secrets, contained=True)
        with (folder / "log").open("wb") as log:
            self.running = self._image.run(
                self.pod.arguments,
                environment=self.pod.environment,
                mounts=self.pod.mounts,
                output=log,
            )
        return self.running

    def log(self, name: str) -> str:
        return (self._folder / name / "log").read_text()

    def probe(self, path: str) -> int:
        try:
            return self._get(path).status_code
        except httpx.TransportError:
            return 0

    def mapping(self) -> str:
        """The line of /metrics that names the mapping in force."""
        text = self._get("/metrics").text
        return next(line for line in text.splitlines() if "mapping_info{" in line)

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=5)


@pytest.fixture
def release(image: Image, shop: Shop) -> Iterator[Release]:
    made = Release(image, shop)
    yield made
    if made.running is not None:
        made.running.stop()


def test_the_rendered_release_delivers_everything_reloads_and_drains(
    release: Release, shop: Shop
) -> None:
    shop.fill(RECORDS)
    _check_passes(release)

    running = release.run(release.rendered.pod, "bridge")
    for path in ("/startupz", "/livez", "/readyz"):
        wait_until(lambda path=path: release.probe(path) == 200, 60, path)  # type: ignore[misc]  # a default binds it
    _wait_committed(shop)

    before = release.mapping()
    _change_the_mapping(release, release.rendered)
    wait_until(lambda: release.mapping() != before, 30, "the changed mapping to be taken over")

    running.signal(signal.SIGTERM)
    assert release.pod is not None
    code, _ = running.end(release.pod.spec["terminationGracePeriodSeconds"])
    assert code == 0, release.log("bridge")
    assert shop.verdict().clean
    assert shop.verdict().repeated == 0


def _check_passes(release: Release) -> None:
    """The hook's job, every connection included."""
    code, _ = release.run(pod_of(release.rendered.one("Job")), "check").end()
    log = release.log("check")
    assert code == 0, log
    for name in ("kafka", "dead letters", "registry", "main/legacy", "main/v2"):
        assert f"ok       {name}: " in log


def _wait_committed(shop: Shop) -> None:
    wait_until(
        lambda: (
            shop.kafka.committed(shop.group, shop.clicks) == shop.kafka.end_offsets(shop.clicks)
        ),
        120,
        "committed offsets to reach the log end",
        every=0.25,
    )


def _change_the_mapping(release: Release, rendered: Rendered) -> None:
    pod = release.pod
    assert pod is not None
    name = rendered.one("Deployment")["metadata"]["name"] + "-files"
    files = dict(pod.objects[name])
    files["shop.yaml"] += "# changed\n"
    pod.project({**pod.objects, name: files})
