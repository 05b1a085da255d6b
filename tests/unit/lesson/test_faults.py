"""What is wrong with a lesson: every fault at once, at its place, in words of a teacher."""

# ruff: noqa: E501 (a row of a table stays on one line)

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.common.errors import LessonError
from classroom.lesson import check_lesson, load_lesson
from tests.support.lessons import SMALL, faults

TEN_FAULTS = """\
lesson: {title: "Ten faults", language: de}
server:
  port: ten
  prot: 8888
sources:
  camera: {kind: camera, widht: 640, size: 1280x721}
  cam: {kind: camra}
  pause: {kind: card, image: "${NOT_SET}"}
scenes:
  talk: camrea
  both:
    layout: pip
    show: [camera, pause]
  talk: pause
program: {start: tlak, fps: 61}
"""


def test_ten_faults_and_two_more_are_shown_at_once_with_their_places() -> None:
    assert faults(TEN_FAULTS) == [
        "1:41: lesson.language: expects en or zh, not 'de'",
        "3:9: server.port: expects a whole number, not 'ten'",
        "4:3: server.prot: unknown key; did you mean 'port'?",
        "6:26: sources.camera.widht: unknown key; allowed here: kind, device, size, fps or frozen",
        "6:44: sources.camera.size: expects an even width and height, not '1280x721'; did you mean '1280x722'?",
        "7:15: sources.cam.kind: expects camera, screen, slides, file, stream, browser, card or pattern, not 'camra'; "
        "did you mean 'camera'?",
        "8:30: sources.pause.image: the environment variable NOT_SET is not set",
        "10:9: scenes.talk: there is no source 'camrea'; did you mean 'camera'?",
        "12:13: scenes.both.layout: expects full, picture-in-picture, side-by-side, grid or custom, not 'pip'; "
        "did you mean 'picture-in-picture'?",
        "14:3: scenes.talk: is written twice; the first is on line 10",
        "15:18: program.start: there is no scene 'tlak'; did you mean 'talk'?",
        "15:29: program.fps: expects 1 to 60 pictures per second, not 61",
    ]


def test_a_faulty_file_raises_with_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(TEN_FAULTS, encoding="utf-8")
    with pytest.raises(LessonError) as raised:
        load_lesson(file, {})
    assert raised.value.faults == check_lesson(file, {}).faults
    assert len(raised.value.faults) == 12
    assert str(raised.value).splitlines()[2] == f"{file}:4:3: server.prot: unknown key; did you mean 'port'?"


