from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.device import DeviceInfo

from classroom.common.clock import SystemClock
from classroom.common.errors import DeviceError
from classroom.media.sources import camera as camera_module
from classroom.media.sources import cameras
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.camera import Camera
from classroom.media.sources.cameras import FoundCamera, choose_camera, find_cameras
from classroom.media.supervisor import SourceRunner
from tests.support.waiting import wait_for


@contextmanager
def opened(device: str, **wishes: Any) -> Iterator[Camera]:
    camera = Camera(name="camera", clock=SystemClock(), device=device, **wishes)
    with closing(camera):
        camera.open()
        yield camera


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a second of video at 20 pictures a second, whose brightness tells the number of the picture."""
    path = tmp_path / "clip.y4m"
    with av.open(str(path), "w", format="yuv4mpegpipe") as container:
        stream = container.add_stream("rawvideo", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            planes = np.full((72, 64), 128, np.uint8)
            planes[:48] = 16 + 20 * number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_a_lavfi_device_stands_in_for_a_camera_and_keeps_its_frame_rate() -> None:
    with opened("lavfi:testsrc2=size=320x180:rate=50") as camera:
        assert camera.picture is not None
        camera.read()
        began = time.monotonic()
        serials = set()
        for _ in range(25):
            before = time.monotonic()
            camera.read()
            newest = camera.picture.newest()
            assert newest is not None
            assert (newest.frame.width, newest.frame.height) == (320, 180)
            assert before <= newest.captured <= time.monotonic()
            serials.add(newest.serial)
        assert len(serials) == 25
        assert 0.45 < time.monotonic() - began < 4.0


def test_a_recorded_file_is_played_in_time_and_its_end_is_a_loss(clip: Path) -> None:
    brightness: list[int] = []

    def play(camera: Camera) -> None:
        assert camera.picture is not None
        while True:
            camera.read()
            newest = camera.picture.newest()
            if newest is not None and newest.serial > len(brightness):
                brightness.append(int(newest.frame.to_ndarray()[0, 0]))

    with opened(f"yuv4mpegpipe:{clip}") as camera:
        began = time.monotonic()
        with pytest.raises(DeviceError, match="stopped"):
            play(camera)
    assert brightness == [16 + 20 * number for number in range(10)]
    assert 0.4 < time.monotonic() - began < 4.0


def test_a_camera_that_ends_is_lost_and_comes_back(clip: Path) -> None:
    camera = Camera(name="camera", clock=SystemClock(), device=f"yuv4mpegpipe:{clip}")
    states: list[str] = []
    runner = SourceRunner(camera, SystemClock(), lambda: states.append(runner.status.state), back_off=(0.01,))
    runner.start()
    try:
        wait_for(lambda: states[:3] == ["live", "lost", "live"])
        assert runner.status.size == (64, 48)
    finally:
        runner.stop()


def test_a_camera_unplugged_while_it_plays_is_lost_with_a_sentence(clip: Path) -> None:
    camera = Camera(name="camera", clock=SystemClock(), device=f"yuv4mpegpipe:{clip}")
    runner = SourceRunner(camera, SystemClock(), lambda: None, back_off=(0.01,))
    runner.start()
    try:
        wait_for(lambda: runner.status.state == "live")
        clip.unlink()
        wait_for(lambda: runner.status.state == "lost" and "was not found" in (runner.status.why or ""))
        assert "Plug it in" in (runner.status.why or "")
    finally:
        runner.stop()


def test_the_end_of_a_lesson_does_not_wait_for_the_next_picture() -> None:
    camera = Camera(name="camera", clock=SystemClock(), device="lavfi:testsrc2=size=64x64:rate=1/30")
    runner = SourceRunner(camera, SystemClock(), lambda: None)
    runner.start()
    wait_for(lambda: runner.status.state == "live")
    began = time.monotonic()
    runner.stop()
    assert time.monotonic() - began < 1.0
    assert camera.taken == 1


def test_nothing_of_libav_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    for device in ("lavfi:nosuchfilter", "v4l2:/dev/nosuch", "yuv4mpegpipe:/etc/hostname"):
        with pytest.raises(DeviceError), opened(device, size=(64, 64), fps=10):
            pass
    assert capfd.readouterr().err == ""


def test_no_camera_at_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "find_cameras", list)
    monkeypatch.setattr(cameras, "forbidden_cameras", list)
    with pytest.raises(DeviceError, match=r"No camera was found\. Plug one in"):
        choose_camera("default")


def test_a_camera_of_another_user_tells_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "find_cameras", list)
    monkeypatch.setattr(cameras, "forbidden_cameras", lambda: ["HD Webcam"])
    with pytest.raises(DeviceError, match=r"HD Webcam is connected.*usermod -aG video"):
        choose_camera("default")


def test_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "find_cameras", lambda: [FoundCamera("HD Webcam: HD Webcam", "v4l2", "/dev/video0")])
    with pytest.raises(DeviceError, match="There is 'HD Webcam: HD Webcam'"):
        choose_camera("Logitech: C920")


@pytest.mark.parametrize(
    ("device", "address"),
    [
        ("default", "/dev/video0"),
        ("HD Webcam: HD Webcam", "/dev/video0"),
        ("v4l2:/dev/v4l/by-id/second", "/dev/video2"),
        ("/dev/video2", "/dev/video2"),
        ("lavfi:color=red:size=64x64", "color=red:size=64x64"),
        ("/dev/video7", "/dev/video7"),
    ],
)
def test_a_camera_is_named_by_default_label_path_or_format(
    monkeypatch: pytest.MonkeyPatch, device: str, address: str
) -> None:
    found = [
        FoundCamera("HD Webcam: HD Webcam", "v4l2", "/dev/video0"),
        FoundCamera("v4l2:/dev/v4l/by-id/second", "v4l2", "/dev/video2"),
    ]
    monkeypatch.setattr(cameras, "find_cameras", lambda: found)
    assert choose_camera(device).address == address


def named(name: str, description: str, *kinds: str) -> DeviceInfo:
    return DeviceInfo(name, description, False, list(kinds))


@pytest.mark.parametrize(
    ("system", "listed", "expected"),
    [
        (
            "Linux",
            [named("/dev/video0", "Webcam: Webcam"), named("/dev/video2", "Beamer")],
            [("Webcam: Webcam", "/dev/video0"), ("Beamer", "/dev/video2")],
        ),
        (
            "Linux",
            [named("/dev/video0", "Same"), named("/dev/video2", "Same")],
            [("v4l2:/dev/video0", "/dev/video0"), ("v4l2:/dev/video2", "/dev/video2")],
        ),
        (
            "Darwin",
            [
                named("0", "FaceTime HD Camera", "video"),
                named("1", "Capture screen 0", "video"),
                named("0", "Built-in Microphone", "audio"),
            ],
            [("FaceTime HD Camera", "0:none")],
        ),
        (
            "Windows",
            [named("@device_pnp_1", "Integrated Camera", "video"), named("@device_cm_2", "Microphone", "audio")],
            [("Integrated Camera", "video=@device_pnp_1")],
        ),
        ("Plan9", [named("0", "Eye", "video")], []),
    ],
)
def test_cameras_are_listed_as_each_system_names_them(
    monkeypatch: pytest.MonkeyPatch, system: str, listed: list[DeviceInfo], expected: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(cameras, "enumerate_input_devices", lambda form: listed)
    assert [(camera.label, camera.address) for camera in find_cameras()] == expected


def test_the_second_node_of_a_webcam_and_forbidden_cameras_are_known_from_sysfs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for node, index in (("video0", "0"), ("video1", "1")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text("HD Webcam\n")
        (tmp_path / node / "index").write_text(index + "\n")
    monkeypatch.setattr(cameras, "_NODES", tmp_path)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    listed = [named("/dev/video0", "HD Webcam"), named("/dev/video1", "HD Webcam")]
    monkeypatch.setattr(cameras, "enumerate_input_devices", lambda form: listed)
    assert [camera.address for camera in find_cameras()] == ["/dev/video0"]
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert cameras.forbidden_cameras() == ["HD Webcam"]


class Refusing:
    """Stands in for libav's open of hardware that this machine does not have: refuses what the test says."""

    def __init__(self, answers: list[int | None]) -> None:
        self.answers = answers
        self.asked: list[dict[str, str]] = []

    def __call__(self, address: str, form: str, options: dict[str, str]) -> av.container.InputContainer:
        self.asked.append(options)
        code = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if code is not None:
            raise av.error.OSError(code, "refused", address)
        return av.open(f"testsrc2=size={options.get('video_size', '64x64')}", "r", format="lavfi")


