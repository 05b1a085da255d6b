"""The figures of a class for monitoring."""

from __future__ import annotations

from classroom.students.class_figures import class_latency, class_sound
from tests.support.entries import latency, shows, student_entry


def test_the_class_is_as_late_as_its_middle_and_its_slowest() -> None:
    late = [student_entry(latency=latency(0.001 * each, sound=0.002 * each)) for each in range(1, 101)]
    gone = student_entry(state="gone", latency=latency(9.0))
    figures = class_latency([*late, gone, student_entry()])
    assert {key: round(value, 4) for key, value in figures.items()} == {
        ("picture", 0.5): 0.0255,
        ("picture", 0.95): 0.096,
        ("sound", 0.5): 0.051,
        ("sound", 0.95): 0.192,
    }


def test_without_a_report_there_is_no_figure_of_latency_and_a_hidden_page_has_sound_alone() -> None:
    assert class_latency([student_entry()]) == {}
    assert set(class_latency([student_entry(latency=latency(None, sound=0.1))])) == {("sound", 0.5), ("sound", 0.95)}


def test_students_are_counted_by_their_sound() -> None:
    entries = [student_entry(shows=shows(sound=each)) for each in ("playing", "blocked", "playing")]
    gone = student_entry(state="gone", shows=shows())
    assert class_sound([*entries, gone, student_entry()]) == {"playing": 2, "blocked": 1, "off": 0}
