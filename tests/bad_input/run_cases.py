"""Folders to write a run to, and folders that hold one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bnao.recipes import load_recipe
from bnao.storage import PoolEntry, RunFolder

from .case import Make, case
from .examples import SMALL, npz

OUT = "search --out runs/mine"
SHOW = "show runs/mine"


def a_run(folder: Path, finished: bool = False) -> RunFolder:
    """A run in runs/mine with three architectures, and an unreadable result if it is finished."""
    run = RunFolder.create(folder / "runs" / "mine", config=load_recipe("demo"), recipe="demo")
    with run.pool() as pool, run.commit() as commit:
        pool.add([PoolEntry(id=f"{k}", text="0 1", round=1, origin="random", num_params=9, macs=9) for k in range(300)])
        if finished:
            commit.write_json("result.json", {"winner": "x" * 1000})
            commit.set_status("finished")
        commit.include(pool)
    run.close()
    return run


def damaged(name: str, change: Callable[[bytes], bytes], finished: bool = False) -> Make:
    """Makes a run and changes the bytes of one of its files."""

    def make(folder: Path) -> None:
        a_run(folder, finished)
        [path] = (folder / "runs" / "mine").glob(name)
        path.write_bytes(change(path.read_bytes()))

    return make


def half(content: bytes) -> bytes:
    """The first half."""
    return content[: len(content) // 2]


def with_value(key: str, value: object) -> Callable[[bytes], bytes]:
    """JSON with another value of one key."""
    return lambda content: json.dumps({**json.loads(content), key: value}).encode()


def _other_files(folder: Path) -> None:
    (folder / "runs" / "mine").mkdir(parents=True)
    (folder / "runs" / "mine" / "notes.txt").write_text("mine")


def _file(folder: Path) -> None:
    (folder / "runs").mkdir()
    (folder / "runs" / "mine").write_text("a file")


RULE = "a search writes to a new or empty folder"

CASES = [
    case("out: holds an unfinished run", OUT, RULE, "holds another run (recipe demo, running", make=a_run),
    case(
        "out: holds a finished run",
        OUT,
        RULE,
        "holds another run (recipe demo, finished",
        "or delete it",
        make=lambda folder: a_run(folder, finished=True) and None,
    ),
    case("out: holds other files", OUT, RULE, "1 other file(s) (notes.txt)", "choose another", make=_other_files),
    case("out: is a file", OUT, RULE, "'runs/mine' is a file", "choose another folder", make=_file),
    case(
        "out: below a file",
        f"{SMALL} --out a/b",
        "'a/b'",
        "a part of the path is a file",
        "choose another folder",
        make=lambda folder: (npz(folder), (folder / "a").write_text("a file")),
    ),
    case(
        "out: where nothing can be written",
        f"{SMALL} --out /proc/mine",
        "must be writable",
        "'/proc/mine' is not",
        make=npz,
    ),
    case("out: name too long", f"search --out {'x' * 300}", "too long"),
    case(
        "out: empty",
        "search --out ''",
        "--out names a new folder",
        "'.'",
        "--out runs/mine",
    ),
    case("show: no such folder", SHOW, "a run folder is what", "'runs/mine' is missing", "check the path"),
    case("show: a file", SHOW, "'runs/mine' is not a folder", "check the path", make=_file),
    case("show: no run in it", SHOW, "holds no manifest.json", "check the path", make=_other_files),
    case(
        "show: manifest cut in half", SHOW, "manifest.json", "JSON", "restore it", make=damaged("manifest.json", half)
    ),
    case("show: empty manifest", SHOW, "manifest.json", "JSON", make=damaged("manifest.json", lambda b: b"")),
    case(
        "show: manifest altered",
        SHOW,
        "a manifest must match its checksum",
        "restore it from a copy",
        make=damaged("manifest.json", with_value("recipe", "other")),
    ),
    case(
        "show: manifest of another format version",
        SHOW,
        "has version 99",
        "use the bnao that wrote it",
        make=damaged("manifest.json", with_value("version", 99)),
    ),
    case("show: pool cut in half", SHOW, "pool.sqlite", "damaged", make=damaged("pool.sqlite", half)),
    case("show: pool is text", SHOW, "pool.sqlite", "damaged", make=damaged("pool.sqlite", lambda b: b"text" * 99)),
    case(
        "show: result cut in half",
        SHOW,
        "result",
        "as the run wrote it",
        "restore it, or search anew",
        make=damaged("state/result.g*", half, finished=True),
    ),
    case(
        "show: result of another form",
        SHOW,
        "result.json must have",
        "winner",
        make=lambda folder: a_run(folder, finished=True) and None,
    ),
]
