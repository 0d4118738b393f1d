"""What a run's folder knows of its ranking: the last that was finished, and one that is begun and unfinished."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.errors import RunError
from bnao.loop.rank.jobs import read_trainings
from bnao.loop.rank.plan import open_ranking, read_plan, whole
from bnao.loop.rank.result import RankingResult, readable_ranking
from bnao.storage import RunFolder


@dataclass(frozen=True, kw_only=True)
class RankingState:
    """``trained`` of ``trainings`` are done of the one that is unfinished; ``trainings`` is 0 where there is none."""

    result: RankingResult | None = None
    damage: str = ""  # why something of it cannot be read
    trained: int = 0
    trainings: int = 0

    @property
    def unfinished(self) -> str:
        """In words; empty where nothing is left to train.

        >>> RankingState(trained=12, trainings=45).unfinished
        'A ranking is begun, not finished: 12 of 45 trained'
        """
        if not self.trainings:
            return ""
        which = "A ranking" if self.result is None else "A larger ranking"
        return f"{which} is begun, not finished: {self.trained} of {self.trainings} trained"


def read_state(run: RunFolder) -> RankingState:
    """The state of a searched run's ranking. Never raises RunError."""
    result, damage = readable_ranking(run)
    if damage:
        return RankingState(damage=damage)
    try:
        with whole(run):
            folder = open_ranking(run)
            plan = None if folder is None else read_plan(folder)
            if folder is None or plan is None or (result is not None and result.plan == plan):
                return RankingState(result=result)
            trained = len(read_trainings(folder))
    except RunError as error:
        return RankingState(result=result, damage=f"a ranking was begun and is damaged: {error}")
    return RankingState(result=result, trained=trained, trainings=plan.architectures + plan.second_seed)
