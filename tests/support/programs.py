"""Programs that a test has run beside it."""

import subprocess
from types import TracebackType


class Program(subprocess.Popen):  # type: ignore[type-arg]
    """A program that is killed if the block that it runs in fails; else the block's end waits for its own."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)
