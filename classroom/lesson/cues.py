"""Cues as they are written: the run of show of a lesson, and the rules that it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Any, Final

from pydantic import Field

from classroom.common.sentences import Sentence, Wording
from classroom.lesson.document import Problem
from classroom.lesson.section import Section
from classroom.lesson.sources import kind_of
from classroom.lesson.times import Duration, TimeOfDay, seconds_of, time_of
from classroom.lesson.values import Line, Reference, WholeNumber
from classroom.lesson.words import noun, shown, unknown

__all__ = ["MOST_CUES", "CueModel", "SlideModel", "broken_cues", "scene_alone", "untimely_cues"]

MOST_CUES = 500
"""Most cues of a lesson."""

_SOURCE_OF_KIND: Final = Wording("noun.source_of_kind", "source of kind {kind}")

Values = Mapping[str, Any]


class SlideModel(Section):
    """A page of slides."""

    source: Annotated[str, Reference("source")] = Field(description="The source, one of kind slides.")
    page: Annotated[int, WholeNumber(1, 100_000)] = Field(description="The page; the first is 1.")


class CueModel(Section):
    """One step of the run of show."""

    title: Annotated[str, Line(200, empty=True)] = Field("", description="Its title in the run of show.")
    after: Annotated[float, Duration()] | None = Field(
        None, description="When it comes, from the beginning of the lesson: 90s, 5m, 1h30m or 0:05:00."
    )
    clock: Annotated[time, TimeOfDay()] | None = Field(
        None, description='When it comes, by the clock: "10:15". Without after or clock it waits for the teacher.'
    )
    scene: Annotated[str, Reference("scene")] | None = Field(None, description="The scene that comes on air.")
    slide: SlideModel | None = Field(None, description="The page that is turned to: source and page.")
    card: Annotated[str, Reference("source")] | None = Field(
        None, description="The card that comes on air, a source of kind card."
    )


def scene_alone(source: str, scenes: Mapping[str, Any]) -> str | None:
    """The first scene that shows a source alone, of written scenes or of models."""
    for name, scene in scenes.items():
        show = scene if isinstance(scene, str) else getattr(scene, "show", None)
        if isinstance(scene, dict):
            show = scene.get("show")
        names = [_shown_source(item) for item in show] if isinstance(show, list | tuple) else [show]
        if names == [source]:
            return name
    return None


def broken_cues(values: Values) -> Iterator[Problem]:
    """What is wrong with the cues and with what they name; faults of types are found by the model."""
    cues, sources, scenes = values.get("cues"), _section(values, "sources"), _section(values, "scenes")
    if not isinstance(cues, list):
        return
    if len(cues) > MOST_CUES:
        yield Problem(
            ("cues",),
            Wording("fault.too_many_cues", "a lesson has at most {most} of these, not {count}")(
                most=MOST_CUES, count=len(cues)
            ),
            "key",
        )
    for number, cue in enumerate(cues[:MOST_CUES]):
        if isinstance(cue, dict):
            yield from _cue(("cues", number), cue, sources, scenes)


def untimely_cues(values: object) -> Iterator[Problem]:
    """Cues whose time is earlier than that of one above them: they come later than they say."""
    cues = values.get("cues") if isinstance(values, dict) else None
    latest: dict[str, float] = {}
    for number, cue in enumerate(cues if isinstance(cues, list) else []):
        if not isinstance(cue, dict):
            continue
        for key, moment in (("after", seconds_of(cue.get("after"))), ("clock", _of_day(cue.get("clock")))):
            if moment is None or cue.get(key) is None:
                continue
            # Half a day earlier by the clock is rather the next day.
            if 0 < latest.get(key, 0.0) - moment < 12 * 3600:
                yield Problem(
                    ("cues", number, key),
                    Wording("note.early_cue", "a cue above this one is later, so this one follows right after it")(),
                )
            latest[key] = max(moment, latest.get(key, 0.0))


def _cue(here: tuple[str | int, ...], cue: Values, sources: Values, scenes: Values) -> Iterator[Problem]:
    named = [key for key in ("scene", "slide", "card") if cue.get(key) is not None]
    if not named:
        yield Problem(here, Wording("fault.empty_cue", "does not say what to show; write a scene, a slide or a card")())
    if "scene" in named and "card" in named:
        yield Problem((*here, "card"), Wording("fault.scene_and_card", "write a scene or a card, not both")(), "key")
    if cue.get("after") is not None and cue.get("clock") is not None:
        yield Problem((*here, "clock"), Wording("fault.after_and_clock", "write after or clock, not both")(), "key")
    scene, card, slide = cue.get("scene"), cue.get("card"), cue.get("slide")
    if isinstance(scene, str) and scene not in scenes:
        yield _unknown((*here, "scene"), scene, list(scenes), noun("scene"))
    if isinstance(card, str):
        yield from _of_kind((*here, "card"), card, "card", sources)
        if card in sources and scene_alone(card, scenes) is None and card in scenes:
            yield Problem(
                (*here, "card"),
                Wording(
                    "fault.no_scene_of_card",
                    "no scene shows {card} alone, and the scene with that name shows something else; write "
                    "a scene for it",
                )(card=shown(card)),
            )
    source = slide.get("source") if isinstance(slide, dict) else None
    if isinstance(source, str):
        yield from _of_kind((*here, "slide", "source"), source, "slides", sources)
        if "scene" not in named and source in sources and not _seen(source, scenes):
            yield Problem(
                (*here, "slide", "source"),
                Wording("fault.no_scene_shows", "no scene shows {source}; write a scene that does")(
                    source=shown(source)
                ),
            )


def _of_kind(path: tuple[str | int, ...], name: str, kind: str, sources: Values) -> Iterator[Problem]:
    having = [each for each, source in sources.items() if kind_of(source) == kind]
    if name not in sources:
        yield _unknown(path, name, having, _SOURCE_OF_KIND(kind=kind))
    elif name not in having:
        yield Problem(
            path, Wording("fault.other_kind", "{source} is not a source of kind {kind}")(source=shown(name), kind=kind)
        )


def _unknown(path: tuple[str | int, ...], name: str, known: list[str], what: Sentence) -> Problem:
    return Problem(path, unknown(what, name, known))


def _seen(source: str, scenes: Values) -> bool:
    for scene in scenes.values():
        show = [scene] if isinstance(scene, str) else scene.get("show") if isinstance(scene, dict) else None
        if source in [_shown_source(item) for item in (show if isinstance(show, list) else [])]:
            return True
    return False


def _shown_source(item: Any) -> Any:
    return item.get("source") if isinstance(item, dict) else getattr(item, "source", item)


def _of_day(value: object) -> float | None:
    moment = time_of(value)
    return None if moment is None else moment.hour * 3600.0 + moment.minute * 60 + moment.second


def _section(values: Values, name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}
