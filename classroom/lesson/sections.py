"""The sections of a lesson that stand once: who may come, where it is served, what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from classroom.lesson.measures import Addresses, Bitrate, Delay, FrameSize, Host, SignalingServer, Size
from classroom.lesson.section import Section
from classroom.lesson.times import Duration
from classroom.lesson.values import Choice, FileName, Line, Number, Reference, Secret, Switch, WholeNumber
from classroom.lesson.web_addresses import BasePath, Origins, Proxy, PublicAddress

__all__ = [
    "ICE_SCHEMES",
    "AccessModel",
    "CertificateModel",
    "ChatModel",
    "IceModel",
    "IceServer",
    "LessonDetails",
    "LimitsModel",
    "ProgramModel",
    "RecordingModel",
    "ServerModel",
    "SignalingModel",
    "TierModel",
    "TurnModel",
    "VideoModel",
]

ICE_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")


class LessonDetails(Section):
    """What the lesson is called, and the language of the pages."""

    title: Annotated[str, Line(200)] = Field(
        "Lesson", description="The title on the pages, and the broadcaster's name to older clients."
    )
    language: Annotated[Literal["en", "zh"], Choice()] | None = Field(
        None, description="The language of the pages: en (English) or zh (Chinese); null is each reader's own."
    )


class CertificateModel(Section):
    """A certificate of your own for https."""

    certificate: Annotated[Path, FileName()] = Field(description="The file of the certificate and its chain, PEM.")
    key: Annotated[Path, FileName()] = Field(description="The file of its private key, PEM.")


def _tls_tag(value: Any) -> str:
    return "certificate" if isinstance(value, dict | CertificateModel) else "word"


class ServerModel(Section):
    """Where the pages, the signaling and the control socket are served."""

    host: Annotated[str, Host()] = Field(
        "0.0.0.0",
        description="The address to listen on; 0.0.0.0 is every network of this computer, :: those of IPv6 too, "
        "127.0.0.1 this one alone.",
    )
    port: Annotated[int, WholeNumber(0, 65535)] = Field(8888, description="The port; 0 takes any free one.")
    announce: Annotated[bool, Switch()] = Field(
        True, description="Whether the lesson is announced by mDNS, if the extra announce is installed."
    )
    address: Annotated[str, PublicAddress()] | None = Field(
        None,
        description=(
            "The address that is announced, such as https://lesson.school.example; null is a name "
            "of your own certificate, else an address of this computer."
        ),
    )
    proxies: tuple[Annotated[str, Proxy()], ...] = Field(
        (),
        description=(
            "Addresses or networks of the proxies in front of the lesson, which are trusted to name their clients."
        ),
        json_schema_extra={"default": []},
    )
    path: Annotated[str, BasePath()] = Field(
        "/", description="The path under which a proxy shows the lesson, such as /lesson."
    )
    tls_port: Annotated[int, WholeNumber(0, 65535)] = Field(
        8443,
        description="The port of https; 0 takes any free one. One that is not written here gives way to any free one.",
    )
    tls: Annotated[
        Annotated[Annotated[Literal["none", "auto"], Choice()], Tag("word")]
        | Annotated[CertificateModel, Tag("certificate")],
        Discriminator(_tls_tag),
    ] = Field(
        "auto",
        description="https beside http: auto (a certificate is made), none, or your own as certificate and key.",
    )

    @property
    def asks_for_tls(self) -> bool:
        """Whether the lesson itself asks for https, and does not just get it."""
        return "tls" in self.model_fields_set

    @property
    def asks_for_tls_port(self) -> bool:
        """Whether the lesson itself names the port of https."""
        return "tls_port" in self.model_fields_set


class SignalingModel(Section):
    """How students and broadcaster find each other."""

    server: Annotated[str, SignalingServer()] = Field(
        "embedded",
        description="embedded, or the address of another peerconnection_server, such as http://host:8888.",
    )
    visibility: Annotated[Literal["hub", "all"], Choice()] = Field(
        "hub", description="Whom a student sees in the list: hub (the broadcaster only) or all."
    )
    ids: Annotated[Literal["random", "sequential"], Choice()] = Field(
        "random", description="How members are numbered: random (numbers cannot be guessed) or sequential."
    )


class AccessModel(Section):
    """Who may teach and who may come in."""

    token: Annotated[str, Secret(200)] | None = Field(
        None, description="The secret of the teacher page; null makes a new one for every lesson."
    )
    passcode: Annotated[str, Secret(200)] | None = Field(
        None, description="The passcode for students; null admits anyone who has the address."
    )
    admit: Annotated[Literal["everyone", "approve"], Choice()] = Field(
        "everyone", description="Who comes in: everyone, or whom the teacher approves (approve)."
    )
    max_students: Annotated[int, WholeNumber(1, 10_000, "students")] = Field(
        200, description="Most students at a time, 1 to 10000."
    )
    names: Annotated[Literal["teacher", "everyone"], Choice()] = Field(
        "teacher",
        description="Who sees students' names: teacher, or everyone. To the others a student is a number, as in "
        '"Student 7".',
    )
    origins: Annotated[str | tuple[str, ...], Origins()] = Field(
        "auto",
        description="Whose pages may sign in: own, any (also of other sites), a list of origins, or auto: any in an "
        "open lesson, own with a passcode or approval.",
    )


class LimitsModel(Section):
    """What anybody on the network may take from this computer; the defaults suit a class of some hundred."""

    connections: Annotated[int, WholeNumber(16, 60_000, "connections")] = Field(
        4000, description="Connections at a time, of all clients together. Each student uses one to six."
    )
    connections_per_address: Annotated[int, WholeNumber(8, 60_000, "connections")] = Field(
        1500, description="Connections at a time from one address. A whole school may come from one."
    )
    members: Annotated[int, WholeNumber(1, 20_000, "members")] | None = Field(
        None, description="Members of the signaling at a time; null is max_students and 64 more."
    )
    head: Annotated[int, WholeNumber(1024, 1_048_576, "bytes")] = Field(
        16_384, description="Bytes of a request's head."
    )
    head_time: Annotated[float, Number(1, 120, "seconds")] = Field(
        10.0, description="Seconds in which a request's head must arrive."
    )
    body: Annotated[int, WholeNumber(16_384, 16_777_216, "bytes")] = Field(327_680, description="Bytes of a message.")
    name: Annotated[int, WholeNumber(16, 4096, "bytes")] = Field(512, description="Bytes of a name that are kept.")
    queue: Annotated[int, WholeNumber(16, 65_536, "messages")] = Field(
        256, description="Messages that may wait for one member; a member that does not fetch them is signed out."
    )
    messages: Annotated[float, Number(1, 10_000, "messages per second")] = Field(
        50.0, description="Messages per second from one member; more are answered late, and then refused."
    )
    sign_ins: Annotated[float, Number(0.1, 10_000, "sign-ins per second")] = Field(
        5.0,
        description=(
            "Sign-ins per second from one address, after one for each place at once; more are "
            "answered late, and then refused."
        ),
    )


class IceServer(Section):
    """A STUN or TURN server."""

    urls: Annotated[list[str], Addresses(ICE_SCHEMES)] = Field(
        description="Its address or a list of them, such as stun:host:3478 or turn:host:3478."
    )
    username: Annotated[str, Line(500)] | None = Field(None, description="The user name; a TURN server needs one.")
    credential: Annotated[str, Secret(500)] | None = Field(None, description="The password; a TURN server needs one.")


class TurnModel(Section):
    """A TURN server that knows a secret, for which each student gets a password that soon expires."""

    urls: Annotated[list[str], Addresses(("turn:", "turns:"))] = Field(
        description="Its address or a list of them, such as turn:host:3478 or turns:host:5349?transport=tcp."
    )
    secret: Annotated[str, Line(500)] = Field(
        description="The secret that it shares with the lesson (coturn: static-auth-secret)."
    )
    lifetime: Annotated[int, WholeNumber(60, 604_800, "seconds")] = Field(
        3600, description="Seconds after which a password expires; pages get a new one before."
    )


class IceModel(Section):
    """Help for connections across networks."""

    servers: list[IceServer] = Field(
        default_factory=list,
        description=("STUN and TURN servers for students outside this network, each with urls, username, credential."),
        json_schema_extra={"default": []},
    )
    turn: TurnModel | None = Field(
        None, description="A TURN server with a shared secret: urls, secret and lifetime, without a password."
    )


class ProgramModel(Section):
    """The picture that students see."""

    size: Annotated[Size, FrameSize()] = Field(
        Size(1280, 720),
        description="The size of the picture; both numbers are even.",
        json_schema_extra={"default": "1280x720"},
    )
    fps: Annotated[int, WholeNumber(1, 60, "pictures per second")] = Field(
        30, description="Pictures per second, 1 to 60."
    )
    start: Annotated[str, Reference("scene", optional=True)] = Field(
        "",
        description="The scene on air when the lesson begins; null is the first one.",
        json_schema_extra={"default": None},
    )
    transition: Annotated[Literal["cut", "fade"], Choice()] = Field(
        "cut", description="How scenes change: cut or fade."
    )
    duration: Annotated[float, Number(0, 10, "seconds")] = Field(
        0.4, description="How long a fade lasts, in seconds, 0 to 10."
    )
    fallback: Annotated[str, Reference("source")] | None = Field(
        None, description="The source shown where another has no picture; null is a built-in card."
    )


class TierModel(Section):
    """A smaller picture for slow connections."""

    height: Annotated[int, WholeNumber(90, 4320, "pixels", even=True)] = Field(description="Its height in pixels.")
    bitrate: Annotated[int, Bitrate()] = Field(description="Its bit rate.")


class VideoModel(Section):
    """How the picture is encoded."""

    codecs: tuple[Annotated[Literal["h264", "vp8"], Choice()], ...] = Field(
        ("h264", "vp8"), description="The codecs that are offered, the best liked first: h264, vp8."
    )
    bitrate: Annotated[int, Bitrate()] = Field(
        1_500_000,
        description="Bits per second of the picture, such as 1500k or 1.5M.",
        json_schema_extra={"default": "1500k"},
    )
    tiers: tuple[TierModel, ...] = Field(
        (TierModel(height=360, bitrate=500_000), TierModel(height=180, bitrate=150_000)),
        description="Smaller pictures for students with a slow connection, each with height and bitrate; [] is none.",
        json_schema_extra={"default": [{"height": 360, "bitrate": "500k"}, {"height": 180, "bitrate": "150k"}]},
    )
    playout_delay: Annotated[Literal["auto", "off"] | float, Delay()] = Field(
        "auto",
        description="How long a student's browser holds pictures back: auto (as the network needs; 80 ms while a "
        "speaking face is on air, so that lips and voice match), off (the browser's own choice), or milliseconds up to "
        "10000.",
    )


class ChatModel(Section):
    """Who may write to the class."""

    open: Annotated[Literal["everyone", "teacher", "off"], Choice()] = Field(
        "everyone",
        description="Who writes to the class when the lesson begins: everyone, the teacher alone (teacher), or nobody "
        "(off). Students can always write to the teacher.",
    )


class RecordingModel(Section):
    """Whether and where the lesson is recorded."""

    start: Annotated[Literal["automatic", "manual", "never"], Choice()] = Field(
        "automatic",
        description="When it begins: automatic (with the lesson), manual (when the teacher says so) or never.",
    )
    folder: Annotated[Path, FileName()] = Field(
        Path("recordings"), validate_default=True, description="The folder for recordings; it is made when needed."
    )
    resume: Annotated[float, Duration()] = Field(
        1800.0,
        description="How long an interrupted lesson may be gone on with when it is started again, such as 30min; 0 is "
        "never.",
        json_schema_extra={"default": "30min"},
    )
