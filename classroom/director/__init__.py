"""What is on air, as plain values: commands and time in, new state out. No clock, no socket, no pixel."""

from classroom.director.fallback import Shown, resolve
from classroom.director.layout import Placement, Rectangle, fit, place
from classroom.director.scene import Corner, Layout, Scene
from classroom.director.state import Director, ProgramState

__all__ = [
    "Corner",
    "Director",
    "Layout",
    "Placement",
    "ProgramState",
    "Rectangle",
    "Scene",
    "Shown",
    "fit",
    "place",
    "resolve",
]
