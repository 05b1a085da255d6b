"""What is on air, as plain values: commands and time in, new state out. No clock, no socket, no pixel."""

from classroom.director.cues import Cue, CueState, RunOfShow
from classroom.director.fallback import Shown, resolve
from classroom.director.layout import Placement, Rectangle, fit, place, visible
from classroom.director.scene import PLAIN, Area, Border, Corner, Crop, Layout, Scene, Style, TransitionKind
from classroom.director.state import Director, ProgramState
from classroom.director.transition import Transition

__all__ = [
    "PLAIN",
    "Area",
    "Border",
    "Corner",
    "Crop",
    "Cue",
    "CueState",
    "Director",
    "Layout",
    "Placement",
    "ProgramState",
    "Rectangle",
    "RunOfShow",
    "Scene",
    "Shown",
    "Style",
    "Transition",
    "TransitionKind",
    "fit",
    "place",
    "resolve",
    "visible",
]
