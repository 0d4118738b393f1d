"""A run's folder: state that changes only by whole commits.

    runs/demo/
      manifest.json        what the present state is; renamed into place last
      state/               files of the state: NAME.gGENERATION.SUFFIX, each with its hash in the manifest
      pool.sqlite          architectures and scores; each row says the generation it belongs to
      events.jsonl         the event log
      result.json, ...     published copies of files of the state, for people and other programs

      lock                 who works on the run now

A process that is killed leaves the former generation readable: files that no manifest names are ignored, and removed at
the next commit; :meth:`RunFolder.resume` rolls the pool back to that generation and verifies all of it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bnao.errors import RunError
from bnao.storage import checkpoints, files
from bnao.storage.event_log import EventLog, read_events
from bnao.storage.lock import Lock
from bnao.storage.manifest import FileRecord, Kind, Manifest, Status
from bnao.storage.pool import Pool
from bnao.storage.used import STATE, refuse_used

if TYPE_CHECKING:
    from torch import Tensor

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z0-9]+")


class RunFolder:
    """A run on disk; made by :meth:`create` or :meth:`resume` to write to it, by :meth:`open` to read it.

    One process at a time may write: the first two take the run's lock, which :meth:`close` (or leaving the context, or
    the end of the process) gives back.

    >>> import tempfile
    >>> run = RunFolder.create(Path(tempfile.mkdtemp()) / "demo", config={"seed": 0}, recipe="demo")
    >>> with run.commit() as commit:
    ...     commit.write_json("progress.json", {"round": 1})
    >>> RunFolder.open(run.path).read_json("progress.json")
    {'round': 1}
    """

    def __init__(self, path: Path, manifest: Manifest, lock: Lock | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        config: Any,
        recipe: str,
        kind: Kind = "search",
        note: Mapping[str, str] | None = None,
    ) -> RunFolder:
        """A new run in ``path``, a folder that is empty or does not exist yet (parents are made).

        ``config`` is a dataclass or a dict of plain values; ``note`` what it does not say. Raises RunError if something
        is there already, or if the folder cannot be written.
        """
        path = Path(path)
        refuse_used(path, kind)
        with files.writing(path):
            path.mkdir(parents=True, exist_ok=True)
        lock = Lock(path)
        try:
            refuse_used(path, kind)  # another process may have been faster
            with files.writing(path):
                (path / STATE).mkdir(exist_ok=True)
            manifest = Manifest.new(recipe=recipe, config=config, kind=kind, note=note)
            manifest.write(path)
        except BaseException:
            lock.release()
            raise
        return cls(path, manifest, lock)

    @classmethod
    def resume(cls, path: str | Path, *, ranking: bool = False) -> RunFolder:
        """The run in ``path``, locked, verified and brought back to its last commit: what came after it is dropped.

        Raises RunError as :meth:`open` does, when another process works on it, or when a file of its state is missing
        or altered.
        """
        path = Path(path)
        _refuse_ranking(path, Manifest.read(path), ranking)  # no lock is left in a folder that is no run
        lock = Lock(path)
        try:
            run = cls(path, Manifest.read(path), lock)
            run._remove_strays()
            for name in run.manifest.files:
                run.file(name)
            run._roll_back()
        except BaseException:
            lock.release()
            raise
        return run

    def _roll_back(self) -> None:
        """The pool at the manifest's generation, its content compared with the manifest's digest."""
        if self.manifest.pool is None:
            with files.writing(self.pool_path):
                self.pool_path.unlink(missing_ok=True)
                self.pool_path.with_name(self.pool_path.name + "-journal").unlink(missing_ok=True)
            return
        if not self.pool_path.exists():
            raise RunError(f"a run needs its pool; {str(self.pool_path)!r} is missing: restore it, or search anew")
        with self.pool() as pool:
            pool.roll_back(self.generation)
            if pool.digest() != self.manifest.pool:
                raise RunError(
                    f"the pool must be as the run wrote it; {str(self.pool_path)!r} differs from what the manifest "
                    "says: restore it from a copy, or search anew"
                )

    def close(self) -> None:
        """Give the lock back; nothing may be written afterwards."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @classmethod
    def open(cls, path: str | Path, *, ranking: bool = False) -> RunFolder:
        """The run in ``path``, at its last commit; changes nothing on disk. ``ranking``: it may be that of a search.

        Raises RunError if the folder is missing, holds no run, or one that is damaged or of another format version.
        """
        path, manifest = Path(path), Manifest.read(Path(path))
        _refuse_ranking(path, manifest, ranking)
        return cls(path, manifest)

    # ---- what the run is ----

    @property
    def generation(self) -> int:
        """How many commits made the present state."""
        return self.manifest.generation

    @property
    def status(self) -> Status:
        """``running`` until a commit says ``finished``."""
        return self.manifest.status

    def require_search(self, what: str) -> None:
        """Raise RunError unless this is the run of a search; ``what`` needs one."""
        if self.manifest.kind != "search":
            raise RunError(
                f"{what} is of a search; {str(self.path)!r} is the training of one network: give the folder of a search"
            )

    def has(self, name: str) -> bool:
        """Whether the state has a file called ``name``."""
        return name in self.manifest.files

    # ---- reading ----

    def file(self, name: str) -> Path:
        """Where the state's file ``name`` lies, its hash verified. Raises RunError if it is missing or altered.

        A reader beside a running search takes the newer manifest when a commit has replaced the file meanwhile.
        """
        path = self._locate(name)
        if not path.exists():
            self.manifest = Manifest.read(self.path)
            path = self._locate(name)
        record = self.manifest.files[name]
        if files.sha256(path) != (record.sha256, record.bytes):
            anew = "train" if self.manifest.kind == "training" else "search"
            raise RunError(f"{str(path)!r} must be as the run wrote it; its hash differs: restore it, or {anew} anew")
        return path

    def _locate(self, name: str) -> Path:
        if name not in self.manifest.files:
            known = ", ".join(sorted(self.manifest.files)) or "none yet"
            raise RunError(f"the run {str(self.path)!r} has no file {name!r}; its files: {known}")
        return self.path / self.manifest.files[name].file

    def read_json(self, name: str) -> Any:
        """The value in the state's JSON file ``name``. Raises RunError."""
        return files.read_json(self.file(name))

    def read_checkpoint(self, name: str) -> Any:
        """The state in the checkpoint ``name``, tensors on the CPU. Raises RunError."""
        return checkpoints.load_state(self.file(name))

    def read_weights(self, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Tensors and metadata of the safetensors file ``name``. Raises RunError."""
        return checkpoints.load_weights(self.file(name))

    @property
    def pool_path(self) -> Path:
        """Where the pool lies."""
        return self.path / "pool.sqlite"

    def pool(self) -> Pool:
        """The run's pool, created if there is none; what it writes belongs to the next commit. Raises RunError."""
        return Pool(self.pool_path, next_generation=lambda: self.generation + 1)

    @property
    def events_path(self) -> Path:
        """Where the event log lies."""
        return self.path / "events.jsonl"

    def event_log(self) -> EventLog:
        """A listener that appends to the run's event log. Raises RunError."""
        return EventLog(self.events_path)

    def events(self) -> list[dict[str, Any]]:
        """The events logged so far; none where there is no log. Raises RunError for a damaged log."""
        return read_events(self.events_path) if self.events_path.exists() else []

    # ---- writing ----

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """The next generation: what is written within takes effect at the end, all together; on an exception nothing.

        Raises RunError when the disk refuses; the former generation stays.
        """
        change = Commit(self)
        try:
            yield change
            manifest = self.manifest.next(files=change.files, status=change.status, pool=change.pool)
            manifest.write(self.path)
        except BaseException:
            with suppress(RunError):  # the manifest may be in place although flushing the folder failed
                self.manifest = Manifest.read(self.path)
            self._remove_strays()
            raise
        self.manifest = manifest
        self._remove_strays()

    def publish(self, name: str, as_name: str | None = None) -> Path:
        """Copy a file of the state to the top of the run folder, atomically, for people; the path. Raises RunError."""
        source, target = self.file(name), self.path / (as_name or name)

        def copy(file: Any) -> None:
            with open(source, "rb") as origin:
                shutil.copyfileobj(origin, file)

        files.write_atomic(target, copy)
        return target

    def _remove_strays(self) -> None:
        """Remove files that the manifest on disk does not name, and halves of files (failing to does no harm)."""
        with suppress(OSError, RunError):
            named = {record.file for record in Manifest.read(self.path).files.values()}
            strays = [path for path in (self.path / STATE).iterdir() if f"{STATE}/{path.name}" not in named]
            for path in [*strays, *self.path.glob(files.PARTIAL)]:
                path.unlink()


class Commit:
    """What the next generation will be; made by :meth:`RunFolder.commit`. File names are like ``supernet.pt``."""

    def __init__(self, run: RunFolder) -> None:
        self.files = dict(run.manifest.files)
        self.status: Status = run.manifest.status
        self.pool = run.manifest.pool
        self._run = run

    def write_json(self, name: str, value: Any) -> None:
        """A JSON file (plain values, dataclasses). Raises RunError."""
        files.write_json(self._new(name), value)
        self._record(name)

    def write_checkpoint(self, name: str, state: Any) -> None:
        """A checkpoint: nested dicts and lists of tensors, numbers and text. Raises RunError."""
        checkpoints.save_state(self._new(name), state)
        self._record(name)

    def write_weights(self, name: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Weights to share, as safetensors. Raises RunError."""
        checkpoints.save_weights(self._new(name), tensors, metadata)
        self._record(name)

    def discard(self, name: str) -> None:
        """The next generation lacks ``name``, whether or not the present one has it."""
        self.files.pop(name, None)

    def include(self, pool: Pool) -> None:
        """What was written to ``pool`` since the last commit belongs to this one. Raises RunError."""
        self.pool = pool.digest()

    def set_status(self, status: Status) -> None:
        """``running`` or ``finished``."""
        self.status = status

    def _new(self, name: str) -> Path:
        assert _NAME.fullmatch(name), f"names of files are like supernet.pt, not {name!r}"
        return self._run.path / self._place(name)

    def _place(self, name: str) -> str:
        stem, suffix = name.split(".")
        return f"{STATE}/{stem}.g{self._run.generation + 1:06d}.{suffix}"

    def _record(self, name: str) -> None:
        digest, size = files.sha256(self._new(name))
        self.files[name] = FileRecord(
            file=self._place(name), sha256=digest, bytes=size, generation=self._run.generation + 1
        )


def _refuse_ranking(path: Path, manifest: Manifest, allowed: bool) -> None:
    if manifest.kind == "ranking" and not allowed:
        raise RunError(
            f"a run is the folder of a search or a training; {str(path)!r} is the ranking of a search: give "
            f"{str(path.absolute().parent)!r}"
        )
