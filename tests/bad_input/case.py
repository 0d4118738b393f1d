"""One case of bad input, and what the command line makes of it.

To add one, append a :class:`Case` to the list of its topic's module (`*_cases.py`); a new topic is a new module and a
line in `table.py`. Then `python scripts/bad_inputs.py` writes `docs/bad-input.md` anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from bnao.cli.main import main

Make = Callable[[Path], None]


def nothing(folder: Path) -> None:
    """Nothing has to be made."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """``make`` puts the bad thing into an empty folder, in which ``bnao`` then runs with ``tokens``.

    ``says``: what the one line on stderr must contain, of rule, value received, remedy, nearest name. ``runs``: a
    search really starts, so files of its run folder may be written; otherwise nothing on disk may change.
    ``variables`` are set in the environment. ``pending``: what the program lacks for it yet; the case is not run.
    """

    name: str
    tokens: tuple[str, ...]
    says: tuple[str, ...]
    make: Make = nothing
    runs: bool = False
    pending: str = ""
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> str:
        """What is typed."""
        return shlex.join(["bnao", *self.tokens])


@dataclass(frozen=True)
class Outcome:
    """What a case came to: exit code, all of stderr, and the paths that were made, changed or removed."""

    code: int
    stderr: str
    changed: tuple[str, ...]

    @property
    def message(self) -> str:
        """The one line without its prefix."""
        return self.stderr.strip().removeprefix("bnao: error: ")


def case(name: str, command: str, *says: str, make: Make = nothing, runs: bool = False, pending: str = "") -> Case:
    """A case from a command line as it is typed after ``bnao``."""
    return Case(name=name, tokens=tuple(shlex.split(command)), says=says, make=make, runs=runs, pending=pending)


def run(bad: Case, folder: Path) -> Outcome:
    """Run a case in the empty ``folder``."""
    work = folder / "work"
    work.mkdir()
    with contextlib.chdir(work):
        bad.make(work)
        before, stderr = contents(work), io.StringIO()
        variables = {"BNAO_CACHE": str(folder / "cache"), **dict(bad.variables)}
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(os.environ, variables))
            if not bad.runs:
                stack.enter_context(mock.patch("bnao.loop.run.run_search", started))
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(contextlib.redirect_stderr(stderr))
            code = main(bad.tokens)
        after = contents(work)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    message = stderr.getvalue().replace(str(folder / "cache"), "~/.cache/bnao")
    return Outcome(code, message, tuple(changed))


def run_in_new_folder(bad: Case) -> Outcome:
    """Run a case in a temporary folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return run(bad, Path(folder))


def started(*_: object, **__: object) -> None:
    """Takes the place of the search itself in cases that are to be refused before."""
    raise AssertionError("the search was started although its input is bad")


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file and the word "folder" for every folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }
