"""Routed networking for guests, from a few options in /etc/network/interfaces.

Modules of this package that Python has compiled are found here without a search, for each `ifup` and `attach` waits
for them (docs/design.md, "Speed"). All else is left to Python's own import system.
"""

import _frozen_importlib_external as _external
import marshal
import posix
import sys

_Spec = _external._bootstrap.ModuleSpec
_TAG = f".{sys.implementation.cache_tag}"
# The package is compiled twice when it is installed: without docstrings there is a third less to load (PEP 488).
_SUFFIXES = (f"{_TAG}.opt-2.pyc", f"{_TAG}.pyc")
_NOTHING = memoryview(b"")
_HEADER_BYTES = 16  # magic number, flags, the source's mtime and its size (PEP 552)


class Compiled:
    """Finds and loads a compiled module of ours, unless it is not compiled, or not from its source as it is now."""

    def __init__(self, code: memoryview) -> None:
        self._code = code

    @classmethod
    def find_spec(cls, name: str, _path: object = None, _target: object = None) -> object:
        """The spec of a module (importlib.abc.MetaPathFinder); None leaves it to Python."""
        if not name.startswith(f"{__name__}."):
            return None
        path = name[len(__name__) + 1 :].replace(".", "/")
        place = f"{__path__[0]}/{path}"
        directory, _, file = place.rpartition("/")
        source = f"{place}.py"
        if "/" not in path and (room := _room(name, place)):  # most of what stands here is a room
            return room
        for suffix in _SUFFIXES:
            code = _compiled(f"{directory}/__pycache__/{file}{suffix}", source)
            if code is not None:
                spec = _Spec(name, cls(code), origin=source)
                spec.has_location = True
                return spec
        return None

    def create_module(self, _spec: object) -> None:
        """Python makes the module."""

    def exec_module(self, module: object) -> None:
        """Runs the module's code in it."""
        if self._code:
            exec(marshal.loads(self._code), module.__dict__)


def _room(name: str, place: str) -> object:
    """The spec of a package of ours: it holds nothing but its docstring, which is not read."""
    source = f"{place}/__init__.py"
    try:
        posix.stat(source)
    except OSError:
        return None
    spec = _Spec(name, Compiled(_NOTHING), origin=source, is_package=True)
    spec.has_location = True
    spec.submodule_search_locations = [place]
    return spec


def _compiled(path: str, source: str) -> memoryview | None:
    """The code in a file, as marshal has it; None unless it is of the source as it is."""
    try:
        file = posix.open(path, posix.O_RDONLY)
    except OSError:
        return None
    try:
        content = memoryview(posix.read(file, posix.fstat(file).st_size))
        status = posix.stat(source)
    except OSError:
        return None
    finally:
        posix.close(file)
    parts = (0, int(status.st_mtime), status.st_size)
    expected = _external.MAGIC_NUMBER + b"".join((part & 0xFFFFFFFF).to_bytes(4, "little") for part in parts)
    return content[_HEADER_BYTES:] if content[:_HEADER_BYTES] == expected else None


sys.meta_path.insert(0, Compiled)  # type: ignore[arg-type]
