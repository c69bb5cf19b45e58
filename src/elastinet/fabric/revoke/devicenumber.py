"""A device's number as some of the kernel's answers show it (kdev_t.h), and as stat(2) tells it."""

import os

MINOR_BITS = 20


def inside(device: int) -> int:
    """The kernel's own number of a device."""
    return os.major(device) << MINOR_BITS | os.minor(device)


def outside(number: int) -> int:
    """The device of one of the kernel's own numbers."""
    return os.makedev(number >> MINOR_BITS, number & ((1 << MINOR_BITS) - 1))
