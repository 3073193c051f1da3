"""Apicurio Registry, a real Confluent-compatible schema registry, with storage in memory."""

import tempfile
from pathlib import Path

import httpx

from tests.parts.fetch import Artifact, fetch_unpacked
from tests.parts.java import JavaProcess
from tests.parts.ports import free_port, wait_until

APICURIO = Artifact(
    "io.apicurio",
    "apicurio-registry-app",
    "3.3.3",
    "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63",
    "-all.tar.gz",
)
READY_SECONDS = 90.0


class Registry:
    """A registry on a free port. Begin with `start()`; `stop()` forgets all schemas.

    Raises PartUnavailableError where it cannot be had or does not come up.
    """

    def __init__(self) -> None:
        self._home = fetch_unpacked(APICURIO)
        self._folder = tempfile.TemporaryDirectory(prefix="registry-")
        self._port = free_port()
        self._process: JavaProcess | None = None

    @property
    def url(self) -> str:
        """Base of the Confluent API, e.g. for `/subjects` and `/schemas/ids/1`."""
        return f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self) -> None:
        """Returns once the registry answers."""
        folder = Path(self._folder.name)
        arguments = [
            "-Dquarkus.http.host=127.0.0.1",
            f"-Dquarkus.http.port={self._port}",
            "-Dquarkus.management.host=127.0.0.1",
            f"-Dquarkus.management.port={free_port()}",
            "-jar",
            str(self._home / "quarkus-run.jar"),
        ]
        process = JavaProcess(arguments, folder, folder / "registry.log")
        self._process = process

        def ready() -> bool:
            process.must_run()
            try:
                return httpx.get(f"{self.url}/subjects", timeout=5.0, trust_env=False).is_success
            except httpx.TransportError:
                return False

        try:
            wait_until(ready, READY_SECONDS, "the registry to answer", every=0.2)
        except TimeoutError as error:
            raise process.failure(str(error)) from error

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._folder.cleanup()

    def register(self, subject: str, schema: str) -> int:
        """Register an Avro schema (JSON text) under a subject; returns its global id."""
        answer = httpx.post(
            f"{self.url}/subjects/{subject}/versions",
            json={"schema": schema, "schemaType": "AVRO"},
            timeout=30.0,
            trust_env=False,
        )
        answer.raise_for_status()
        number: int = answer.json()["id"]
        return number
