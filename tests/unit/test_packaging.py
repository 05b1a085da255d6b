"""What is installed: all that a lesson needs, under a name that is ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_slides_need_no_extra() -> None:
    assert any(each.startswith("pypdfium2") for each in PROJECT["dependencies"])


def test_every_dependency_has_a_version_in_the_lock() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = PROJECT["dependencies"] + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    assert {re.split(r"[<>=]", each)[0] for each in wanted} <= locked


@pytest.mark.parametrize("folder", ["classroom", "docs", "web/locales", "README.md"])
def test_no_advice_installs_another_package_of_our_name(folder: str) -> None:
    """The name of the command is that of somebody else's package at PyPI."""
    assert PROJECT["name"] != "classroom"
    path = ROOT / folder
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.suffix in {".py", ".md", ".json"}:
            installed = re.findall(
                r"\b(?:pipx?|uvx|uv tool) (?:install|run|inject)\b[^`\n]*", file.read_text(encoding="utf-8")
            )
            assert not [line for line in installed if "." not in line.split("install", 1)[-1]], file
