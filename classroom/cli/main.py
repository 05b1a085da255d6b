"""The commands. Errors become sentences and exit codes here, and nowhere else.

Standard output carries data, standard error carries messages. Exit codes: 0 success, 1 failure, 2 wrong input,
3 cannot connect or bind.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from classroom import __version__
from classroom.cli.interrupt import run_to_completion
from classroom.cli.terminal import open_standard_files, safe_output
from classroom.common.errors import ClassroomError, Fault
from classroom.common.free_memory import stay_within_limit
from classroom.common.limited_log import LimitedLogFilter
from classroom.common.paths import config_folder

__all__ = ["main"]

logger = logging.getLogger(__name__)

_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, getattr(errno, "EDQUOT", errno.ENOSPC)})

_UNWRITTEN = "classroom: the output could not be written: {}"

BENCHES = ("mix", "latency", "switch", "join", "fanout")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    open_standard_files()
    # A log line that cannot be written must not cause a traceback.
    logging.raiseExceptions = False
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows a question mark instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    with safe_output(lasting=False):
        try:
            options = _parser().parse_args(arguments)
        except SystemExit as ended:  # after --help, and after a fault that argparse reported
            raise SystemExit(_written(int(ended.code or 0))) from None
    with safe_output(lasting=options.run in (_teach, _signal) and not getattr(options, "check", False)):
        _set_up_log(options.debug)
        return _written(_carry_out(options))


def _carry_out(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except ClassroomError as fault:
        if options.debug:
            logger.exception("%s", type(fault).__name__)
        print(f"classroom: {fault}" if fault.exit_code != 2 else str(fault), file=sys.stderr)
        return fault.exit_code
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 1
    except MemoryError:
        print(
            "classroom: out of memory, so it stopped. Close other programs, or give it more memory, "
            "and start it again.",
            file=sys.stderr,
        )
        return 1
    except Exception as fault:  # the last resort: a person reads this message, --debug shows the rest
        if isinstance(fault, OSError) and fault.errno in _CANNOT_WRITE:
            print(_UNWRITTEN.format(fault), file=sys.stderr)
            return 1
        if options.debug:
            logger.exception("unexpected")
        print(
            f"classroom: something unexpected went wrong ({type(fault).__name__}: {fault}). "
            "Run it again with --debug and report what it prints.",
            file=sys.stderr,
        )
        return 1


def _written(code: int) -> int:
    """Flush standard output; return the exit code, which is not 0 where data was lost.

    The reader of our output may have gone, such as `head`. That is not a fault.
    """
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as fault:
        if not isinstance(fault, BrokenPipeError) and not code:
            print(_UNWRITTEN.format(fault), file=sys.stderr)
        with contextlib.suppress(OSError, ValueError):
            # The interpreter's own flush at exit must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="classroom", description="Give a live lesson from one computer: one program, many student browsers."
    )
    parser.add_argument("--version", action="version", version=f"classroom {__version__}")
    parser.set_defaults(run=lambda options: _show_help(parser), debug=False)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        each = commands.add_parser(name, help=text, description=text)
        each.add_argument("--debug", action="store_true", help="show internal messages and tracebacks")
        each.set_defaults(run=run)
        return each

    _add_teach_options(
        command("teach", _teach, "Run a lesson; without a file, one made from the devices of this computer.")
    )
    _add_signal_options(
        command("signal", _signal, "Serve only the signaling, instead of Chromium's peerconnection_server.")
    )

    for each in (
        command("check", _check, "Validate a lesson file, and open its slides, without starting anything."),
        command("rehearse", _rehearse, "Run through a lesson's cues in seconds, without any device, and check them."),
    ):
        each.add_argument("lesson", type=Path, metavar="LESSON.yaml")

    command("devices", _devices, "List cameras, microphones and screens with the text to put into a lesson.")
    schema = command("schema", _schema, "Print the JSON Schema of the lesson file.")
    schema.add_argument(
        "--pages", action="store_true", help="print the types of what the pages send and get, in TypeScript, instead"
    )

    _add_remote_options(
        command("remote", _remote, "Send one command to a running lesson and print the result as JSON.")
    )

    _add_bench_options(command("bench", _bench, "Measure this machine; one JSON object on standard output."))
    return parser


def _show_help(parser: argparse.ArgumentParser) -> int:
    """What there is, for somebody who gave no command."""
    parser.print_help(sys.stderr)
    return 2


def _add_teach_options(teach: argparse.ArgumentParser) -> None:
    teach.add_argument("lesson", nargs="?", type=Path, metavar="LESSON.yaml")
    teach.add_argument("--host", help="address to listen on (default: the lesson's, else all)")
    teach.add_argument("--port", type=_port, help="port to listen on (default: the lesson's, else 8888)")
    teach.add_argument(
        "--token",
        help="the teacher's token; others on this computer can read it in the list of processes, so prefer "
        "CLASSROOM_TOKEN (default: that, else the lesson's, else a new one for each run)",
    )
    teach.add_argument(
        "--signaling",
        type=_signaling_server,
        metavar="URL",
        help="join another peerconnection_server, such as http://host:8888, instead of serving the signaling",
    )
    teach.add_argument(
        "--relay",
        action="store_true",
        help="start an installed coturn beside the lesson, for students whose network blocks UDP",
    )
    teach.add_argument(
        "--relay-port",
        type=_port,
        metavar="PORT",
        help="start coturn on this port, TCP and UDP; 0 is any free one (default: 3478, else the next free one)",
    )
    teach.add_argument("--demo", action="store_true", help="run a lesson that needs no devices")
    teach.add_argument("--check", action="store_true", help="start every source, report, and exit")
    teach.add_argument(
        "--quiet", action="store_true", help="do not print the token, for when a log keeps what is printed"
    )
    teach.add_argument(
        "--fresh", action="store_true", help="start from the beginning, and do not continue an interrupted lesson"
    )


def _add_signal_options(signal: argparse.ArgumentParser) -> None:
    signal.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")
    signal.add_argument("--port", type=_port, default=8888, help="port to listen on (default: 8888)")
    signal.add_argument("--allow-quit", action="store_true", help="let anyone stop the server with GET /quit")


def _add_remote_options(remote: argparse.ArgumentParser) -> None:
    remote.add_argument("url", metavar="URL", help="the lesson's address, such as http://192.168.1.20:8888")
    remote.add_argument("method", metavar="METHOD", help="such as program.switch; 'methods' lists all")
    remote.add_argument(
        "params", nargs="*", metavar="KEY=VALUE", default=[], help="such as scene=desk; others are written as in JSON"
    )
    remote.add_argument(
        "--authority",
        type=Path,
        metavar="FILE",
        help="the certificate of the lesson's authority, from its page /trust (default: that of this computer)",
    )
    remote.add_argument("--token", help="the teacher's token; prefer CLASSROOM_TOKEN, which is the default")


def _add_bench_options(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("name", choices=BENCHES, help="what to measure")
    bench.add_argument("--seconds", type=float, default=None, help="how long each part is measured")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 (any free one) to 65535")
    return int(text)


def _signaling_server(text: str) -> str:
    from classroom.signaling.client import ServerAddress

    try:
        return ServerAddress.parse(text).text
    except ValueError:
        raise argparse.ArgumentTypeError("a signaling server is an address such as http://host:8888") from None


def _set_up_log(debug: bool) -> None:
    if debug:
        logging.basicConfig(
            level=logging.DEBUG,
            format="%(name)s: %(message)s",
            handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
        )
        # Nobody reads a line about every packet of every student.
        for chatty in ("aiortc", "aioice", "websockets", "asyncio", "PIL"):
            logging.getLogger(chatty).setLevel(logging.INFO)
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LimitedLogFilter())
    logging.basicConfig(level=logging.WARNING, format="classroom: %(message)s", handlers=[handler])
    for chatty in ("aiortc", "aioice", "aiohttp", "websockets", "libav", "zeroconf"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def _teach(options: argparse.Namespace) -> int:
    stay_within_limit()
    from classroom.cli.teach import TeachOptions, teach
    from classroom.server.own_relay import RelayOptions

    if options.demo and options.lesson is not None:
        print("classroom: write a lesson file or --demo, not both.", file=sys.stderr)
        return 2
    chosen = TeachOptions(
        file=config_folder() / "demo.yaml" if options.demo else options.lesson,
        host=options.host,
        port=options.port,
        token=options.token or os.environ.get("CLASSROOM_TOKEN") or None,
        signaling=options.signaling,
        check=options.check,
        debug=options.debug,
        quiet=options.quiet,
        relay=RelayOptions(options.relay_port) if options.relay or options.relay_port is not None else None,
        fresh=options.fresh,
    )
    return run_to_completion(teach(chosen))


def _signal(options: argparse.Namespace) -> int:
    from classroom.cli.signal import signal

    return run_to_completion(signal(host=options.host, port=options.port, allow_quit=options.allow_quit))


def _check(options: argparse.Namespace) -> int:
    from classroom.cli.check import check

    checked = check(options.lesson)
    for line in checked.found:
        print(line, file=sys.stderr)
    well = "written correctly; `classroom teach --check` tries the devices too"
    return _verdict(options.lesson, checked.faults, checked.notes, well=well)


def _rehearse(options: argparse.Namespace) -> int:
    from classroom.cli.rehearse import rehearse

    rehearsal = rehearse(options.lesson)
    if rehearsal.steps:
        table = Table(box=None, title_justify="left")
        for heading in ("time", "cue", "scene", "shows", "slide"):
            table.add_column(heading)
        for step in rehearsal.steps:
            table.add_row(*step.cells())
        Console(soft_wrap=True).print(table, markup=False)
    return _verdict(options.lesson, rehearsal.faults, rehearsal.notes, well="no problems found")


def _verdict(file: Path, faults: Sequence[Fault], notes: Sequence[Fault], *, well: str) -> int:
    """Print what is wrong with a lesson file and what is worth a word, and say how it is; the exit code."""
    for fault in faults:
        print(fault)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{file}: {_counted(len(faults), 'fault') if faults else well}", file=sys.stderr)
    return 2 if faults else 0


def _devices(options: argparse.Namespace) -> int:
    from classroom.media.devices import list_devices

    devices = list_devices()
    console = Console(soft_wrap=True)
    for title, found in (
        ("Cameras", devices.cameras),
        ("Microphones", devices.microphones),
        ("Computer sound", devices.computer),
        ("Screens", devices.screens),
    ):
        table = Table(title=title, title_justify="left", show_header=bool(found), box=None)
        table.add_column("device")
        table.add_column("text for the lesson file")
        for device in found:
            table.add_row(device.label, device.yaml)
        if not found:
            table.add_row("none", "")
        console.print(table, markup=False)
    for note in devices.notes:
        print(note, file=sys.stderr)
    return 0


def _schema(options: argparse.Namespace) -> int:
    if options.pages:
        from classroom.cli.page_types import page_types

        sys.stdout.write(page_types())
        return 0
    from classroom.lesson import schema_text

    sys.stdout.write(schema_text())
    return 0


def _remote(options: argparse.Namespace) -> int:
    from classroom.cli.remote import remote

    return remote(
        address=options.url,
        method=options.method,
        params=options.params,
        token=options.token,
        authority=options.authority,
    )


def _bench(options: argparse.Namespace) -> int:
    from importlib import import_module

    module = import_module(f"classroom.bench.{options.name}")
    result: dict[str, Any] = module.run(options.seconds)
    Console(stderr=True).print(module.table(result))
    print(json.dumps(result, indent=2))
    return 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
