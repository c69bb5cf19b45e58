"""A server that ends with whoever holds its input: python -m elastinet.serve.held SETTINGS.

However a test run or a lab ends, by Ctrl-C, by a fault or by `kill -9`, the kernel closes what it held.
"""

import json
import os
import signal
import sys
import threading
import time

import msgspec

from elastinet.config import ConfigError, load
from elastinet.serve.listening import ListenError, listen
from elastinet.serve.supervisor import StartError, Supervisor, check_fabric, lock

AGAIN_SECONDS = 0.2


def main() -> None:
    """Say on stdout, in one line, which server it is, and serve until the input ends."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # until there is something to end
    os.umask(0o077)
    try:
        config = load(json.loads(sys.argv[1]))
        check_fabric(config)
        lock(config.state_folder)  # as long as this process lives
        supervisor = Supervisor(config, *listen(config))
    except (ConfigError, StartError, ListenError, OSError) as error:
        sys.exit(f"elastinet: {error}")
    print(msgspec.json.encode(supervisor.server(os.getpid())).decode(), flush=True)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_input, daemon=True).start()
    sys.exit(supervisor.serve())


def _end_with_input() -> None:
    """Have the server end when nobody holds its input any more; before it serves, it does not hear that."""
    while os.read(0, 4096):
        pass
    while True:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    main()
