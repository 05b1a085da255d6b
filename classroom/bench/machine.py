"""The machine on which a figure was measured, and the processor time that its host took away during that."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, Final

__all__ = ["StolenTime", "describe_machine"]

_STAT: Final = Path("/proc/stat")
_PROCESSORS: Final = Path("/proc/cpuinfo")


class StolenTime:
    """The share of the processors' time that the host of a virtual machine has taken away since this was made.

    If it is more than a few hundredths, figures of time mean little.
    """

    def __init__(self) -> None:
        self._before = _read()

    def share(self) -> float:
        """The share so far, 0 to 1. It is 0 where the system does not say it."""
        (stolen_before, total_before), (stolen, total) = self._before, _read()
        return (stolen - stolen_before) / (total - total_before) if total > total_before else 0.0


def describe_machine(stolen: StolenTime) -> dict[str, Any]:
    """Processor, cores, system, and the stolen share of a measurement that ends now."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "stolen": round(stolen.share(), 3),
    }


def _processor() -> str:
    try:
        lines = _PROCESSORS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _read() -> tuple[int, int]:
    """Stolen and total time of all processors, in ticks (proc_stat(5))."""
    try:
        fields = [int(field) for field in _STAT.read_text("ascii").split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    return fields[7], sum(fields)
