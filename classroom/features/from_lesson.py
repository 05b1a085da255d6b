"""The director and the run of show of a lesson: from what its file says to scenes and cues as they are directed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from classroom.common.clock import Clock
from classroom.director import Area, Border, Crop, Cue, Director, Scene, Style
from classroom.lesson import Lesson
from classroom.lesson.cues import CueModel, scene_alone
from classroom.lesson.scenes import SceneModel, ShownModel

__all__ = ["cues_of", "director_of", "scene_for", "scenes_of"]


def director_of(lesson: Lesson, *, clock: Clock, start: str | None = None) -> Director:
    """The director of a lesson; ``start`` is the scene that is on air first, where it is not the lesson's."""
    program, scenes = lesson.program, scenes_of(lesson)
    return Director(
        scenes=scenes,
        start=start if start in scenes else program.start,
        size=(program.size.width, program.size.height),
        now=clock.now(),
        transition=program.transition,
        duration=program.duration,
    )


def scenes_of(lesson: Lesson) -> dict[str, Scene]:
    """The scenes of a lesson as the director knows them; a card that only a cue shows has one of its own at the end."""
    scenes = {name: _scene(name, model) for name, model in lesson.scenes.items()}
    for cue in lesson.cues:
        if cue.card is not None and scene_alone(cue.card, lesson.scenes) is None:
            scenes[cue.card] = Scene(cue.card, "full", (cue.card,))
    return scenes


def cues_of(lesson: Lesson, began: datetime) -> list[Cue]:
    """The cues of a lesson that begins at a moment of the computer's time zone."""
    return [_cue(model, lesson.scenes, began) for model in lesson.cues]


def scene_for(cue: Cue, director: Director) -> str | None:
    """The scene that a cue puts on air, for one that names slides only the one that shows least beside them.

    None where these are on air already, or no scene shows them.
    """
    if cue.scene is not None or cue.slide is None or cue.slide[0] in director.program.scene.show:
        return cue.scene
    showing = [scene for scene in director.scenes.values() if cue.slide[0] in scene.show]
    return min(showing, key=lambda scene: len(scene.show)).name if showing else None


def _scene(name: str, model: SceneModel) -> Scene:
    return Scene(
        name,
        model.layout,
        tuple(model.sources),
        model.corner,
        model.size,
        styles=tuple(_style(item, custom=model.layout == "custom") for item in model.show),
        overlays=tuple(model.overlays),
        fallback=model.fallback,
        transition=model.transition,
        duration=model.duration,
    )


def _style(item: ShownModel, *, custom: bool) -> Style:
    crop, border = item.crop, item.border
    return Style(
        area=Area(item.x, item.y, item.width, item.height) if custom else None,
        fill=item.fit == "fill",
        crop=Crop(crop.left, crop.top, crop.right, crop.bottom) if crop is not None else Crop(),
        border=Border(border.width / 100, border.colour) if border is not None else None,
    )


def _cue(model: CueModel, scenes: Mapping[str, object], began: datetime) -> Cue:
    scene = model.scene
    if model.card is not None:
        scene = scene_alone(model.card, scenes) or model.card
    slide = None if model.slide is None else (model.slide.source, model.slide.page)
    due = model.after
    if model.clock is not None:
        # Of the day before and the day after the one that is nearer: lessons may go on past midnight.
        days = (began.date() + timedelta(days=number) for number in (0, 1, -1))
        # Each by the rules of that day: the clock may be put forward or back in the middle of a lesson.
        moments = [datetime.combine(day, model.clock).astimezone() for day in days]
        due = min(((moment - began).total_seconds() for moment in moments), key=abs)
    return Cue(scene, slide, model.title, due)
