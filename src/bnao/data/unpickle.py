"""Reading the pickles of the python CIFAR archives without running any of them. Imports no torch.

The pickles hold dictionaries, lists, numbers, strings and uint8 arrays. Three safeguards: only the opcodes that such
values need are let through; the three numpy names that an array refers to are replaced by inert stand-ins that record
their arguments, and any other name is refused; an array is then built from the recorded bytes after its shape has been
compared with their number. So no function chosen by the file is ever called.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import warnings
from typing import Any, final

import numpy as np

from bnao.errors import DataError, brief

_NAMES = (
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT STRING BINSTRING "
    "SHORT_BINSTRING UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_LIST "
    "APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS PUT BINPUT "
    "LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD"
)
_OPCODES = frozenset(_NAMES.split())
_FAILURES = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
)


class _RefusedError(Exception):
    """The pickle asks for something that image data do not need."""


@final
class _Dtype:
    """Stand-in for numpy.dtype: records its name."""

    def __init__(self, name: object, *_: object) -> None:
        self.name = name.decode("latin1") if isinstance(name, bytes) else str(name)

    def __setstate__(self, state: object) -> None:
        """Byte order and flags: of no consequence for single bytes."""


@final
class _Array:
    """Stand-in for an array under construction: records shape, type, order and bytes."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusedError("an array without its five parts")
        self.state = state

    def build(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The array, a view of the recorded bytes."""
        if not self.state:
            raise _RefusedError("an array without content")
        _, shape, dtype, fortran, content = self.state
        if not isinstance(dtype, _Dtype) or dtype.name not in ("u1", "|u1", "uint8"):
            raise _RefusedError(f"an array of {getattr(dtype, 'name', dtype)!r}, not of uint8")
        if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise _RefusedError(f"an array of shape {shape!r}")
        if not isinstance(content, bytes) or math.prod(shape) != len(content):
            raise _RefusedError(f"an array of shape {shape} from another number of bytes")
        return np.frombuffer(content, dtype=np.uint8).reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _ndarray(*_: object) -> object:
    raise _RefusedError("a call of numpy.ndarray")


@final
class _Encode:
    """Stand-in for _codecs.encode, by which Python 3 writes bytes in protocol 2.

    One text may be encoded many times by a few bytes of a pickle: ``budget`` is how many bytes come out in all.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget

    def __call__(self, text: object, encoding: object) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
            raise _RefusedError(f"a text in encoding {encoding!r}")
        self._budget -= len(text)
        if self._budget < 0:
            raise _RefusedError("more encoded text than it has bytes")
        return text.encode("latin1")


_GLOBALS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _Dtype,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._encode = _Encode(len(content))  # each character takes a byte or more

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return self._encode
        if (module, name) not in _GLOBALS:
            raise _RefusedError(f"the name {module}.{name}")
        return _GLOBALS[module, name]


def load_plain(content: bytes, where: object) -> dict[str, Any]:
    """The dictionary pickled in ``content``, with text keys; arrays as uint8, Python 2 strings as bytes.

    ``where`` names the file in messages. Raises DataError if the pickle is damaged, or asks for anything that image
    data do not need.

    >>> load_plain(pickle.dumps({"labels": [3, 1]}, protocol=2), "example")
    {'labels': [3, 1]}
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a text of a damaged file
            _check_opcodes(content)
            value = _Unpickler(content).load()
        if not isinstance(value, dict):
            raise _RefusedError(f"a {type(value).__name__}, not a dictionary")
        return {_text(key): item.build() if isinstance(item, _Array) else item for key, item in value.items()}
    except _RefusedError as error:
        raise DataError(
            f"a CIFAR pickle holds numbers, text, lists and uint8 arrays only; {where} has {brief(error)}, and is not "
            "read further: obtain the archive from its official address"
        ) from error
    except _FAILURES as error:
        raise DataError(
            f"a CIFAR pickle must be whole; reading {where} failed ({brief(error)}): obtain it again"
        ) from error


def _check_opcodes(content: bytes) -> None:
    for position, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if opcode.name not in _OPCODES:
            raise _RefusedError(f"the operation {opcode.name}")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > position:
            raise _RefusedError(f"{opcode.name} {argument}, beyond what it has stored")


def _text(key: object) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)
