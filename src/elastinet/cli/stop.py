"""`elastinet stop`."""

import os
import signal
import time

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json
from elastinet.serve import places

PATIENCE_SECONDS = 20


def stop(port: Port = None, state: State = None, json: Json = False) -> None:
    """Stop the server; its instances' namespaces go with it, its state stays."""
    server = find_server(port, state)
    os.kill(server.pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE_SECONDS
    while places.is_alive(server.pid):
        if time.monotonic() > end:
            raise CommandFailure(f"process {server.pid} does not end")
        time.sleep(0.02)
    if json:
        print_json({"stopped": server.url})
    else:
        print(f"stopped {server.url}")
