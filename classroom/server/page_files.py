"""The files of the pages, from disk or from memory.

They are few and small. Each version is read once: a class that joins all at once then needs no open files for the
pages, even where none are left.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PageFile", "PageFiles"]

_LONGEST_PATH: Final = 200
"""Characters behind ``/assets/``; a system may refuse longer paths, and none of ours is as long."""

_REMEMBERED: Final = 512
"""Files that are kept in memory; there are about a hundred."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """The bytes of one version of a file; ``tag`` is different for each version."""

    path: Path
    tag: str
    content: bytes


class PageFiles:
    """Reads files below one folder, and nothing else.

    Args:
        folder: where they are; it may hold other things.
        served: the names of folders in it that anybody may ask for.
    """

    def __init__(self, folder: Path, served: tuple[str, ...]) -> None:
        self._folder = folder.resolve()
        self._served = served
        self._known: OrderedDict[Path, PageFile] = OrderedDict()

    async def page(self, name: str) -> PageFile | None:
        """The page of a folder; None where it was not installed. Raises OSError where it cannot be read now."""
        return await self._read(self._folder / name / "index.html")

    async def asset(self, folder: str, name: str) -> PageFile | None:
        """What anybody may ask for by this name, if there is such a file. Raises OSError as ``page``."""
        if folder not in self._served or len(name) > _LONGEST_PATH or "\\" in name or "\0" in name:
            return None
        return await self._read(self._folder / folder / name, within=self._folder / folder)

    async def _read(self, path: Path, within: Path | None = None) -> PageFile | None:
        found = await asyncio.to_thread(self._look, path, within)
        if found is not None:
            self._known[found.path] = found
            self._known.move_to_end(found.path)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _look(self, path: Path, within: Path | None) -> PageFile | None:
        try:
            path = path.resolve()
            if within is not None and not path.is_relative_to(within):
                return None
            if not path.is_file():
                return None
            status = path.stat()
        except (OSError, RuntimeError, ValueError):  # names that no system takes, links in circles
            return None
        tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        known = self._known.get(path)
        return known if known is not None and known.tag == tag else PageFile(path, tag, path.read_bytes())
