"""What is said of a certificate's files when a lesson is checked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classroom.lesson import check_lesson, lesson_from_text
from classroom.server.authority import Authority
from tests.support.lessons import SMALL
from tests.support.odd_files import ODD_FILES, odd_file

LESSON = f"{SMALL}server: {{tls: {{certificate: school.pem, key: school.key}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lesson with its certificate."""
    authority = Authority.make("school", datetime.now(UTC))
    key, certificate = _parts(authority.certify(["localhost"], datetime.now(UTC)).pem())
    (tmp_path / "lesson.yaml").write_text(LESSON, "utf-8")
    (tmp_path / "school.pem").write_bytes(certificate)
    (tmp_path / "school.key").write_bytes(key)
    return tmp_path


def _parts(pem: bytes) -> tuple[bytes, bytes]:
    key, line, rest = pem.partition(b"-----BEGIN CERTIFICATE-----")
    return key, line + rest


def faults(folder: Path) -> list[str]:
    report = check_lesson(folder / "lesson.yaml", {})
    assert (report.lesson is None) == bool(report.faults)
    return [str(fault).replace(str(folder) + os.sep, "") for fault in report.faults]


def test_good_files(folder: Path) -> None:
    assert faults(folder) == []


def test_missing_files(folder: Path) -> None:
    (folder / "school.key").unlink()
    assert faults(folder) == ["lesson.yaml:6:46: server.tls.key: there is no file school.key"]
    (folder / "school.pem").unlink()
    assert faults(folder) == ["lesson.yaml:6:29: server.tls.certificate: there is no file school.pem"]


def test_a_folder_in_place_of_a_file(folder: Path) -> None:
    (folder / "school.pem").unlink()
    (folder / "school.pem").mkdir()
    assert faults(folder) == ["lesson.yaml:6:29: server.tls.certificate: school.pem is a folder"]


def test_a_key_of_another_certificate(folder: Path) -> None:
    other = Authority.make("other", datetime.now(UTC))
    (folder / "school.key").write_bytes(_parts(other.pem())[0])
    assert faults(folder) == [
        "lesson.yaml:6:46: server.tls.key: the key in school.key does not belong to the certificate in school.pem"
    ]


def test_an_encrypted_key(folder: Path) -> None:
    authority = Authority.make("other", datetime.now(UTC))
    key, certificate = _parts(authority.certify(["localhost"], datetime.now(UTC)).pem(b"secret"))
    (folder / "school.pem").write_bytes(certificate)
    (folder / "school.key").write_bytes(key)
    assert faults(folder) == [
        "lesson.yaml:6:46: server.tls.key: the key in school.key is encrypted; save it without a password"
    ]


@pytest.mark.parametrize("content", [b"", b"\x30\x82\x00", b"hello"])
def test_files_of_another_kind(folder: Path, content: bytes) -> None:
    (folder / "school.key").write_bytes(content)
    assert faults(folder) == [
        "lesson.yaml:6:46: server.tls.key: school.key does not contain a private key; it must be a PEM file"
    ]
    (folder / "school.pem").write_bytes(content)
    assert faults(folder) == [
        "lesson.yaml:6:29: server.tls.certificate: school.pem does not contain a certificate; it must be a PEM file"
    ]


def test_a_damaged_certificate(folder: Path) -> None:
    certificate = (folder / "school.pem").read_bytes()
    (folder / "school.pem").write_bytes(certificate.replace(b"-----\nMII", b"-----\nAAA", 1))
    (found,) = faults(folder)
    assert "server.tls.certificate: school.pem and school.key cannot be used for https: " in found


def test_the_text_alone_is_read_without_its_files() -> None:
    assert lesson_from_text(LESSON, Path("nowhere/lesson.yaml"), {}).faults == ()


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.parametrize("name", ["school.pem", "school.key"])
@pytest.mark.timeout(60)
def test_nobody_waits_for_a_certificate_from_a_pipe_or_a_device(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    odd_file(kind, folder / name)
    [fault] = faults(folder)
    assert f"{name} is a pipe or a device, not a file" in fault


def test_a_certificate_is_not_endless(folder: Path) -> None:
    with (folder / "school.pem").open("r+b") as file:
        file.truncate(2**40)
    [fault] = faults(folder)
    assert "too large" in fault
