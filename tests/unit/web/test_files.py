"""What the pages may load and do: nothing from elsewhere, nothing inline, no markup from text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from classroom.common.paths import web_folder

WEB = web_folder()
OWN = [
    path
    for folder in ("lib", "loading", "send", "student", "teacher", "style", "locales")
    for path in (WEB / folder).rglob("*")
    if path.is_file()
]
SCRIPTS = [path for path in OWN if path.suffix == ".js"]


def _name(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_make_no_markup_from_text(path: Path) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|unsafeHTML", path.read_text()
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_imports_exist(path: Path) -> None:
    imports = re.findall(r"""from\s+'([^']+)'|import\('([^']+)'\)""", path.read_text("utf-8"))
    for imported in filter(None, (name for pair in imports for name in pair)):
        assert imported.startswith("."), f"{imported}: browsers resolve relative names only"
        assert (path.parent / imported).is_file(), imported


def _imports(path: Path) -> set[Path]:
    """What a script loads; types alone are named in comments, and load nothing."""
    code = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
    return {(path.parent / name).resolve() for name in re.findall(r"""from\s+'([^']+)'""", code)}


@pytest.mark.parametrize("page", ["student", "teacher"])
def test_features_are_listed_once_and_know_only_the_frame(page: str) -> None:
    folder = WEB / page / "features"
    index = folder / "index.js"
    features = set(folder.glob("*.js")) - {index}
    assert _imports(index) == features
    for path in features:
        assert not _imports(path) & {*features, index, WEB / page / "page.js"}, path
    for path in (WEB / page).glob("*.js"):
        assert not _imports(path) & features, path


@pytest.mark.parametrize("path", sorted((WEB / "lib").glob("*.js")), ids=_name)
def test_lib_has_no_dom(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.S)
    assert not re.search(r"\bdocument\b|\bwindow\b|\bHTML\w*Element\b|querySelector", code)


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_nothing_is_called_that_plain_http_lacks(path: Path) -> None:
    """Over http from another machine browsers hide these; a page may use them only after looking."""
    text = path.read_text("utf-8")
    assert "randomUUID" not in text
    assert "crypto.subtle" not in text
    if "navigator.mediaDevices." in text:
        assert "'mediaDevices' in navigator" in text
    if "navigator.clipboard." in text:
        assert "!navigator.clipboard" in text
    if "navigator.wakeLock." in text:
        assert "'wakeLock' in navigator" in text


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_nothing_is_called_that_browsers_of_2021_lack(path: Path) -> None:
    """The tablets of a school are seldom new; Safari 15.0, for one, has none of these."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.S)
    if path.is_relative_to(WEB / "lib") or path.is_relative_to(WEB / "student"):
        newer = r"AbortSignal\.(timeout|any)|Object\.hasOwn|\.at\(|findLast|structuredClone|replaceAll\(|Promise\.any"
        assert not re.search(newer, code)


@pytest.mark.parametrize("page", ["send", "student", "teacher"])
def test_pages_have_nothing_inline(page: str) -> None:
    markup = (WEB / page / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=", markup)
    assert all('src="assets/' in tag for tag in re.findall(r"<script[^>]*>", markup))
    for address in re.findall(r"""(?:src|href)="([^"]*)\"""", markup):
        assert (WEB / address.removeprefix("assets/")).is_file(), address


@pytest.mark.parametrize("path", [*SCRIPTS, *WEB.glob("*/*.html")], ids=_name)
def test_no_address_begins_at_the_root(path: Path) -> None:
    """A proxy may show the lesson under a path, and what begins with a slash leads out of it."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.S)
    addresses = (
        r"assets|control|teach|send|sign_in|sign_out|wait|message|healthz|metrics|trust|join|replay|material|clock"
    )
    assert not re.search(rf"""[\"'`}}]/(?:{addresses})|(?:href|src)="/""", code.replace("${this.#base}/", ""))


def test_all_pages_say_the_same_while_they_load_and_watch_it_first() -> None:
    pages = [(WEB / page / "index.html").read_text("utf-8") for page in ("send", "student", "teacher")]
    said = [re.findall(r'<div id="loading".*?</div>', page, re.S) for page in pages]
    assert said[0] == said[1] == said[2] != []
    for page in pages:
        assert page.index("assets/loading/loading.js") < page.index('<script type="module"')
    assert not re.search(
        r"\?\.|\?\?|\?\?=|\.at\(|^\s*(?:import|export) |#\w+", (WEB / "loading/loading.js").read_text(), re.M
    )


def test_styles_load_nothing() -> None:
    for path in (WEB / "style").glob("*.css"):
        assert not re.search(r"url\(|@import", path.read_text("utf-8")), path


def test_own_files_are_small() -> None:
    """Pages are read over a classroom's wireless network by everybody at once; alarms are only read by teachers.

    Declarations of types are read by no browser.
    """
    read = [path for path in OWN if path.name != "reasons.zh.json" and not path.name.endswith(".d.ts")]
    assert sum(path.stat().st_size for path in read) < 400_000
    assert {_name(path) for path in SCRIPTS if len(path.read_text("utf-8").splitlines()) > 400} == set()


def test_vendored_files_carry_licence_and_version() -> None:
    folder = WEB / "vendor" / "lit-html"
    assert "BSD" in (folder / "LICENSE").read_text("utf-8")
    assert re.match(r"lit-html \d+\.\d+\.\d+", (folder / "VERSION").read_text("utf-8"))
    for name in ("lit-html.js", "directive.js", "directive-helpers.js", "directives/repeat.js"):
        assert "SPDX-License-Identifier: BSD-3-Clause" in (folder / name).read_text("utf-8")
