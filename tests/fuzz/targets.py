"""What is fuzzed: each target reads bytes as one kind of input. It returns, or raises a BnaoError; nothing else.

The hypothesis tests beside this file and the coverage-guided fuzzers in ``fuzz/`` share these functions.
"""

from __future__ import annotations

import atexit
import functools
import io
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bnao.cli.search_command import configuration
from bnao.data import DataConfig
from bnao.data.catalog import SOURCES
from bnao.data.decode import decode, picture_form
from bnao.data.members import TarMembers
from bnao.data.unpickle import load_plain
from bnao.delivery.description import read_description
from bnao.errors import BnaoError
from bnao.evaluation.tables import read_table
from bnao.loop.config import SearchConfig
from bnao.loop.inputs import run_config
from bnao.loop.rank.result import RankingResult
from bnao.loop.winner_file import read_delivered
from bnao.recipes import load_recipe, load_train_recipe
from bnao.report import show_run
from bnao.report.web.page import render_report
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED
from bnao.storage import Pool, PoolEntry, RunFolder, files, from_dict, load_state, load_weights
from bnao.storage.checksum import with_checksum
from bnao.storage.exclusive import read_holder
from bnao.storage.pool_csv import read_known

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
LONGEST_MESSAGE = 2000


@functools.cache
def folder() -> Path:
    """One folder for all files of this process, in memory where there is such a place."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="bnao-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def target(function: Target) -> Target:
    """Register; the target then swallows the errors that it may raise."""

    def run(content: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as pillow's words on odd files
            try:
                function(content)
            except BnaoError as error:
                assert str(error).strip() and len(str(error)) < LONGEST_MESSAGE, len(str(error))

    TARGETS[function.__name__] = functools.update_wrapper(run, function)
    return TARGETS[function.__name__]


def stored(content: bytes, name: str) -> Path:
    """The content as a file of this name."""
    path = folder() / name
    path.write_bytes(content)
    return path


@functools.cache
def _grammars() -> list[object]:
    load_spaces()
    return [make_space(SpaceConfig(name=name)).grammar for name in ("nao_cell", "nasbench201", "mobile")]


@target
def architecture(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    refused: BnaoError | None = None
    for grammar in _grammars():
        try:
            found = grammar.parse(text)  # type: ignore[attr-defined]
        except BnaoError as error:
            assert len(str(error)) < LONGEST_MESSAGE
            refused = error
            continue
        assert grammar.parse(str(found)) == found  # type: ignore[attr-defined]
    if refused is not None:
        raise refused


@target
def toml(content: bytes) -> None:
    assert isinstance(configuration("demo", stored(content, "mine.toml"), {}), SearchConfig)


@target
def known_csv(content: bytes) -> None:
    read_known(stored(content, "known.csv"))


@target
def table_csv(content: bytes) -> None:
    read_table(stored(content, "table.csv"))


@target
def table_gzip(content: bytes) -> None:
    read_table(stored(content, "table.csv.gz"), "nasbench201")


def _source(kind: str, path: Path) -> None:
    config = DataConfig(source=f"{kind}:{path}", cache=False, valid_fraction=0.3)
    SOURCES.get(kind).open(path, config).search_data(generator(0, "fuzz"))


@target
def npz(content: bytes) -> None:
    _source("npz", stored(content, "data.npz"))


@target
def jpeg_npz(content: bytes) -> None:
    _source("jpeg_npz", stored(content, "data_train.npz"))


@target
def tar(content: bytes) -> None:
    members = TarMembers(stored(content, "archive.tar.gz"))
    for _ in members.each(members.names):
        pass


@target
def cifar(content: bytes) -> None:
    _source("cifar10", stored(content, "cifar-10-python.tar.gz"))


@target
def pickles(content: bytes) -> None:
    load_plain(content, "fuzz")


@target
def picture(content: bytes) -> None:
    formats = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
    picture_form(io.BytesIO(content), formats, "fuzz")
    decode(io.BytesIO(content), 3, 8, formats, "fuzz")
    decode(io.BytesIO(content), 1, None, formats, "fuzz")


@target
def checkpoint(content: bytes) -> None:
    load_state(stored(content, "a.pt"))


@target
def weights(content: bytes) -> None:
    _, metadata = load_weights(stored(content, "a.safetensors"))
    read_delivered(metadata, Path("a.safetensors"))


@target
def description(content: bytes) -> None:
    """As it is, and with a checksum that is right."""
    place = folder() / "network"
    place.mkdir(exist_ok=True)
    path = place / "architecture.json"
    path.write_bytes(content)
    try:
        read_description(place)
    except BnaoError:
        path.write_bytes(_signed(content, path))
        read_description(place)


@target
def manifest(content: bytes) -> None:
    """As it is, and with a checksum that is right."""
    place = folder() / "run"
    place.mkdir(exist_ok=True)
    path = place / "manifest.json"
    for text in (content, _signed(content, path)):
        path.write_bytes(text)
        run_config(RunFolder.open(place))


def _signed(content: bytes, path: Path) -> bytes:
    plain = files.parse_json(content, path)
    if not isinstance(plain, dict):
        return content
    plain.pop("checksum", None)
    return files.json_bytes(with_checksum(plain))


@functools.cache
def _small_run(name: str = "whole") -> Path:
    path = folder() / name
    with RunFolder.create(path, config=load_recipe("demo"), recipe="demo") as run, run.pool() as pool:
        pool.add([PoolEntry(id="a", text="0 1", round=1, origin="random", num_params=9, macs=9, score=0.5)])
        with run.commit() as commit:
            commit.include(pool)
    return path


@functools.cache
def _small_training() -> Path:
    config = replace(load_train_recipe("cifar10-final-small"), architecture=PUBLISHED)
    path = folder() / "training"
    RunFolder.create(path, config=config, recipe="cifar10-final-small", kind="training").close()
    return path


@target
def result(content: bytes) -> None:
    """A search's result, with the hashes that belong to it, is shown and drawn."""
    _shown(_small_run(), content)


@target
def training(content: bytes) -> None:
    """A training's result likewise."""
    _shown(_small_training(), content)


def _shown(path: Path, content: bytes) -> None:
    plain = files.parse_json(content, Path("result.json"))
    with RunFolder.resume(path) as run, run.commit() as commit:
        commit.write_json("result.json", plain)
        commit.set_status("finished")
    run = RunFolder.open(path)
    show_run(run, Console(file=io.StringIO(), width=80))
    render_report(run)


@target
def ranking(content: bytes) -> None:
    plain = files.parse_json(content, Path("ranking.json"))
    from_dict(RankingResult, plain, source="ranking.json")


@target
def events(content: bytes) -> None:
    """A log is read, shown, and drawn."""
    path = _small_run("unfinished")
    (path / "events.jsonl").write_bytes(content)
    run = RunFolder.open(path)
    show_run(run, Console(file=io.StringIO(), width=80))
    render_report(run)


@target
def pool(content: bytes) -> None:
    with Pool(stored(content, "pool.sqlite")) as found:
        found.entries()
        found.all_scores()
        found.digest()


@target
def lock(content: bytes) -> None:
    read_holder(stored(content, "lock.1"))
