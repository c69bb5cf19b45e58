"""Where programs are, found without the standard library's way, which loads the compressors' libraries.

Each library that the spawner has is copied at every fork of it.
"""

import os


def find(name: str, path: str) -> str | None:
    """The first file of this name along a search path that may be executed; None for none."""
    places = (os.path.join(folder, name) for folder in path.split(os.pathsep) if folder)
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), None)
