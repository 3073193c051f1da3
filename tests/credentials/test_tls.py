"""Certificate files that are rotated while the program runs."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from structlog.testing import capture_logs

from consumer.credentials.tls import TlsFiles
from consumer.errors import ConfigError


class Files:
    """Certificate files of one authority; `issue` replaces ours by those of a new key."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.certificate, self.key = (
            folder / name for name in ("ca.pem", "certificate.pem", "key.pem")
        )
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(self.ca))
        self.write(self.issue())

    def issue(self) -> trustme.LeafCert:
        return self.authority.issue_cert("bridge.example")

    def write(self, leaf: trustme.LeafCert) -> None:
        leaf.cert_chain_pems[0].write_to_path(str(self.certificate))
        leaf.private_key_pem.write_to_path(str(self.key))

    def open(self) -> TlsFiles:
        return TlsFiles("delivery", str(self.ca), str(self.certificate), str(self.key))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def subjects(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


def test_unchanged_files_are_not_read_again(files: Files) -> None:
    tls = files.open()
    assert tls.context() is tls.context()
    assert tls.context().minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.context().verify_mode is ssl.CERT_REQUIRED
    assert tls.context().check_hostname


def test_a_changed_authority_replaces_the_former(files: Files) -> None:
    tls = files.open()
    before = tls.context()
    other = trustme.CA()
    other.cert_pem.write_to_path(str(files.ca))
    with capture_logs() as logs:
        after = tls.context()
    assert after is not before
    assert after.get_ca_certs() != before.get_ca_certs()
    assert subjects(after) == 1
    assert [line["event"] for line in logs] == ["certificate files read again"]


def test_half_of_a_rotation_keeps_the_last_pair_and_says_so_once(files: Files) -> None:
    tls = files.open()
    before = tls.context()
    leaf = files.issue()
    leaf.cert_chain_pems[0].write_to_path(str(files.certificate))
    with capture_logs() as logs:
        assert tls.context() is before
        assert tls.context() is before
    [line] = logs
    assert line["event"] == "changed certificate files cannot be used, keeping the last ones"
    assert line["files"] == [str(files.ca), str(files.certificate), str(files.key)]
    leaf.private_key_pem.write_to_path(str(files.key))
    assert tls.context() is not before


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_a_broken_or_missing_authority_keeps_the_last(files: Files, text: str) -> None:
    tls = files.open()
    before = tls.context()
    files.ca.write_text(text)
    with capture_logs() as logs:
        assert tls.context() is before
        files.ca.unlink()
        assert tls.context() is before
    assert [line["log_level"] for line in logs] == ["warning"] * 2
    files.authority.cert_pem.write_to_path(str(files.ca))
    assert tls.context() is not before


def test_files_that_cannot_be_used_are_an_error_at_start(files: Files) -> None:
    files.key.unlink()
    with pytest.raises(
        ConfigError, match=r"delivery: certificate files .*key\.pem\): No such file"
    ):
        files.open()


def test_an_encrypted_key_asks_nobody(files: Files) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    protected = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    files.key.write_bytes(protected)
    with pytest.raises(ConfigError, match="the private key is encrypted"):
        files.open()
