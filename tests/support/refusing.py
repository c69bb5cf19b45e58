"""An endpoint that refuses some operations, as AWS does to who may not call them, and passes on all others."""

import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

REFUSAL = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.</Message>"
    "</Error></Errors><RequestID>r</RequestID></Response>"
)


@contextmanager
def refusing(url: str, *operations: str, instead: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Serve in front of a server, whose answers have other texts instead of some; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if any(f"Action={name}&".encode() in body + b"&" for name in operations):
                self.say(403, REFUSAL.encode())
                return
            passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            with urllib.request.urlopen(urllib.request.Request(url, body, passed), timeout=30) as reply:
                text = reply.read().decode()
            for old, new in instead.items():
                text = text.replace(old, new)
            self.say(200, text.encode())

        def say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
