"""One long-lived thread per network namespace: it enters the namespace once and does jobs there in order."""

import errno
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from elastinet.fabric.kernel import kernel

T = TypeVar("T")
Job = Callable[[], None]


class Worker:
    """A thread inside a network namespace (a new one if none is given), and its queue of jobs."""

    def __init__(self, name: str, namespace: int | None) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._namespace = None if namespace is None else os.dup(namespace)
        self._fault: OSError | None = None
        try:
            self._thread = start_thread(self._run, name)
        except OSError:
            self._leave()
            raise

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Have a job done in the namespace."""
        future: Future[T] = Future()

        def job() -> None:
            try:
                if self._fault:
                    raise self._fault
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
        try:
            self._enter()
        except OSError as error:
            self._fault = error  # every job hears of it: who waits would wait for ever
        finally:
            self._leave()
        while job := self._jobs.get():
            job()

    def _enter(self) -> None:
        if self._namespace is None:
            kernel.unshare(kernel.CLONE_NEWNET)
        else:
            kernel.setns(self._namespace, kernel.CLONE_NEWNET)

    def _leave(self) -> None:
        """Close the descriptor that was needed to enter."""
        if self._namespace is not None:
            os.close(self._namespace)
            self._namespace = None


def start_thread(work: Job, name: str | None = None) -> threading.Thread:
    """Start a thread that ends with the process; OSError where the machine has no room for one."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, f"no thread could be started: {error}") from error
    return thread
