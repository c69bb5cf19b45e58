"""Interfaces that a command has for itself, from before it starts until it has ended."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from elastinet.fabric.contract.messages import Bind
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.port import GuestInterface
from elastinet.fabric.kernel.loop import Loop, complain

Bound = Callable[[str], None]
"""Hears that the interfaces are bound, or in one line why none of them is."""


class Binder:
    """Binds interfaces for commands; everything but the work itself happens in the agent's own thread."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def bind(self, process: GuestProcess, wanted: Sequence[Bind], bound: Bound) -> list[GuestInterface]:
        """Take interfaces from a guest's kernel; gives their ports, to be released whatever happens."""
        refusal = next(filter(None, (_refusal(process, bind) for bind in wanted)), "")
        if refusal:
            bound(refusal)
            return []
        sizes = {bind.interface: bind.mtu for bind in wanted}
        ports = [process.ports[id] for id in sizes]
        try:
            for port in ports:
                port.bind(process.namespace, sizes[port.interface.id])
        except OSError as error:
            why = str(error)
            self.release(ports, lambda: bound(why))
            return []
        self._when_all([port.binding.bind() for port in ports if port.binding], bound)
        return ports

    def release(self, ports: Sequence[GuestInterface], released: Callable[[], None]) -> None:
        """Give interfaces back; what was lost meanwhile has been released then."""
        bindings = [port.binding for port in ports if port.binding]

        def done(error: str) -> None:
            if error:
                complain(f"not given back: {error}")
            for port in ports:
                port.binding = None
            for binding in bindings:
                binding.close()
            released()

        self._when_all([binding.release() for binding in bindings], done)

    def _when_all(self, futures: Sequence["Future[None]"], done: Bound) -> None:
        """Call back when the last of some jobs is over, with what went wrong."""
        if not futures:
            done("")
        left = set(futures)

        def over(future: "Future[None]") -> None:
            left.discard(future)
            if not left:
                done("; ".join(str(error) for one in futures if (error := one.exception())))

        for future in futures:
            future.add_done_callback(lambda one: self._loop.soon(lambda: over(one)))


def _refusal(process: GuestProcess, bind: Bind) -> str:
    """The reason why a guest's interface cannot be bound; "" if it can."""
    port = process.ports.get(bind.interface)
    if port is None:
        return f"{bind.interface} is not in {process.guest.id}"
    if port.binding is not None:
        return f"{port.interface.device} of {process.guest.id} is taken: another program has it for itself"
    if port.interface.mediated:
        return (
            f"{port.interface.device} of {process.guest.id} is no device: the hypervisor carries its packets"
        )
    return ""
