"""Ancestors of a PID or user namespace (ioctl_ns(2))."""

import os
from fcntl import ioctl

NS_GET_USERNS, NS_GET_PARENT = 0xB701, 0xB702


def lineage(namespace: int) -> list[int]:
    """The inode numbers of a namespace and of those above it, up to the agent's own; takes the descriptor.

    One that is not below the agent's own stands alone: what is above it is not to be seen.
    """
    numbers = []
    while True:
        try:
            numbers.append(os.fstat(namespace).st_ino)
            above = ioctl(namespace, NS_GET_PARENT)
        except PermissionError:
            return numbers
        finally:
            os.close(namespace)
        namespace = above


def owner(namespace: int) -> int:
    """A descriptor of the user namespace that owns one; PermissionError if it is above the agent's own."""
    return ioctl(namespace, NS_GET_USERNS)
