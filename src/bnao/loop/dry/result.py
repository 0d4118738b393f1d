"""What a dry run found, as plain values (imports no torch). Times in seconds, sizes in bytes where they say so."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TriedSteps:
    """Real steps of one training. ``seconds`` of a step, the first of two left out; ``total`` of all that there are."""

    batch: int
    steps: int
    trainings: int  # how many of this kind are made
    seconds: float
    loss: float  # of the second step
    memory_bytes: int  # by which the process grew; 0 where it is not known

    @property
    def total(self) -> float:
        """Of all steps of all these trainings."""
        return self.trainings * self.steps * self.seconds


@dataclass(frozen=True, kw_only=True)
class TriedNetwork:
    """One kind of network: sizes of ``architecture`` in it, the shapes of what its parts give, its training.

    ``num_params_with_auxiliary`` counts the auxiliary head too, where there is one.
    """

    name: str
    architecture: str
    input_shape: tuple[int, ...]
    num_params: int
    num_params_with_auxiliary: int
    macs: int
    shapes: list[tuple[str, str]] = field(default_factory=list)
    training: TriedSteps | None = None


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """``facts`` are pairs of a name and words; ``advice`` says what follows, a sentence each."""

    facts: list[tuple[str, str]]
    networks: list[TriedNetwork]
    memory_how: str = ""
    advice: list[str] = field(default_factory=list)