def small(extra: str) -> list[str]:
    """The faults of lines added to a small lesson, counted from the first added line."""
    shift = SMALL.count("\n")
    lines = []
    for fault in faults(SMALL + extra):
        line, rest = fault.split(":", 1)
        lines.append(f"{int(line) - shift}:{rest}")
    return lines


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("  both: {layout: side-by-side, show: [camera]}", "1:38: scenes.both.show: the layout side-by-side shows 2 sources, not 1"),
        ("  one: {show: [camera, screen]}", "1:15: scenes.one.show: the layout full shows 1 source, not 2"),
        ("  none: {show: []}", "1:16: scenes.none.show: the layout full shows 1 source, not 0"),
        ("  twice: {layout: side-by-side, show: [screen, screen]}", "1:48: scenes.twice.show[1]: 'screen' is shown twice in one scene"),
        ("  empty:", "1:9: scenes.empty: is empty; write its keys below it, or remove the line"),
        ("  text: {show: camera}", "1:16: scenes.text.show: expects a list such as [camera], not 'camera'"),
        ("  five: 5", "1:9: scenes.five: expects keys with values, not 5"),
        ("  number: {show: [5]}", "1:19: scenes.number.show[0]: expects the name of a source, not 5; put it in quotes if it is a name"),
        ("  missing: {layout: full}", "1:3: scenes.missing.show: is missing"),
        ("  small: {layout: picture-in-picture, show: [screen, camera], size: 25}", "1:69: scenes.small.size: expects 5% to 95%, not 25; did you mean '25%'?"),
        ("  small: {layout: picture-in-picture, show: [screen, camera], corner: left}", "1:71: scenes.small.corner: expects top-left, top-right, bottom-left or bottom-right, not 'left'; did you mean 'top-left'?"),
        ("'': {}", "1:1: '': unknown key; allowed here: lesson, server, signaling, access, chat, limits, ice, sources, audio, overlays, scenes, cues, program, video or recording"),
        ("audio: {a: {source: nobody}}", "1:21: audio.a.source: there is no source 'nobody'; there are camera and screen"),
        ("audio: {a: {source: screen}}", "1:21: audio.a.source: 'screen' is a screen and has no sound; sources of kind file, stream, browser or pattern have sound"),
        ("audio: {a: {gain: 3}}", "1:9: audio.a.kind: is missing; write the kind, such as kind: microphone"),
        ("audio: {a: {kind: mic}}", "1:19: audio.a.kind: expects microphone, computer, source or tone, not 'mic'"),
        ("audio: {a: {kind: 3}}", "1:19: audio.a.kind: expects a word such as microphone, not 3"),
        ("audio: {a: microphone}", "1:12: audio.a: expects keys such as {kind: microphone}, not 'microphone'"),
        ("audio: {a: {kind: tone, gain: 21}}", "1:31: audio.a.gain: expects -60 to 20 dB, not 21"),
        ("audio: {a: {kind: tone, gain: loud}}", "1:31: audio.a.gain: expects a number, not 'loud'"),
        ("audio: {a: {kind: tone, gain: .nan}}", "1:31: audio.a.gain: expects a number, not nan"),
        ("audio: {a: {kind: tone, muted: yes}}", "1:32: audio.a.muted: expects true or false, not 'yes'; did you mean 'true'?"),
        ("audio:", "1:7: audio: is empty; write its keys below it, or remove the line"),
        ("program: {fallback: cammera}", "1:21: program.fallback: there is no source 'cammera'; did you mean 'camera'?"),
        ("program: {fps: 29.97}", "1:16: program.fps: expects a whole number, not 29.97"),
        ("program: {fps: true}", "1:16: program.fps: expects a whole number, not true"),
        ("program: {size: 720p}", "1:17: program.size: expects a size such as 1280x720, not '720p'"),
        ("program: {size: 14x14}", "1:17: program.size: expects 16 to 7680 pixels for width and height, not '14x14'"),
        ("program: {duration: 11}", "1:21: program.duration: expects 0 to 10 seconds, not 11"),
        ("program: {transition: fades}", "1:23: program.transition: expects cut or fade, not 'fades'; did you mean 'fade'?"),
        ("program: []", "1:10: program: expects keys with values, not a list"),
        ("server: {port: 65536}", "1:16: server.port: expects 0 to 65535, not 65536"),
        ("server: {host: a b}", "1:16: server.host: expects an address such as 0.0.0.0 or 127.0.0.1, not 'a b'"),
        ("server: {tls: yes}", "1:15: server.tls: expects none or auto, not 'yes'"),
        ("server: {address: lesson.school.example}", "1:19: server.address: expects an address such as https://lesson.school.example, not 'lesson.school.example'; did you mean 'https://lesson.school.example'?"),
        ("server: {address: 'https://school.example/#token=x'}", "1:19: server.address: expects an address such as https://lesson.school.example, not 'https://school.example/#token=x'; did you mean 'https://school.example/'?"),
        ("server: {address: 'https://me:secret@school.example'}", "1:19: server.address: expects an address such as https://lesson.school.example, not 'https://me:secret@school.example'"),
        ("server: {address: 'https://school.example:70000'}", "1:19: server.address: expects an address such as https://lesson.school.example, not 'https://school.example:70000'"),
        ("server: {address: 'https://[fe80:1]'}", "1:19: server.address: expects an address such as https://lesson.school.example, not 'https://[fe80:1]'"),
        ("server: {address: 443}", "1:19: server.address: expects an address such as https://lesson.school.example, not 443"),
        ("server: {address: 'https://school.example/a', path: /b}", "1:19: server.address: ends with /a, but server.path is /b; write the same path in both"),
        ("server: {address: 'https://school.example/a'}", "1:19: server.address: ends with /a, but server.path is /; write the same path in both"),
        ("server: {proxies: 127.0.0.1}", "1:19: server.proxies: expects a list such as [127.0.0.1], not '127.0.0.1'"),
        ("server: {proxies: [localhost]}", "1:20: server.proxies[0]: expects the address of a proxy or its network, such as 127.0.0.1 or 10.0.0.0/24, not 'localhost'; did you mean '127.0.0.1'?"),
        ("server: {proxies: [10.0.0.7/24]}", "1:20: server.proxies[0]: expects the address of a proxy or its network, such as 127.0.0.1 or 10.0.0.0/24, not '10.0.0.7/24'; did you mean '10.0.0.0/24'?"),
        ("server: {proxies: [0.0.0.0/0]}", "1:20: server.proxies[0]: '0.0.0.0/0' includes everybody; name only the addresses of your proxies"),
        ("server: {proxies: [0.0.0.0/1]}", "1:20: server.proxies[0]: '0.0.0.0/1' includes everybody; name only the addresses of your proxies"),
        ("server: {proxies: ['::ffff:0.0.0.0/96']}", "1:20: server.proxies[0]: '::ffff:0.0.0.0/96' includes everybody; name only the addresses of your proxies"),
        ("server: {address: 'http://0.0.0.0:8888'}", "1:19: server.address: 'http://0.0.0.0:8888' leads nowhere; write the address that people open"),
        ("server: {path: /sign_in}", "1:16: server.path: '/sign_in' is one of the lesson's own addresses; choose another, such as /lesson"),
        ("server: {proxies: ['::1', '::/0']}", "1:27: server.proxies[1]: '::/0' includes everybody; name only the addresses of your proxies"),
        ("server: {path: lesson}", "1:16: server.path: expects a path such as / or /lesson, not 'lesson'; did you mean '/lesson'?"),
        ("server: {path: /a/../b}", "1:16: server.path: expects a path such as / or /lesson, not '/a/../b'"),
        ("server: {path: /a?b}", "1:16: server.path: expects a path such as / or /lesson, not '/a?b'"),
        ("signaling: {server: embeded}", "1:21: signaling.server: expects embedded or an address such as http://host:8888, not 'embeded'; did you mean 'embedded'?"),
        ("signaling: {server: 'http://a b'}", "1:21: signaling.server: expects embedded or an address such as http://host:8888, not 'http://a b'"),
        ("signaling: {server: 'http://host:88888'}", "1:21: signaling.server: expects embedded or an address such as http://host:8888, not 'http://host:88888'"),
        ("signaling: {server: 'http://me@host'}", "1:21: signaling.server: expects embedded or an address such as http://host:8888, not 'http://me@host'"),
        ("signaling: {server: 'http://host'}\naccess: {passcode: x}", "2:20: access.passcode: another signaling server does not ask for a passcode; write null, and admit: approve to choose who comes in"),
        ("access: {token: 1234}", "1:17: access.token: expects text; put it in quotes"),
        ("access: {token: ''}", "1:17: access.token: expects text, but is empty"),
        ("access: {max_students: 0}", "1:24: access.max_students: expects 1 to 10000 students, not 0"),
        ("access: {origins: all}", "1:19: access.origins: expects auto, any, own, or a list such as [https://school.example], not 'all'"),
        ("access: {origins: anny}", "1:19: access.origins: expects auto, any, own, or a list such as [https://school.example], not 'anny'; did you mean 'any'?"),
        ("access: {origins: []}", "1:19: access.origins: expects at least one origin; own allows only the lesson's own pages"),
        ("access: {origins: [school.example]}", "1:19: access.origins: expects an origin such as https://school.example, not 'school.example'; did you mean 'https://school.example'?"),
        ("access: {origins: ['https://school.example/page']}", "1:19: access.origins: expects an origin such as https://school.example, not 'https://school.example/page'; did you mean 'https://school.example'?"),
        ("access: {origins: ['null']}", "1:19: access.origins: expects an origin such as https://school.example, not 'null'"),
        ("ice: {servers: [{urls: 'http://x'}]}", "1:24: ice.servers[0].urls: expects an address that begins with stun:, stuns:, turn: or turns:, not 'http://x'"),
        ("ice: {servers: [{urls: ['turn:x'], username: me}]}", "1:17: ice.servers[0].credential: a TURN server needs a credential"),
        ("ice: {servers: {urls: 'stun:x'}}", """1:16: ice.servers: expects a list such as [{urls: "stun:host:3478"}], not a group of keys"""),
        ("video: {bitrate: 1500}", "1:18: video.bitrate: expects 10k to 100M bits per second, not 1500; did you mean '1500k'?"),
        ("video: {bitrate: fast}", "1:18: video.bitrate: expects a bit rate such as 1500k or 1.5M, not 'fast'"),
        ("video: {codecs: []}", "1:17: video.codecs: needs at least one codec: h264 or vp8"),
        ("video: {codecs: [vp8, vp8]}", "1:23: video.codecs[1]: 'vp8' is listed twice"),
        ("video: {codecs: [h265]}", "1:18: video.codecs[0]: expects h264 or vp8, not 'h265'; did you mean 'h264'?"),
        ("video: {tiers: [{height: 360}]}", "1:17: video.tiers[0].bitrate: is missing"),
        ("video: {tiers: [{height: 361, bitrate: 1M}]}", "1:26: video.tiers[0].height: expects an even number, not 361"),
        ("video: {playout_delay: 10001}", "1:24: video.playout_delay: expects auto, off or 0 to 10000 milliseconds, not 10001"),
        ("recording: {start: always}", "1:20: recording.start: expects automatic, manual or never, not 'always'"),
        ("recording: {folder: ''}", "1:21: recording.folder: expects the name of a file or folder, but is empty"),
        ("recordings: {}", "1:1: recordings: unknown key; did you mean 'recording'?"),
        ("<<: {}", "1:1: <<: unknown key; a lesson cannot merge groups with '<<'"),
        ("lesson: {title: 101}", "1:17: lesson.title: expects text, not 101; put it in quotes if it is meant as text"),
        ("lesson: {title: [a]}", "1:17: lesson.title: expects text, not a list"),
        ('lesson: {title: "\\e[31m"}', "1:17: lesson.title: contains control characters; remove them"),
    ],
)  # fmt: skip
def test_a_fault_says_what_is_wrong_where(extra: str, expected: str) -> None:
    assert small(extra + "\n") == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{kind: screen, monitor: 1, region: {x: 0, y: 0, width: 640, height: 480}}", "2:33: sources.a.region: write a monitor or a region, not both"),
        ("{kind: screen, region: {x: 0, y: 0, width: 641, height: 480}}", "2:49: sources.a.region.width: expects an even number, not 641"),
        ("{kind: screen, region: {x: 0, y: 0, w: 640, height: 480}}", "2:21: sources.a.region.width: is missing"),
        ("{kind: camera, fps: 0}", "2:26: sources.a.fps: expects 1 to 60 pictures per second, not 0"),
        ("{kind: camera, device: 0}", "2:29: sources.a.device: expects text, not 0; put it in quotes if it is meant as text"),
        ("{kind: stream, url: 'ftp://x'}", "2:26: sources.a.url: expects an address that begins with rtsp://, rtsps://, rtmp://, rtmps://, srt://, udp://, http:// or https://, not 'ftp://x'"),
        ("{kind: file}", "2:3: sources.a.path: is missing"),
        ("{kind: card, titel: Hello}", "2:19: sources.a.titel: unknown key; did you mean 'title'?"),
        ("{kind: pattern, camera: 1, kind2: 2}", "2:22: sources.a.camera: unknown key; allowed here: kind, size or fps"),
        ("{title: Hello}", "2:3: sources.a.kind: is missing; write the kind, such as kind: camera"),
        ("camera", "2:6: sources.a: expects keys such as {kind: camera}, not 'camera'"),
    ],
)  # fmt: skip
def test_a_fault_of_a_source(source: str, expected: str) -> None:
    assert expected in faults(f"sources:\n  a: {source}\nscenes: {{s: a}}\n")


