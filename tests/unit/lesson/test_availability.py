"""What is written but not available yet: a note, because the lesson runs well without."""

# ruff: noqa: E501 (a row of a table stays on one line)

from __future__ import annotations

import pytest

from tests.support.lessons import SMALL, faults, notes, report

NOT_RECORDED = "recording is not available yet; this lesson is not recorded"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("video: {tiers: [{height: 360, bitrate: 1M}, {height: 720, bitrate: 1M}]}", "6:54: video.tiers[1].height: this tier is ignored, because it is not smaller than the program, which is 720 pixels high"),
        ("video: {tiers: [{height: 362, bitrate: 1M}]}\nprogram: {size: 640 x 360}", "6:26: video.tiers[0].height: this tier is ignored, because it is not smaller than the program, which is 360 pixels high"),
        ("recording: {start: automatic}", f"6:20: recording.start: {NOT_RECORDED}"),
        ("recording: {start: manual, folder: x}", f"6:20: recording.start: {NOT_RECORDED}"),
        ("recording: {folder: x}", f"6:21: recording.folder: {NOT_RECORDED}"),
    ],
)  # fmt: skip
def test_what_is_written_and_harmless_to_run_without_is_a_note(extra: str, expected: str) -> None:
    found = report(f"{SMALL}{extra}\n")
    assert found.faults == ()
    assert found.lesson is not None
    assert [str(note) for note in found.notes] == [f"lesson.yaml:{expected}"]


@pytest.mark.parametrize(
    "extra",
    [
        "program: {transition: cut, duration: 1}",
        "program: {transition: fade}",
        "video: {tiers: [{height: 360, bitrate: 1M}]}",
        "video: {tiers: [], playout_delay: 0, bitrate: 1M}",
        "recording: {start: never, folder: x}",
        "server: {tls: none}",
        "server: {tls: auto, tls_port: 0}",
        "server: {tls: {certificate: a, key: b}}",
        "signaling: {server: embedded, visibility: all, ids: sequential}",
        "signaling: {server: 'http://host:8888'}",
        "access: {passcode: null, admit: everyone, token: secret-of-16-letters, max_students: 3}",
        "access: {passcode: geheimnis, admit: approve}",
        "program:\n  fps: 25",
    ],
)
def test_what_means_nothing_or_is_available_is_no_note(extra: str) -> None:
    assert faults(f"{SMALL}{extra}\n") == notes(f"{SMALL}{extra}\n") == []


@pytest.mark.parametrize("kind", ["camera", "screen", "browser", "card", "pattern"])
def test_every_kind_of_source_can_run(kind: str) -> None:
    assert notes(f"sources: {{a: {{kind: {kind}}}}}\nscenes: {{s: a}}\n") == []


def test_a_variable_is_no_way_around() -> None:
    assert len(report(f'{SMALL}recording: {{start: "${{T}}"}}\n', {"T": "manual"}).notes) == 1


def test_notes_are_there_beside_faults() -> None:
    text = f"{SMALL}recording: {{start: manual}}\nprogram: {{fps: 0}}\n"
    assert len(faults(text)) == len(notes(text)) == 1
