"""nginx and Caddy as Debian has them, with the configurations of ``docs/proxy.md``, started by a test on the loopback.

The blocks are taken out of the document and changed only where a test must: ports, names, the places of files, and
time limits. A block that is no longer there, or has no such place any more, fails the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.free_port import free_port

__all__ = ["HostLine", "Kind", "Proxy", "proxy_in_front"]

Kind = Literal["nginx", "caddy"]
HostLine = Literal["$http_host", "$host", ""]
"""What nginx says by which name it was asked; nothing is its default, the address of the lesson."""

_DOCUMENT = Path(__file__).parents[2] / "docs" / "proxy.md"
_PORT = "127.0.0.1:8888"


@dataclass(frozen=True)
class Proxy:
    """A running proxy; ``address`` is where it shows the lesson, without a slash at its end."""

    kind: Kind
    address: str
    plain: str
    authority: Path
    log: Path


def _blocks(language: str) -> list[str]:
    """The blocks of a language in the document, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", _DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def _swap(text: str, old: str, new: str) -> str:
    assert old in text, f"docs/proxy.md no longer has: {old}"
    return text.replace(old, new)


def _make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def _nginx(
    folder: Path, lesson: int, ports: tuple[int, int], path: str, strips: bool, limit: int | None, host: HostLine
) -> str:
    whole, under, old = _blocks("nginx")
    if path:
        under = _swap(under, "location /lesson/", f"location {path}/")
        under = _swap(under, "/var/log/nginx/lesson.log", f"{folder}/access.log")
        whole, found = re.subn(r"^    location / \{\n.*?^    \}\n", lambda _: under + old, whole, flags=re.M | re.S)
        assert found == 1
    if strips:
        whole = _swap(whole, f"    location {path}/ {{\n        proxy_pass http://{_PORT};",
                      f"    location {path}/ {{\n        proxy_pass http://{_PORT}/;")  # fmt: skip
    certificate, key = _make_certificate(folder)
    line = "        proxy_set_header Host              $http_host;\n"
    for before, after in (
        ("listen 80;", f"listen 127.0.0.1:{ports[0]};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{ports[1]} ssl http2;"),
        ("/etc/letsencrypt/live/lesson.school.example/fullchain.pem", str(certificate)),
        ("/etc/letsencrypt/live/lesson.school.example/privkey.pem", str(key)),
        ("/var/log/nginx/lesson.log", f"{folder}/access.log"),
        ("lesson.school.example", "localhost"),
        (line, line.replace("$http_host", host) if host else ""),
    ):
        whole = _swap(whole, before, after)
    if not host:  # as nginx comes, it says nothing of the name at all
        whole = re.sub(r".*X-Forwarded-Host.*\n", "", whole)
    whole = _swap(whole, _PORT, f"127.0.0.1:{lesson}")
    if limit is not None:
        whole = re.sub(r"(proxy_pass .*;\n)(?!.*read_timeout)", rf"\1        proxy_read_timeout {limit}s;\n", whole)
    places = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if hasattr(os, "getuid") and os.getuid() == 0 else ""
    return (
        f"{user}worker_processes 1;\npid {folder}/nginx.pid;\nevents {{ worker_connections 512; }}\n"
        f"http {{\n{places}    access_log off;\n{whole}}}\n"
    )


def _caddy(folder: Path, lesson: int, ports: tuple[int, int], path: str, strips: bool, limit: int | None) -> str:
    whole, under = _blocks("caddyfile")
    text = under if path else whole
    certificate, key = _make_certificate(folder)
    site = "school.example {" if path else "lesson.school.example {"
    text = _swap(text, site, f"https://localhost:{ports[1]} {{\n    tls {certificate} {key}")
    if path:
        text = _swap(text, "/lesson", path)
    if strips:
        text = _swap(text, "handle ", "handle_path ")
    patience = "" if limit is None else f" {{\n transport http {{\n response_header_timeout {limit}s\n }}\n }}"
    text = _swap(text, f"reverse_proxy {_PORT}", f"reverse_proxy 127.0.0.1:{lesson}{patience}")
    options = f"admin off\n    grace_period 100ms\n    auto_https disable_redirects\n    http_port {ports[0]}"
    return f"{{\n    {options}\n}}\n{text}"


def _program(kind: Kind) -> str:
    found = shutil.which(kind, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{kind} was not found. Install it: .ci/system-packages tests")
        pytest.skip(f"no {kind} on this machine")
    return found


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[dict[str, str]]:
    yield {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


@contextlib.asynccontextmanager
async def proxy_in_front(
    kind: Kind,
    folder: Path,
    lesson: int,
    *,
    port: int,
    path: str = "",
    strips: bool = False,
    limit: int | None = None,
    host: HostLine = "$http_host",
    keeps: bool = False,
) -> AsyncIterator[Proxy]:
    """A proxy in front of the lesson at a port of this machine.

    Args:
        kind: which.
        folder: an empty one, for its files.
        lesson: the lesson's port.
        port: where the proxy listens with TLS.
        path: under which it shows the lesson, as ``/lesson``.
        strips: takes the path away, instead of passing it on.
        limit: seconds after which it ends a silent request, instead of its own limit.
        host: what it says by which name it was asked; nginx only.
        keeps: keeps its connections to the lesson for the next requests, as Caddy always does.
    """
    ports = (free_port(), port)
    program = _program(kind)
    configuration, log = folder / f"{kind}.conf", folder / "error.log"
    if kind == "nginx":
        text = _nginx(folder, lesson, ports, path, strips, limit, host)
        if keeps:
            text = text.replace(f"proxy_pass http://127.0.0.1:{lesson}", "proxy_pass http://lesson")
            kept = f"upstream lesson {{ server 127.0.0.1:{lesson}; keepalive 8; }}\n"
            text = text.replace("http {\n", f"http {{\n{kept}", 1)
        command = [program, "-p", str(folder), "-c", str(configuration), "-e", str(log), "-g", "daemon off;"]
    else:
        text = _caddy(folder, lesson, ports, path, strips, limit)
        command = [program, "run", "--config", str(configuration), "--adapter", "caddyfile"]
    configuration.write_text(text, "utf-8")
    with _environment(folder) as environment, log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            await _until_it_listens(process, ports[1], log)
            address, plain = f"https://localhost:{port}{path}", f"http://127.0.0.1:{ports[0]}"
            yield Proxy(kind, address, plain, folder / "certificate.pem", log)
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 15)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _until_it_listens(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    async with asyncio.timeout(30):
        while True:
            if process.returncode is not None:
                pytest.fail(await asyncio.to_thread(log.read_text, "utf-8", "replace"))
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
