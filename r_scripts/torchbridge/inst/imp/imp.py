"""What reticulate before 1.33 asks of the module imp, which Python 3.12 no longer has.

On the path only while reticulate starts such a Python (start_reticulate() in python-start.R).
"""

from importlib.util import find_spec


def find_module(name: str) -> tuple[None, str | None]:
    """Nothing, and where the module lies: a package's folder, a module's file."""
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"No module named {name!r}")
    folders = spec.submodule_search_locations
    return None, next(iter(folders)) if folders else spec.origin
