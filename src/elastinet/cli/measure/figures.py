"""Rates, bytes and times as text."""


def rate(bps: float) -> str:
    """Bits a second."""
    return _scaled(bps, 1000, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"))


def size(octets: float) -> str:
    """Bytes."""
    return _scaled(octets, 1000, ("B", "kB", "MB", "GB", "TB", "PB", "EB"))


def short(seconds: float) -> str:
    """A span of time that may be far below a second."""
    return time(seconds) if seconds >= 0.9995 else _scaled(seconds * 1e6, 1000, ("us", "ms"))


def time(seconds: float) -> str:
    """A time since the beginning, or a span of time."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days} d " if days else "") + f"{hours}:{minutes:02}:{rest:02}"


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    power = 0
    while abs(value) >= base * 0.9995 and power < len(units) - 1:
        value, power = value / base, power + 1
    return f"{value:.3f} {units[power]}" if power else f"{value:.0f} {units[0]}"
