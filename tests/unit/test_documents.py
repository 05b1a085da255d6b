"""What the documents say is so: links, commands, options, methods, metrics and lessons."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from prometheus_client.exposition import generate_latest

from classroom.broadcaster import COMMANDS
from classroom.cli.main import main
from classroom.common.metrics import LessonFigures, make_registry
from tests.support.lessons import report

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
}
EACH = pytest.mark.parametrize("name", DOCUMENTS)

LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`|^ {4,}(.+)$", re.MULTILINE)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(text: str) -> Iterator[str]:
    """Everything that is set as code, without its comments and fenced blocks."""
    for inline, line in CODE.findall(FENCE.sub("", text)):
        yield (inline or line).split("  #")[0].strip()


def commands(text: str) -> list[str]:
    """The calls of classroom, by whatever path."""
    return [each for each in code(text) if re.match(r"(\.venv/bin/)?classroom ", each)]


def lessons(text: str) -> list[str]:
    """The yaml blocks that are whole lessons."""
    blocks = [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        for indent, kind, body in FENCE.findall(text)
        if kind == "yaml"
    ]
    return [block for block in blocks if re.search("^sources:", block, re.M) and re.search("^scenes:", block, re.M)]


@EACH
def test_links_lead_somewhere(name: str) -> None:
    wrong = []
    for link in LINK.findall(FENCE.sub("", DOCUMENTS[name])):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.is_file() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            wrong.append(link)
    assert wrong == []


def test_every_document_is_found_from_the_readme() -> None:
    linked = set(LINK.findall(DOCUMENTS["README.md"]))
    assert set(DOCUMENTS) - {"README.md"} <= linked


@EACH
def test_commands_and_their_options_are_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("teach", "signal", "check", "rehearse", "devices", "schema", "remote", "bench")
    for kind in kinds:
        monkeypatch.setattr(f"classroom.cli.main._{kind}", lambda options: 0)
    named = set()
    for command in commands(DOCUMENTS[name]):
        words = shlex.split(command)[1:]
        named.add(words[0])
        words = words[: words.index(">")] if ">" in words else words
        if len(words) == 1:  # only named, without what it needs
            words.append("--help")
        try:
            assert main(words) == 0
        except SystemExit as end:
            assert end.code == 0, f"'{command}' is not a command"
        if words[0] == "remote" and len(words) > 2:
            assert words[2] in COMMANDS
    if name == "README.md":
        assert named == set(kinds)


@EACH
def test_options_are_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = {option for each in code(DOCUMENTS[name]) for option in re.findall(r"^--[a-z-]+$", each)}
    if not told:
        return
    for command in ("teach", "signal", "remote", "bench"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
    there = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert told <= there


@EACH
def test_make_has_the_targets(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert {match[1] for each in code(DOCUMENTS[name]) if (match := re.match(r"make ([a-z0-9-]+)", each))} <= targets


@pytest.mark.parametrize(
    "text", [pytest.param(text, id=name) for name, document in DOCUMENTS.items() for text in lessons(document)]
)
def test_lessons_are_right(text: str) -> None:
    found = report(text)
    assert found.faults == found.notes == ()


def test_there_are_lessons() -> None:
    having = {name for name, document in DOCUMENTS.items() if lessons(document)}
    assert having >= {"README.md", "docs/lesson.md", "docs/control.md"}


def test_the_metrics_are_told_by_name() -> None:
    heard, late = {"playing": 2, "blocked": 1, "off": 0}, {("picture", 0.5): 0.04}
    figures = LessonFigures(1, 3, 2, 4, 0, 2, 3, latency=late, sound=heard)
    text = generate_latest(make_registry(lambda: figures)).decode()
    there = {line.split(" ")[0].split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    assert set(re.findall(r"\bclassroom_[a-z_]+", DOCUMENTS["docs/operations.md"])) == there
    labels = set(re.findall(r'state="(\w+)"', text))
    assert set(re.findall(r'state="(\w+)"', DOCUMENTS["docs/operations.md"])) == labels


def test_the_layers_are_those_that_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    checked = [each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers"]
    told = re.findall(r"^    \w.* > .*\n(?:    .*\n)*", DOCUMENTS["docs/architecture.md"], re.MULTILINE)
    assert [" ".join(each.split()) for each in told] == [" > ".join(each["layers"]) for each in checked]
    assert all(each["exhaustive"] for each in checked)


def test_pictures_are_pictures_of_a_decent_size() -> None:
    pictures = [ROOT / link for link in LINK.findall(DOCUMENTS["README.md"]) if link.endswith(".png")]
    assert len(pictures) == 2
    for picture in pictures:
        assert picture.stat().st_size < 300_000
        with Image.open(picture) as opened:
            opened.verify()


def test_the_files_that_the_architecture_names_are_there() -> None:
    named = {each for each in re.findall(r"`([a-z_/]+/[a-z_]+\.(?:py|js))`", DOCUMENTS["docs/architecture.md"])}
    folders = ("", "classroom", "classroom/media", "classroom/webrtc", "web")
    assert {each for each in named if not any((ROOT / folder / each).is_file() for folder in folders)} == set()
    assert len(named) > 20


def test_the_files_of_how_to_add_are_there() -> None:
    told = DOCUMENTS["docs/architecture.md"].split("\n## How to add\n")[1]
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.[a-z]+)+)`", told))
    assert {each for each in named if not (ROOT / each).is_file()} == set()
    assert len(named) > 15