def test_a_source_may_have_the_name_of_its_kind_and_a_key_that_of_its_source() -> None:
    text = "sources: {camera: {kind: camera, camera: 1}}\nscenes: {s: camera}\n"
    assert faults(text) == ["1:34: sources.camera.camera: unknown key; allowed here: kind, device, size, fps or frozen"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenes: {a: b}\n", ["1:1: sources: is missing", "1:13: scenes.a: there is no source 'b'"]),
        ("sources: {a: {kind: card}}\n", ["1:1: scenes: is missing"]),
        ("sources: {}\nscenes: {}\n", ["1:10: sources: a lesson needs at least one source", "2:9: scenes: a lesson needs at least one scene"]),
        ("sources: {a: {kind: card}}\nscenes:\n", ["2:8: scenes: is empty; write its keys below it, or remove the line"]),
        ("sources: {'': {kind: card}}\nscenes: {a: ''}\n", ["1:11: sources.'': a name cannot be empty"]),
        ("- sources\n", ["1:1: expects keys with values, not a list"]),
    ],
)  # fmt: skip
def test_what_a_lesson_needs(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_a_name_has_at_most_64_characters() -> None:
    fine, long = "课" * 64, "课" * 65
    assert faults(f"sources: {{{fine}: {{kind: card}}}}\nscenes: {{a: {fine}}}\n") == []
    assert faults(f"sources: {{{long}: {{kind: card}}}}\nscenes: {{a: {long}}}\n") == [
        f"1:11: sources.{'课' * 59}…: a name has at most 64 characters, not 65"
    ]


def test_a_name_holds_no_control_characters() -> None:
    text = 'sources: {"a\\e[2Jb": {kind: card}}\nscenes: {s: "a\\e[2Jb"}\n'
    assert faults(text) == [r"1:11: sources.a\x1b[2Jb: a name cannot contain control characters"]


def test_many_faults_are_cut_off_with_their_number() -> None:
    found = faults("sources: {a: {kind: card}}\nscenes: {s: a}\n" + "".join(f"key{n}: 1\n" for n in range(130)))
    assert len(found) == 101
    assert found[-1] == "103:1: and 30 more from here on"


def test_many_names_are_too_many() -> None:
    sources = "".join(f"  s{n}: {{kind: card}}\n" for n in range(201))
    assert faults(f"sources:\n{sources}scenes: {{a: s0}}\n") == [
        "1:1: sources: a lesson has at most 200 of these, not 201"
    ]
