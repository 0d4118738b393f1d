"""Settings from a TOML file, with errors that name the file and the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from bnao.errors import SettingError
from bnao.settings.tree import update
from bnao.settings.values import FieldError

C = TypeVar("C")
MAX_BYTES = 2**20
_HEADER = re.compile(r"\s*\[\s*([\w.\- ]+?)\s*\]")
_KEY = re.compile(r"\s*([\w.\-]+)\s*=")


def _read(path: Path) -> str:
    rule = "a configuration is a readable TOML file in UTF-8"
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise SettingError(
                f"a configuration has at most {MAX_BYTES:,} bytes; {str(path)!r} has {size:,}: check the path"
            )
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingError(f"{rule}; received {str(path)!r}, which does not exist: check the path") from None
    except IsADirectoryError:
        raise SettingError(f"{rule}; received {str(path)!r}, which is a folder: give the file in it") from None
    except UnicodeDecodeError as error:
        line, byte = error.object.count(b"\n", 0, error.start) + 1, f"0x{error.object[error.start]:02x}"
        raise SettingError(f"{rule}; line {line} of {str(path)!r} has the byte {byte}: save it as UTF-8") from None
    except SettingError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise SettingError(f"{rule}; {str(path)!r} is not ({reason}): check the path") from None


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and numbers of thousands of digits
        last = f"at line {text.count(chr(10)) + 1}, the end of document"
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error).split("; use sys.")[0]
        what = what.replace("at end of document", last)
        remedy = "write `name = value` lines under [section] headers"
        raise SettingError(f"{path} is not valid TOML: {what}: {remedy}") from None


def load_toml(path: str | Path) -> dict[str, Any]:
    """The file's tables as nested dicts. Raises SettingError that names the file, and the line of a syntax error."""
    return _parse(_read(Path(path)), Path(path))


def update_from_toml(config: C, path: str | Path) -> C:
    """A copy of ``config`` with the file's values in place of its own.

    Raises SettingError as :func:`bnao.settings.update`; the message begins with the file and the line.
    """
    text = _read(Path(path))
    values = _parse(text, Path(path))
    try:
        return update(config, values)
    except FieldError as error:
        line = _line_of(text, error.name)
        raise FieldError(f"{path}{f', line {line}' if line else ''}: {error}", error.name) from None


def _line_of(text: str, name: str) -> int | None:
    """The line (from 1) that sets ``name`` or opens its section; None if it is written in a way we do not look for."""
    section, opened = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = header[1].replace(" ", "") + "."
            opened = number if section.startswith(name + ".") and opened is None else opened
        elif (key := _KEY.match(line)) and section + key[1] == name:
            return number
    return opened
