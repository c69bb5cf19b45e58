"""One long-lived thread per network namespace: it enters the namespace once and does jobs there in order."""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from elastinet.fabric import kernel

T = TypeVar("T")
Job = Callable[[], None]


class Worker:
    """A thread inside a network namespace (a new one if none is given), and its queue of jobs."""

    def __init__(self, name: str, namespace: int | None) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._namespace = None if namespace is None else os.dup(namespace)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Have a job done in the namespace."""
        future: Future[T] = Future()

        def job() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self._jobs.put(job)
        return future

    def call(self, work: Callable[[], T]) -> T:
        """Have a job done in the namespace, and wait for it."""
        return self.submit(work).result()

    def stop(self) -> None:
        """End the thread after the jobs it has."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        if self._namespace is None:
            kernel.unshare(kernel.CLONE_NEWNET)
        else:
            kernel.setns(self._namespace, kernel.CLONE_NEWNET)
            os.close(self._namespace)
        while job := self._jobs.get():
            job()
