"""A git server over HTTPS on 127.0.0.1: git's own http-backend behind a self-made certificate."""

import datetime
import ipaddress
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.git.world import environment


@dataclass
class GitServer:
    """`allowed` is the Authorization header that opens it; `seen` every one that came."""

    root: Path
    allowed: str
    certificate: Path
    url: str = ""
    status: int = 401
    redirect: str | None = None
    seen: list[str | None] = field(default_factory=list)


@contextmanager
def serving(server: GitServer) -> Iterator[GitServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    listener.daemon_threads = True
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    server.url = f"https://127.0.0.1:{listener.server_address[1]}/remote.git"
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def make_certificate(file: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(_body(self))

        def log_message(self, *_: object) -> None:
            """The tests look at `seen` instead."""

        def _serve(self, body: bytes) -> None:
            server.seen.append(self.headers["Authorization"])
            if server.redirect:
                self.send_response(302)
                self.send_header("Location", server.redirect + self.path.removeprefix("/remote.git"))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.headers["Authorization"] != server.allowed:
                self.send_error(server.status)
            else:
                self._answer(_backend(server.root, self, body))

        def _answer(self, cgi: bytes) -> None:
            head, _, content = cgi.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split(" ")[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers["Transfer-Encoding"] != "chunked":
        return request.rfile.read(int(request.headers["Content-Length"]))
    content = b""
    while size := int(request.rfile.readline(), 16):
        content += request.rfile.read(size)
        request.rfile.readline()
    return content


def _backend(root: Path, request: BaseHTTPRequestHandler, body: bytes) -> bytes:
    path, _, query = request.path.partition("?")
    variables = {
        "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
        "REQUEST_METHOD": request.command, "CONTENT_TYPE": request.headers["Content-Type"] or "",
        "CONTENT_LENGTH": str(len(body)), "HTTP_CONTENT_ENCODING": request.headers["Content-Encoding"] or "",
        "GIT_PROTOCOL": request.headers["Git-Protocol"] or "", "REMOTE_USER": "sopwith",
    }  # fmt: skip
    command = ["git", "http-backend"]
    return subprocess.run(
        command, input=body, env={**environment(), **variables}, stdout=subprocess.PIPE, check=True
    ).stdout
