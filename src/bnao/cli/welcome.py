"""What ``bnao`` alone says: what it is, and what to do next in the current folder. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap

from bnao import __version__
from bnao.errors import RunError
from bnao.storage.manifest import FILE_NAME, Manifest

RUNS = Path("runs")
_SHOWN = 3
_LOOKED_AT = 50

_HEAD = f"""bnao {__version__}: finds a good network for your images.

It trains one balanced supernet, lets a learned controller propose architectures, and compares the result with random
ones of the same budget."""


def welcome_text(commands: Iterable[str], runs: Path = RUNS) -> str:
    """The text; ``commands`` are all that there are, ``runs`` the folder whose runs are looked at.

    >>> print(welcome_text(["search"], Path("no such folder")).splitlines()[0].split(":")[0].split()[0])
    bnao
    """
    steps = _steps(runs)
    steps += [("bnao search --data folder:PATH", "the same on your own images, one folder per class")]
    steps += [("bnao list", "everything that can be chosen")]
    steps += [("bnao COMMAND --help", "options and an example; the commands are")]
    steps += [("", line) for line in wrap(", ".join(commands), 80)]
    return f"{_HEAD}\n\n" + "\n".join(_line(command, words) for command, words in steps)


def _line(command: str, words: str) -> str:
    gap = "\n" + " " * 38 if len(command) > 34 else ""
    return f"  {command:<36}{gap}{words}"


def _steps(runs: Path) -> list[tuple[str, str]]:
    """What to do next with the runs that there are, the last changed first; the first search where there is none."""
    found = _readable_runs(runs)
    unfinished = [path for path, manifest in found if manifest.status != "finished"]
    finished = [path for path, manifest in found if manifest.status == "finished"]
    steps = [(f"bnao resume {path}", "go on with this run, which has not finished") for path in unfinished[:_SHOWN]]
    if finished:
        path = finished[0]
        steps += [(f"bnao show {path}", "what it found")]
        steps += [(f"bnao report {path}", f"write the report; open {path}/report.html in a browser")]
    if not found:
        steps += [("bnao search", "a small search on the bundled images (minutes), into runs/demo")]
        steps += [("bnao watch runs/demo", "see it live in a browser, from another terminal")]
        steps += [("bnao show runs/demo", "what it found")]
    return steps


def _readable_runs(runs: Path) -> list[tuple[Path, Manifest]]:
    """Runs directly in the folder, the last changed first; what cannot be read is left out."""
    try:
        places = [path for path in runs.iterdir() if (path / FILE_NAME).is_file()]
        places.sort(key=lambda path: (path / FILE_NAME).stat().st_mtime, reverse=True)
    except OSError:
        return []
    found: list[tuple[Path, Manifest]] = []
    for path in places[:_LOOKED_AT]:
        try:
            found.append((path, Manifest.read(path)))
        except RunError:
            continue
    return found
