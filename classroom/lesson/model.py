"""The lesson: what was planned, as one value that does not change."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from classroom.lesson.audio import AudioInput
from classroom.lesson.cues import CueModel
from classroom.lesson.overlays import Overlay
from classroom.lesson.scenes import SceneModel
from classroom.lesson.section import Section
from classroom.lesson.sections import (
    AccessModel,
    ChatModel,
    IceModel,
    LessonDetails,
    LimitsModel,
    ProgramModel,
    RecordingModel,
    ServerModel,
    SignalingModel,
    VideoModel,
)
from classroom.lesson.sources import Source
from classroom.lesson.values import Name

__all__ = ["Lesson"]

_WITH_DEFAULTS = (
    "lesson",
    "server",
    "signaling",
    "access",
    "chat",
    "limits",
    "ice",
    "audio",
    "overlays",
    "program",
    "video",
    "recording",
)


class Lesson(Section):
    """A lesson for classroom: its sources, its scenes and how it is sent."""

    lesson: LessonDetails = Field(
        default_factory=LessonDetails, description="What the lesson is called, and the language of the pages."
    )
    server: ServerModel = Field(
        default_factory=ServerModel,
        description="Where the pages, the signaling and the control socket are served.",
    )
    signaling: SignalingModel = Field(
        default_factory=SignalingModel, description="How students and broadcaster find each other."
    )
    access: AccessModel = Field(default_factory=AccessModel, description="Who may teach and who may come in.")
    chat: ChatModel = Field(default_factory=ChatModel, description="Who may write to the class.")
    limits: LimitsModel = Field(default_factory=LimitsModel, description="Limits for all clients on the network.")
    ice: IceModel = Field(default_factory=IceModel, description="Help for connections across networks.")
    sources: dict[Annotated[str, Name()], Source] = Field(
        description="Where pictures come from: a name of your choice, and what it is."
    )
    audio: dict[Annotated[str, Name()], AudioInput] = Field(
        default_factory=dict,
        description="Where sound comes from: a name of your choice, and what it is; without any, a lesson is silent.",
    )
    overlays: dict[Annotated[str, Name()], Overlay] = Field(
        default_factory=dict,
        description="What scenes can have laid over them: a name of your choice, and what it is.",
    )
    scenes: dict[Annotated[str, Name()], SceneModel] = Field(
        description="What can be put on air, in the order of the teacher's buttons: a name of your choice, and what it "
        "shows."
    )
    cues: list[CueModel] = Field(
        default_factory=list,
        description=("The run of show, in its order: what comes on air when. The teacher's own command has priority."),
        json_schema_extra={"default": []},
    )
    program: ProgramModel = Field(default_factory=ProgramModel, description="The picture that students see.")
    video: VideoModel = Field(default_factory=VideoModel, description="How the picture is encoded.")
    recording: RecordingModel = Field(
        default_factory=RecordingModel, description="Whether and where the lesson is recorded."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """Read absent sections as empty ones, so that their paths begin at the lesson; start with the first scene."""
        if not isinstance(values, dict):
            return values
        filled: dict[str, Any] = {name: {} for name in _WITH_DEFAULTS if name not in values} | values
        scenes, program = filled.get("scenes"), filled["program"]
        if isinstance(scenes, dict) and scenes and isinstance(program, dict) and program.get("start") is None:
            filled["program"] = {**program, "start": next(iter(scenes))}
        return filled
