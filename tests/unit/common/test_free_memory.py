from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classroom.common import free_memory
from classroom.common.alarms import Alarms
from classroom.common.free_memory import MemoryWatch, spare_memory
from classroom.common.sentences import reason_of

MEGABYTE = 2**20
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits are set as on Linux")


def test_newcomers_are_refused_while_memory_is_short(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms(lambda: None)
    watch = MemoryWatch(alarms)
    with caplog.at_level(logging.WARNING):
        said = []
        for spare in (500, 49, 47, 50, 47, 60, 65, 50, None):
            watch.look(None if spare is None else spare * MEGABYTE)
            said.append(watch.short)
    assert said == [False, False, True, True, True, True, False, False, False]
    assert not alarms.raised()
    assert len(caplog.records) == 1


def test_who_finds_no_memory_says_so_where_nothing_else_is_known() -> None:
    alarms = Alarms(lambda: None)
    watch = MemoryWatch(alarms)
    watch.missing()
    assert watch.short
    [alarm] = alarms.raised()
    assert reason_of(alarm.sentence) == {"code": "memory.short", "params": {}}
    watch.look(None)
    assert watch.short, "for a look"
    watch.look(None)
    assert not watch.short


@linux
def test_a_limit_of_the_process_counts() -> None:
    program = (
        "import resource; from classroom.common.free_memory import spare_memory; before = spare_memory();"
        "lines = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line);"
        "size = int(lines['VmSize'].split()[0]) * 1024;"
        "resource.setrlimit(resource.RLIMIT_AS, (size + 30 * 2**20, resource.RLIM_INFINITY));"
        "print(before, spare_memory())"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    before, after = map(int, shown.split())
    assert after <= 31 * MEGABYTE
    assert before > after


@linux
def test_this_computer_tells_what_is_left() -> None:
    spare = spare_memory()
    assert spare is not None
    assert 0 < spare < 2**50
    assert spare <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@linux
def test_of_the_groups_around_the_process_the_tightest_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text("0::/school/lesson\n")
    for path, most, used in (("", "max", 900), ("school", "1000", 800), ("school/lesson", "700", 300)):
        group = groups / path
        group.mkdir(parents=True, exist_ok=True)
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text("anon 1\ninactive_file 50\n")
    monkeypatch.setattr(free_memory, "_PROC", proc)
    monkeypatch.setattr(free_memory, "_CGROUPS", groups)
    assert free_memory._spare_of_cgroup() == 250, "of the school, though the lesson alone may have 450"
    (groups / "school/memory.max").write_text("max\n")
    assert free_memory._spare_of_cgroup() == 450
