"""``classroom remote``: one command to a running lesson from a terminal, a script or a button box."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from rich.console import Console
from rich.table import Table

from classroom.common.errors import CommandError
from classroom.control.client import call

__all__ = ["remote"]

_FOR_PAGES: Final = ("hello", "watch", "peer.")
"""Beginnings of methods that are of no use to a command, because they need a connection that stays."""

_SAID: Final = ("why", "reason")
"""What of an error's data only repeats its sentence."""


def remote(*, address: str, method: str, params: Sequence[str], token: str | None, authority: Path | None) -> int:
    """Carry out one command and print its result; the exit code.

    Args:
        address: the lesson's, as it is printed; the token may be part of it.
        method: such as ``program.switch``.
        params: such as ``scene=desk``.
        token: None where the command line has none.
        authority: the certificate of the authority of an https address; None for that of this computer.
    """
    written: dict[str, str] = {}
    for pair in params:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            print(f"classroom: '{pair}' is not KEY=VALUE, such as scene=desk.", file=sys.stderr)
            return 2
        written[key] = value
    address, _, given = address.partition("#token=")
    token = token or os.environ.get("CLASSROOM_TOKEN") or unquote(given)
    if not token:
        print(
            "classroom: no token was given. Set CLASSROOM_TOKEN, or use --token; `classroom teach` prints the token at "
            "the end of the teacher's address.",
            file=sys.stderr,
        )
        return 2
    trusted = authority if authority is not None or address.startswith("http:") else _own_authority()
    try:
        result = asyncio.run(call(address, token, method, written, authority=trusted))
    except CommandError as fault:
        print(f"classroom: {fault.message}", file=sys.stderr)
        more = {key: value for key, value in fault.data.items() if key not in _SAID}
        if more:
            print(json.dumps(more, ensure_ascii=False), file=sys.stderr)
        return 1
    if method == "methods" and sys.stdout.isatty():
        Console(soft_wrap=True).print(_help(result["methods"]), markup=False)
    else:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    return 0


def _own_authority() -> Path | None:
    """The authority of the lessons of this computer."""
    from classroom.server.certificates import kept_authority

    return kept_authority()


def _help(methods: Iterable[Mapping[str, Any]]) -> Table:
    """One line for each method that a command can use; a program that reads the output gets all of it, as JSON."""
    table = Table(box=None, show_header=False)
    for method in methods:
        if method["name"].startswith(_FOR_PAGES):
            continue
        params = [each["name"] if each["required"] else f"[{each['name']}]" for each in method["parameters"]]
        table.add_row(method["name"], " ".join(params), method["help"].partition(". ")[0].splitlines()[0].rstrip("."))
    return table
