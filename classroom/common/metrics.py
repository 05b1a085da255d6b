"""What a Prometheus server may read of a running lesson; the broadcaster hands in the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["LessonFigures", "make_registry"]


@dataclass(frozen=True, slots=True)
class LessonFigures:
    """The figures of one moment; times in seconds."""

    elapsed: float
    students: int
    watching: int
    ticks: int
    ticks_missed: int
    sources_live: int
    sources: int
    latency: Mapping[tuple[str, float], float] = field(default_factory=dict)
    """How late the lesson is with students, by `picture` or `sound`, and quantile."""
    sound: Mapping[str, int] = field(default_factory=dict)
    """Students by what their pages do with the sound."""


def make_registry(read: Callable[[], LessonFigures]) -> CollectorRegistry:
    """A registry of this lesson alone, which asks for the figures whenever it is read."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Lesson(read))
    return registry


class _Lesson(Collector):
    def __init__(self, read: Callable[[], LessonFigures]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        now = self._read()
        yield GaugeMetricFamily("classroom_lesson_elapsed_seconds", "Since the lesson began.", now.elapsed)
        students = GaugeMetricFamily("classroom_students", "Students who are signed in.", labels=["state"])
        students.add_metric(["watching"], now.watching)
        students.add_metric(["waiting"], now.students - now.watching)
        yield students
        sound = GaugeMetricFamily("classroom_students_sound", "Students by the sound of their page.", labels=["state"])
        for state, count in now.sound.items():
            sound.add_metric([state], count)
        yield sound
        latency = GaugeMetricFamily(
            "classroom_latency_seconds",
            "How late the lesson is with students, as their pages measure it.",
            labels=["media", "quantile"],
        )
        for (media, quantile), seconds in now.latency.items():
            latency.add_metric([media, f"{quantile:g}"], seconds)
        yield latency
        yield CounterMetricFamily("classroom_ticks", "Program pictures that were due.", now.ticks)
        yield CounterMetricFamily("classroom_ticks_missed", "Program pictures that came too late.", now.ticks_missed)
        sources = GaugeMetricFamily("classroom_sources", "Sources of the lesson.", labels=["state"])
        sources.add_metric(["live"], now.sources_live)
        sources.add_metric(["other"], now.sources - now.sources_live)
        yield sources
