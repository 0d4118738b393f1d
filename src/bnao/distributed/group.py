"""What the processes of a run are to one another: a group with a number for each, its rank (imports no torch)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from bnao.errors import RunError

if TYPE_CHECKING:
    from torch import Tensor


class ProcessLost(RunError):
    """A process of the group has ended, or cannot be reached any more."""


class Group(ABC):
    """Processes 0 to ``size - 1``; this one is ``rank``, and rank 0 leads.

    Calls are collective unless they say that they wait for nobody: all processes make them, in the same order, and wait
    for one another. Raises ProcessLost where a process is gone.
    """

    @property
    @abstractmethod
    def rank(self) -> int:
        """From 0."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of processes."""

    @abstractmethod
    def sum(self, flat: Tensor) -> None:
        """``flat`` (n,) becomes the sum over all processes, with the same bits in each."""

    @abstractmethod
    def all_numbers(self, own: int) -> list[int]:
        """A number in [-2**63, 2**63) from each process, by rank."""

    @abstractmethod
    def broadcast(self, value: Any = None) -> Any:
        """Rank 0's value, anything that can be pickled, in all processes."""

    @abstractmethod
    def farewell(self, value: Any, seconds: float) -> None:
        """Rank 0's last :meth:`broadcast`, in whatever state the others are: gives up in silence after ``seconds``."""

    @abstractmethod
    def broadcast_state(self, state: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Rank 0's state of tensors and plain values in all processes; elsewhere its tensors are on the CPU."""

    @abstractmethod
    def gather(self, value: Any) -> list[Any]:
        """Rank 0: the values of all processes by rank; elsewhere an empty list."""

    @abstractmethod
    def send(self, value: Any) -> None:
        """To rank 0, which calls :meth:`receive`."""

    @abstractmethod
    def receive(self, rank: int) -> Any:
        """What process ``rank`` sends; only in rank 0."""

    @abstractmethod
    def count(self, name: str, amount: int) -> int:
        """Add to a counter that all share, from 0; what it is then. Waits for nobody."""

    @abstractmethod
    def post(self, name: str) -> None:
        """Put up a note that all can see. Waits for nobody."""

    @abstractmethod
    def posted(self, name: str) -> bool:
        """Whether the note is up. Waits for nobody."""

    @abstractmethod
    def require_alive(self) -> None:
        """Raise ProcessLost where a process is known to have ended. Waits for nobody."""


@final
class Alone(Group):
    """The group of one process."""

    @property
    def rank(self) -> int:
        """0."""
        return 0

    @property
    def size(self) -> int:
        """1."""
        return 1

    def sum(self, flat: Tensor) -> None:
        """It is the sum."""

    def all_numbers(self, own: int) -> list[int]:
        """Its own."""
        return [own]

    def broadcast(self, value: Any = None) -> Any:
        """Itself."""
        return value

    def farewell(self, value: Any, seconds: float) -> None:
        """Nobody hears it."""

    def broadcast_state(self, state: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Itself."""
        assert state is not None, "rank 0 has a state"
        return state

    def gather(self, value: Any) -> list[Any]:
        """Its own."""
        return [value]

    def send(self, value: Any) -> None:
        """There is nobody to send to."""
        raise AssertionError("rank 0 sends nothing to itself")

    def receive(self, rank: int) -> Any:
        """There is nobody to receive from."""
        raise AssertionError("rank 0 receives nothing from itself")

    def count(self, name: str, amount: int) -> int:
        """There is nobody to share with."""
        raise AssertionError("one process shares no counter")

    def post(self, name: str) -> None:
        """Nobody looks."""

    def posted(self, name: str) -> bool:
        """Nobody else posts."""
        return False

    def require_alive(self) -> None:
        """It lives."""


ALONE = Alone()
"""The group of a run in one process."""