def refusing(monkeypatch: pytest.MonkeyPatch, system: str, answers: list[int | None]) -> Refusing:
    form = cameras.CAMERA_FORMATS[system]
    fake = Refusing(answers)
    monkeypatch.setattr(cameras, "find_cameras", lambda: [FoundCamera("Webcam", form, "address")])
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(camera_module, "_open_device", fake)
    return fake


def test_a_camera_that_refuses_the_wishes_is_opened_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = refusing(monkeypatch, "Linux", [errno.EINVAL, errno.EINVAL, None])
    with opened("default", size=(1280, 720), fps=30) as camera:
        camera.read()
        assert camera.taken == 1
    assert fake.asked == [
        {"input_format": "mjpeg", "video_size": "1280x720", "framerate": "30"},
        {"video_size": "1280x720", "framerate": "30"},
        {"video_size": "1280x720"},
    ]


def test_a_small_picture_is_not_asked_for_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = refusing(monkeypatch, "Linux", [None])
    with opened("default", size=(640, 480), fps=30):
        assert fake.asked == [{"video_size": "640x480", "framerate": "30"}]


def test_a_mac_is_asked_for_30_before_libav_chooses_29_97(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = refusing(monkeypatch, "Darwin", [errno.EIO])
    with pytest.raises(DeviceError, match="System Settings, Privacy & Security, Camera"), opened("default"):
        pass
    assert fake.asked == [{"framerate": "30"}, {}]


@pytest.mark.parametrize(
    ("system", "code", "sentence"),
    [
        ("Linux", errno.EBUSY, "used by another program. Close that program"),
        ("Linux", errno.EACCES, "usermod -aG video"),
        ("Darwin", errno.EPERM, "privacy settings"),
        ("Windows", errno.EIO, "Close other programs that use it"),
        ("Linux", errno.ENODEV, "Plug it in"),
        ("Linux", errno.EIO, r"cannot be opened \(refused\)"),
    ],
)
def test_each_refusal_says_what_to_do_and_keeps_its_cause(
    monkeypatch: pytest.MonkeyPatch, system: str, code: int, sentence: str
) -> None:
    refusing(monkeypatch, system, [code])
    with pytest.raises(DeviceError, match=sentence) as caught, opened("default"):
        pass
    assert isinstance(caught.value.__cause__, av.FFmpegError)


def test_a_busy_camera_is_not_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = refusing(monkeypatch, "Linux", [errno.EBUSY])
    with pytest.raises(DeviceError), opened("default", size=(1280, 720), fps=30):
        pass
    assert len(fake.asked) == 1


def test_the_default_camera_is_the_same_one_again_wherever_it_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = FoundCamera("HD Webcam", "v4l2", "/dev/video0", "/dev/v4l/by-id/usb-mine")
    other = FoundCamera("Document camera", "v4l2", "/dev/video2", "/dev/v4l/by-id/usb-other")
    found = [mine, other]
    monkeypatch.setattr(cameras, "find_cameras", lambda: found)
    assert choose_camera("default") is mine
    found[:] = [other]
    known = KnownDevice(mine.identity, mine.label)
    # At the address that it had there is another one now.
    found[:] = [FoundCamera("Document camera", "v4l2", "/dev/video0", "/dev/v4l/by-id/usb-other")]
    for device in ("default", "/dev/video0"):
        with pytest.raises(DeviceError, match="'HD Webcam' is disconnected"):
            choose_camera(device, known)
    moved = FoundCamera("HD Webcam", "v4l2", "/dev/video4", "/dev/v4l/by-id/usb-mine")
    found[:] = [other, moved]
    assert choose_camera("default", known) is moved
    assert choose_camera("/dev/video0", known) is moved
    assert choose_camera("default") is other


def test_a_camera_is_known_by_a_path_that_stays_else_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node, by_path = tmp_path / "video0", tmp_path / "by-path"
    node.touch()
    by_path.mkdir()
    (by_path / "usb-1-2").symlink_to(node)
    monkeypatch.setattr(cameras, "_STABLE", (tmp_path / "by-id", by_path))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    infos = [DeviceInfo(str(node), "HD Webcam", False, []), DeviceInfo("/dev/video9", "Other", False, [])]
    monkeypatch.setattr(cameras, "enumerate_input_devices", lambda form: infos)
    assert [camera.identity for camera in find_cameras()] == [str(by_path / "usb-1-2"), "Other"]


@pytest.mark.parametrize(
    ("camera", "freezing"),
    [
        (FoundCamera("HD Webcam", "v4l2", "/dev/video0"), "noise"),
        (FoundCamera("OBSBOT Tiny", "dshow", "video=OBSBOT"), "noise"),
        (FoundCamera("OBS Virtual Camera", "dshow", "video=OBS"), "alarm"),
        (FoundCamera("Loopback", "v4l2", "/dev/video9"), "alarm"),
        (FoundCamera("USB3 Video: USB3 Video", "v4l2", "/dev/video2"), "alarm"),
        (FoundCamera("Cam Link 4K", "avfoundation", "1"), "alarm"),
        (FoundCamera("HDMI to U3 capture", "dshow", "video=HDMI"), "alarm"),
        (FoundCamera("mjpeg:http://host/", "mjpeg", "http://host/"), "alarm"),
        (FoundCamera("lavfi:color", "lavfi", "color"), "ignore"),
    ],
)
def test_a_picture_that_stands_still_can_be_a_loss_for_cameras_with_a_sensor_only(
    camera: FoundCamera, freezing: str
) -> None:
    assert camera_module._freezing(camera) == freezing
