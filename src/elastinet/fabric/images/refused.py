"""Why something is no image that can be had here."""


class RefusedError(Exception):
    """One sentence about an image, for who wants it."""
