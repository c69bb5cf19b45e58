"""The root file systems of images that were brought here: folders that all instances of an image share.

The contract is imported where an image is asked for: what a spawner without images does not load makes
each of its forks cheaper.
"""

import os
from dataclasses import replace
from pathlib import Path

from elastinet.fabric.guest import containers, idmap, tools, trust
from elastinet.fabric.guest.rootfs import RootImage
from elastinet.fabric.kernel import isolate

MOST_LAYERS = 100
LIVE = frozenset(("proc", "sys", "dev", "run", "tmp"))
Layers = tuple[str, ...]


class Contents:
    """The contents below a folder, as images of guests; the machine's own userland is `machine`."""

    def __init__(self, folder: Path, machine: RootImage, authority: str | None) -> None:
        self._folder, self._machine, self._authority = folder, machine, authority
        self._known: dict[Layers, RootImage] = {}

    def image(self, layers: Layers) -> RootImage:
        """The image of some contents, the uppermost first; raises OSError where one is not there."""
        if not layers:
            return self._machine
        if layers not in self._known or not all(map(self._is_there, layers)):
            self._known[layers] = self._made(layers)
        return self._known[layers]

    def _is_there(self, content: str) -> bool:
        from elastinet.fabric.contract.content import is_there

        return is_there(self._folder, content)

    def _made(self, layers: Layers) -> RootImage:
        from elastinet.fabric.contract import content as contents

        if len(layers) > MOST_LAYERS:
            raise OSError(f"its image has more than {MOST_LAYERS} layers")
        tools.lay()
        roots = tuple(str(self._root(content)) for content in layers)
        about = contents.read(self._folder, layers[-1])
        if about.over_machine:
            return self._over_machine(roots)
        return replace(self._whole(layers, roots), cloud_init=about.cloud_init, systemd=about.systemd)

    def _root(self, content: str) -> Path:
        """The files of a content, which belong to the ids that guests have now."""
        from elastinet.fabric.contract.content import IDS, ROOT

        if not self._is_there(content):
            raise OSError(f"the file system of its image is gone: there is no content {content[:64]!a} here")
        place, first = self._folder / content, self._machine.ids.first
        kept = place / IDS
        before = int(kept.read_text(encoding="utf-8"))
        if before != first and not self._machine.rootless:
            idmap.give(place / ROOT, first, before)
            fresh = place / "ids.fresh"
            fresh.write_text(str(first), encoding="utf-8")
            fresh.rename(kept)
        return place / ROOT

    def _whole(self, layers: Layers, roots: tuple[str, ...]) -> RootImage:
        machine = self._machine
        if self._authority is not None or machine.env or machine.podman or machine.trusts_locals:
            *above, lowest = roots
            roots = (*above, str(self._trusting(layers[-1], lowest)), lowest)
        return replace(self._machine, lowers={"": roots}, links={}, has_tools=True)

    def _trusting(self, content: str, root: str) -> Path:
        """One more layer over an image's lowest: there it trusts our authority, too, and has our settings.

        Copies of instances lie above it: they have it by what their instance had, with all that it has added.
        """
        layer = Path(isolate.PRIVATE, f"trust-{content}")
        if not layer.is_dir():
            layer.mkdir()
            layer.chmod(0o755)
            ours, machine = trust.Layer(layer, Path(root)), self._machine
            containers.settle(ours, machine.podman)
            if self._authority is not None or machine.env or machine.trusts_locals:
                ours.fill(self._authority or "", machine.env, local=machine.trusts_locals)
            if self._machine.ids.is_shifted:
                idmap.give(layer, self._machine.ids.first)
        return layer

    def _over_machine(self, roots: tuple[str, ...]) -> RootImage:
        """What an instance of this machine's userland has changed, over that."""
        lowers = dict(self._machine.lowers)
        for root in reversed(roots):
            with os.scandir(root) as found:
                own = [e.name for e in found if e.is_dir(follow_symlinks=False) and e.name not in LIVE]
            for name in own:
                lowers[name] = (f"{root}/{name}", *lowers.get(name, ()))
        return replace(self._machine, lowers=lowers, has_tools=True)
