"""The group of several processes, over torch.distributed: gloo, and NCCL for what lies on GPUs."""

from __future__ import annotations

import io
import math
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, final

import torch
import torch.distributed as dist
import torch.distributed.nn.functional  # first imported within a run, its functions' defaults would keep the group
from torch import Tensor
from torch.distributed import Store  # type: ignore[attr-defined]

from bnao.distributed.group import Group, ProcessLost

FIRST = 4096  # bytes of a broadcast's first message; what fits into it needs no second one
MEETING = timedelta(minutes=30)
"""How long processes wait for all to have started."""
PATIENCE = timedelta(days=7)
"""How long a process waits for what rank 0 says between trainings: rank 0 may be busy alone. That rank 0 has ended is
known at once, for its connections close."""
CLOSE_SECONDS = 10.0
REASON_SECONDS = 3.0  # how long the reason of a process that has just ended may take to arrive

BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0  # of a process that shows no sign of life, which every one gives each BEAT_SECONDS
LOOK_SECONDS = 0.5  # between two questions whether all live, while one waits for a GPU

Ended = Callable[[], str | None]
"""What the starter of the processes knows of one that has ended, in words; None where all live."""


@final
class Ranks(Group):
    """Processes that found one another through ``store``; ``ended`` is asked when one is missed.

    Where it is None all give signs of life in the store, and who gives none for :data:`SILENCE_SECONDS` is lost. Takes
    part in torch's default process group where the caller has made one, else makes it; :meth:`close` ends what was made
    here. :meth:`prepare` comes before the first :meth:`sum`.
    """

    def __init__(self, store: Store, rank: int, size: int, *, ended: Ended | None = None) -> None:
        self._store, self._rank, self._size, self._ended = store, rank, size, ended
        self._seconds = PATIENCE.total_seconds()
        self._closed, self._heard, self._looked = threading.Event(), dict[int, tuple[int, float]](), -math.inf
        self._made = not dist.is_initialized()
        with self._reaching():
            if self._made:
                dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=MEETING)
            self._control: dist.ProcessGroup | None = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._tensors: dist.ProcessGroup | None = None
        self._alive = threading.Thread(target=self._beat, daemon=True, name="bnao-alive")
        if ended is None:
            self._alive.start()

    def _beat(self) -> None:
        with suppress(RuntimeError):  # the store went with the process that held it
            while not self._closed.wait(BEAT_SECONDS):
                self._store.add(_alive(self._rank), 1)

    def _silent(self) -> str | None:
        """Who has given no sign of life for long, in words."""
        now = time.monotonic()
        if now - self._looked < BEAT_SECONDS:
            return None
        self._looked = now
        for rank in range(self._size):
            number = self._store.add(_alive(rank), 0)
            before, since = self._heard.get(rank, (None, now))
            self._heard[rank] = (number, since if number == before else now)
            if rank != self._rank and now - self._heard[rank][1] > SILENCE_SECONDS:
                return f"process {rank} has given no sign of life for {SILENCE_SECONDS:.0f} s"
        return None

    def prepare(self, device: torch.device, minutes: float) -> None:
        """What is summed lies on ``device``; one process waits for another at most so many minutes within a step."""
        backend, self._seconds = "nccl" if device.type == "cuda" else "gloo", 60 * minutes
        with self._reaching():
            self._tensors = dist.new_group(backend=backend, timeout=timedelta(minutes=minutes))

    def close(self) -> None:
        """End the groups that were made here, and all threads with them: one that Python meets in C++ while it ends
        makes the process abort.

        What is still under way with a process that is elsewhere (a :meth:`farewell` in vain) is not waited for.
        """
        self._closed.set()
        thread = threading.Thread(target=self._end, daemon=True, name="bnao-close")
        thread.start()
        thread.join(CLOSE_SECONDS)

    def _end(self) -> None:
        groups = [group for group in (self._tensors, self._control) if group is not None]
        self._tensors = self._control = None  # the threads of a group end with the last of its names
        with suppress(RuntimeError):
            if self._made:
                dist.destroy_process_group()  # all of them
            else:
                for group in groups:
                    dist.destroy_process_group(group)
        groups.clear()
        if self._alive.is_alive():
            self._alive.join()

    @property
    def rank(self) -> int:
        """From 0."""
        return self._rank

    @property
    def size(self) -> int:
        """Number of processes."""
        return self._size

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """gloo and NCCL raise RuntimeError, whatever kept them from reaching another process."""
        try:
            yield
        except RuntimeError as error:
            raise self._lost(error) from error

    def _lost(self, error: RuntimeError) -> ProcessLost:
        reason, until = None, time.monotonic() + REASON_SECONDS
        while reason is None and time.monotonic() < until:
            reason = self._reason()
            time.sleep(0.05)
        first = str(error).strip().split("\n", 1)[0][:200]
        return self._gone(reason or f"one of them is gone ({first})")

    def _gone(self, reason: str) -> ProcessLost:
        return ProcessLost(f"the {self._size} processes of a run live until it ends; {reason}")

    def _reason(self) -> str | None:
        """What a process left behind, or what its starter knows of it."""
        try:
            for rank in range(self._size):
                if self._store.check([_failed(rank)]):
                    return str(self._store.get(_failed(rank)), "utf-8")
            if self._ended is None:
                return self._silent()
        except RuntimeError:  # the store went with the process that held it
            pass
        return None if self._ended is None else self._ended()

    def leave(self, reason: str) -> None:
        """Say why this process ends now."""
        self._store.set(_failed(self._rank), f"process {self._rank} ended: {reason}")

    def sum(self, flat: Tensor) -> None:
        """One all-reduce."""
        assert self._tensors is not None, "prepare comes first"
        with self._reaching():
            if flat.is_cuda:
                self._await(dist.all_reduce(flat, group=self._tensors, async_op=True))
            else:
                dist.all_reduce(flat, group=self._tensors)

    def _await(self, work: Any) -> None:
        """Until ``work`` of a GPU is done. NCCL itself does not say that a process is gone, and after the group's time
        it ends this one; so it is asked here.
        """
        looked = begun = time.monotonic()
        while not work.is_completed():
            time.sleep(50e-6)
            now = time.monotonic()
            if now - looked < LOOK_SECONDS:
                continue
            looked, reason = now, self._reason()
            if reason is None and now - begun > self._seconds:
                reason = f"one of them did not come to a step within {self._seconds / 60:g} min"
            if reason is not None:
                if self._tensors is not None:
                    with suppress(Exception):  # whatever it answers, the run ends
                        self._tensors.abort()
                raise self._gone(reason)
        work.wait()

    def all_numbers(self, own: int) -> list[int]:
        """One all-gather of 8 bytes each; part of a step, so it waits no longer than one."""
        found = [torch.zeros(1, dtype=torch.int64) for _ in range(self._size)]
        with self._reaching():
            sent = torch.tensor([own], dtype=torch.int64)
            work = dist.all_gather(found, sent, group=self._control, async_op=True)
            assert work is not None
            work.wait(timedelta(seconds=self._seconds))
        return [int(number) for number in found]

    def broadcast(self, value: Any = None) -> Any:
        """One message of 4 kB, and a second one for what is longer."""
        return pickle.loads(self._spread(pickle.dumps(value) if self._rank == 0 else b""))

    def farewell(self, value: Any, seconds: float) -> None:
        """The same first message, waited for so long: who is elsewhere will find this process gone."""
        content = pickle.dumps(value)
        first = _first(content)
        until = time.monotonic() + seconds
        with suppress(RuntimeError):
            for tensor in (first, *([_tensor(content)] if len(content) > FIRST - 8 else [])):
                work = dist.broadcast(tensor, 0, group=self._control, async_op=True)
                assert work is not None
                work.wait(timedelta(seconds=max(0.1, until - time.monotonic())))

    def broadcast_state(self, state: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """As a checkpoint in memory."""
        file = io.BytesIO()
        if self._rank == 0:
            torch.save(dict(state or {}), file)
            self._spread(file.getvalue())
            return state or {}
        content = io.BytesIO(self._spread(b""))
        found: Mapping[str, Any] = torch.load(content, map_location="cpu", weights_only=True)
        return found

    def _spread(self, content: bytes) -> bytes:
        """Rank 0's bytes in all processes."""
        first = _first(content)
        with self._reaching():
            dist.broadcast(first, 0, group=self._control)
        head = first.numpy().tobytes()
        length = int.from_bytes(head[:8], "little")
        if length <= FIRST - 8:
            return head[8 : 8 + length]
        whole = _tensor(content) if self._rank == 0 else torch.empty(length, dtype=torch.uint8)
        with self._reaching():
            dist.broadcast(whole, 0, group=self._control)
        return whole.numpy().tobytes()

    def gather(self, value: Any) -> list[Any]:
        """Pickled, by rank."""
        found: list[Any] | None = [None] * self._size if self._rank == 0 else None
        with self._reaching():
            dist.gather_object(value, found, dst=0, group=self._control)
        return found or []

    def send(self, value: Any) -> None:
        """Length, then content."""
        content = pickle.dumps(value)
        with self._reaching():
            dist.send(torch.tensor([len(content)], dtype=torch.int64), 0, group=self._control)
            dist.send(_tensor(content), 0, group=self._control)

    def receive(self, rank: int) -> Any:
        """Length, then content."""
        length = torch.zeros(1, dtype=torch.int64)
        with self._reaching():
            dist.recv(length, rank, group=self._control)
            content = torch.empty(int(length), dtype=torch.uint8)
            dist.recv(content, rank, group=self._control)
        return pickle.loads(content.numpy().tobytes())

    def count(self, name: str, amount: int) -> int:
        """A number in the store."""
        with self._reaching():
            return int(self._store.add(name, amount))

    def post(self, name: str) -> None:
        """A key in the store."""
        with self._reaching():
            self._store.set(name, "1")

    def posted(self, name: str) -> bool:
        """A key in the store."""
        with self._reaching():
            return bool(self._store.check([name]))

    def require_alive(self) -> None:
        """What the starter knows, and what a process that ended has left behind."""
        reason = self._reason()
        if reason is not None:
            raise self._gone(reason)


def _alive(rank: int) -> str:
    return f"alive/{rank}"


def _failed(rank: int) -> str:
    return f"failed/{rank}"


def _first(content: bytes) -> Tensor:
    """The length and the beginning of a broadcast."""
    first = torch.zeros(FIRST, dtype=torch.uint8)
    head = len(content).to_bytes(8, "little") + content[: FIRST - 8]
    first[: len(head)] = _tensor(head)
    return first


def _tensor(content: bytes) -> Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)
