"""TLS towards servers: always verifying, with certificate files that may be rotated at any time."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import structlog

from consumer.errors import ConfigError

log = structlog.get_logger()

Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsFiles:
    """The context for new connections, made anew once one of its files has changed.

    `section` is that of the configuration, for messages. Without `ca_file` the system's authorities
    are trusted; `certificate_file` and `key_file` are ours, where the server asks for one.
    """

    __slots__ = ("_ca_file", "_certificate", "_context", "_files", "_section", "_seen")

    def __init__(
        self,
        section: str,
        ca_file: str | None = None,
        certificate_file: str | None = None,
        key_file: str | None = None,
    ) -> None:
        """Raises ConfigError for files that cannot be used."""
        self._section = section
        self._ca_file = ca_file
        self._certificate = (
            None if certificate_file is None else (certificate_file, key_file or certificate_file)
        )
        named = (ca_file, certificate_file, key_file)
        self._files = [path for path in named if path is not None]
        self._seen = _stamp(self._files)
        try:
            self._context = self._read()
        except OSError as error:
            raise ConfigError(
                f"{section}: certificate files cannot be used ({', '.join(self._files)}): "
                f"{error.strerror or error}\ngive PEM files that exist and belong together"
            ) from error

    def context(self) -> ssl.SSLContext:
        """For a connection that is made now. Files that cannot be used, be it for the moment in
        which only one of two is written, leave what was there before."""
        if not self._files:
            return self._context
        now = _stamp(self._files)
        if now != self._seen:
            self._seen = now
            try:
                self._context = self._read()
            except Exception as error:  # noqa: BLE001 a file of any content costs this look alone
                log.warning(
                    "changed certificate files cannot be used, keeping the last ones",
                    section=self._section,
                    files=self._files,
                    error=getattr(error, "strerror", None) or type(error).__name__,
                )
            else:
                log.info("certificate files read again", section=self._section, files=self._files)
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._certificate is not None:
            # A key that asks for a password would ask it on the terminal, and wait.
            context.load_cert_chain(*self._certificate, password=_no_password)
        return context


def _no_password() -> str:
    raise OSError("the private key is encrypted")


def _stamp(files: Sequence[str]) -> Stamp:
    """The metadata of each file that change when it is replaced or rewritten; None if it is missing."""
    found: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            status = Path(path).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
