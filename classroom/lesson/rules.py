"""What the parts of a lesson ask of each other: names that are there, layouts with the right number of sources.

The rules read the written values, not the model, so that they find their faults also in a lesson that has others.
Values of the wrong type are skipped here; the model reports them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from classroom.common.sentences import Wording
from classroom.lesson.cues import broken_cues
from classroom.lesson.document import Problem
from classroom.lesson.scenes import MOST_SHOWN, SHOWN_BY_LAYOUT
from classroom.lesson.words import listing, noun, printable, shown, unknown

__all__ = ["broken_rules"]

MOST_NAMES = 200
"""Most sources, inputs or scenes of a lesson."""

_WITH_SOUND = ("file", "stream", "browser", "pattern")

_SHOWS_ONE: Final = Wording("fault.shows_one", "the layout {layout} shows {most} source, not {count}")
_SHOWS: Final = Wording("fault.shows", "the layout {layout} shows {most} sources, not {count}")
_SHOWS_SOME: Final = Wording("fault.shows_some", "the layout {layout} shows {least} to {most} sources, not {count}")
_NO_SOUND: Final = Wording(
    "fault.no_sound", "{source} is a {kind} and has no sound; sources of kind {kinds} have sound{hint}"
)
_USE_A_MICROPHONE: Final = Wording("hint.microphone", "; use kind: microphone for the sound of the room")

Values = Mapping[str, Any]


def broken_rules(values: object) -> Iterator[Problem]:
    """The problems between the parts of a lesson."""
    if not isinstance(values, dict):
        return
    sources, scenes = _section(values, "sources"), _section(values, "scenes")
    for name, what in (("sources", "source"), ("audio", "input"), ("overlays", "overlay"), ("scenes", "scene")):
        yield from _count(values.get(name), name, what)
    for name, source in sources.items():
        if isinstance(source, dict) and "monitor" in source and source.get("region") is not None:
            yield Problem(
                ("sources", name, "region"),
                Wording("fault.monitor_and_region", "write a monitor or a region, not both")(),
                "key",
            )
        if isinstance(source, dict) and source.get("until") is not None and source.get("countdown") is not None:
            yield Problem(
                ("sources", name, "countdown"),
                Wording("fault.until_and_countdown", "write until or countdown, not both")(),
                "key",
            )
    overlays = _section(values, "overlays")
    for name, scene in scenes.items():
        yield from _scene(name, scene, sources)
        yield from _laid_over(name, scene, overlays)
    for name, sound in _section(values, "audio").items():
        yield from _input(name, sound, sources)
    yield from broken_cues(values)
    program = _section(values, "program")
    yield from _named(("program", "start"), program.get("start"), scenes, "scene")
    yield from _named(("program", "fallback"), program.get("fallback"), sources, "source")
    yield from _video(_section(values, "video"))
    yield from _ice(_section(values, "ice"))
    yield from _external_server(_section(values, "signaling"), _section(values, "access"))
    yield from _public_address(_section(values, "server"))


def _section(values: Values, name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}


def _list(values: Values, name: str) -> list[Any]:
    items = values.get(name)
    return items if isinstance(items, list) else []


def _count(section: object, name: str, what: str) -> Iterator[Problem]:
    if isinstance(section, dict):
        if not section and name not in ("audio", "overlays"):
            yield Problem((name,), Wording("fault.needs_one", "a lesson needs at least one {noun}")(noun=noun(what)))
        if len(section) > MOST_NAMES:
            yield Problem(
                (name,),
                Wording("fault.too_many_names", "a lesson has at most {most} of these, not {count}")(
                    most=MOST_NAMES, count=len(section)
                ),
                "key",
            )


def _named(path: tuple[str | int, ...], name: object, known: Values, what: str) -> Iterator[Problem]:
    if not isinstance(name, str) or name in known:
        return
    yield Problem(path, unknown(noun(what), name, list(known)))


def _external_server(signaling: Values, access: Values) -> Iterator[Problem]:
    """An external server does not ask for our passcode."""
    server = signaling.get("server")
    if isinstance(server, str) and server.startswith(("http://", "https://")) and access.get("passcode") is not None:
        yield Problem(
            ("access", "passcode"),
            Wording(
                "fault.passcode_elsewhere",
                "another signaling server does not ask for a passcode; write null, and admit: approve to "
                "choose who comes in",
            )(),
        )


def _public_address(server: Values) -> Iterator[Problem]:
    """The public address must lead to the path that is served."""
    address, path = server.get("address"), server.get("path", "/")
    if not isinstance(address, str) or not isinstance(path, str) or not {"?", "#"}.isdisjoint(address):
        return
    shown_path = f"/{address.partition('://')[2].partition('/')[2]}".rstrip("/")
    if shown_path and shown_path != path.rstrip("/"):
        yield Problem(
            ("server", "address"),
            Wording("fault.address_path", "ends with {told}, but server.path is {path}; write the same path in both")(
                told=printable(shown_path), path=printable(path)
            ),
        )


def _scene(name: str, scene: object, sources: Values) -> Iterator[Problem]:
    here = ("scenes", name)
    if isinstance(scene, str):
        yield from _named(here, scene, sources, "source")
        return
    if not isinstance(scene, dict) or not isinstance(scene.get("show"), list):
        return
    show, layout = scene["show"], scene.get("layout", "full")
    if isinstance(layout, str) and layout in SHOWN_BY_LAYOUT:
        least, most = SHOWN_BY_LAYOUT[layout]
        if not least <= len(show) <= most:
            wording = _SHOWS_ONE if most == 1 else _SHOWS if least == most else _SHOWS_SOME
            yield Problem((*here, "show"), wording(layout=layout, least=least, most=most, count=len(show)))
    names: list[str] = []
    for number, item in enumerate(show[:MOST_SHOWN]):
        path: tuple[str | int, ...] = (*here, "show", number)
        source = item
        if isinstance(item, dict):
            source, path = item.get("source"), (*path, "source")
            yield from _placed((*here, "show", number), item, layout)
        yield from _named(path, source, sources, "source")
        if isinstance(source, str):
            if source in names and layout != "custom":
                yield Problem(
                    path, Wording("fault.shown_twice", "{source} is shown twice in one scene")(source=shown(source))
                )
            names.append(source)
    yield from _named((*here, "fallback"), scene.get("fallback"), sources, "source")


def _laid_over(name: str, scene: object, overlays: Values) -> Iterator[Problem]:
    if isinstance(scene, dict):
        for number, overlay in enumerate(_list(scene, "overlays")[:MOST_SHOWN]):
            yield from _named(("scenes", name, "overlays", number), overlay, overlays, "overlay")


def _placed(here: tuple[str | int, ...], item: Values, layout: object) -> Iterator[Problem]:
    for key, everywhere in (("x", ("0%", 0)), ("y", ("0%", 0)), ("width", ("100%", 1)), ("height", ("100%", 1))):
        if layout != "custom" and item.get(key, everywhere[0]) not in everywhere:
            yield Problem(
                (*here, key),
                Wording(
                    "fault.placed", "only the layout custom places sources like this; this scene has another layout"
                )(),
                "key",
            )


def _input(name: str, sound: object, sources: Values) -> Iterator[Problem]:
    if not isinstance(sound, dict) or sound.get("kind", "source") != "source":
        return
    source = sound.get("source")
    yield from _named(("audio", name, "source"), source, sources, "source")
    picture = sources.get(source) if isinstance(source, str) else None
    kind = picture.get("kind") if isinstance(picture, dict) else None
    if kind in ("camera", "screen", "slides", "card"):
        hint = _USE_A_MICROPHONE() if kind == "camera" else ""
        yield Problem(
            ("audio", name, "source"),
            _NO_SOUND(source=shown(source), kind=kind, kinds=listing(_WITH_SOUND), hint=hint),
        )


def _video(video: Values) -> Iterator[Problem]:
    codecs = _list(video, "codecs")
    if "codecs" in video and video["codecs"] == []:
        yield Problem(("video", "codecs"), Wording("fault.no_codec", "needs at least one codec: h264 or vp8")())
    for number, codec in enumerate(codecs):
        if isinstance(codec, str) and codec in codecs[:number][:10]:
            yield Problem(
                ("video", "codecs", number), Wording("fault.codec_twice", "{codec} is listed twice")(codec=shown(codec))
            )
    heights: set[int] = set()
    for number, tier in enumerate(_list(video, "tiers")):
        height = tier.get("height") if isinstance(tier, dict) else None
        if isinstance(height, int):
            if height in heights:
                yield Problem(
                    ("video", "tiers", number, "height"),
                    Wording("fault.tier_twice", "there is already a tier of height {height}")(height=height),
                )
            heights.add(height)


def _ice(ice: Values) -> Iterator[Problem]:
    for number, server in enumerate(_list(ice, "servers")):
        if not isinstance(server, dict):
            continue
        urls = server.get("urls")
        turn = [url for url in (urls if isinstance(urls, list) else [urls]) if isinstance(url, str)]
        if any(url.startswith(("turn:", "turns:")) for url in turn):
            for key in ("username", "credential"):
                if server.get(key) is None:
                    yield Problem(
                        ("ice", "servers", number, key),
                        Wording("fault.turn_needs", "a TURN server needs a {key}")(key=printable(key)),
                        "key",
                    )
