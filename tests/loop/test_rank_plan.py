"""What a ranking is asked for and what it trains; and what is said where the two do not fit."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from bnao.errors import RunError, SettingError
from bnao.loop.rank.plan import Asked, Frame, RankPlan, left_out_words, make_plan, open_ranking, read_frame, whole
from bnao.recipes import load_recipe
from bnao.storage import PoolEntry, RunFolder

BEGUN = RankPlan(round=1, architectures=14, stratify="none", second_seed=5, seed=0)


def entries(first: int, last: int, round: int) -> list[PoolEntry]:
    numbers = range(first, last)
    return [PoolEntry(id=f"{k}", text="0", round=round, origin="random", num_params=9, macs=9) for k in numbers]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Round 1 scored 20 architectures, round 2 six more, and three of round 3 have no score yet; a ranking is begun."""
    with RunFolder.create(tmp_path / "run", config=load_recipe("demo"), recipe="demo") as made:
        with made.pool() as pool, made.commit() as commit:
            pool.add([*entries(0, 20, 1), *entries(20, 26, 2), *entries(26, 29, 3)])
            for number, count in ((1, 20), (2, 26)):
                pool.set_scores(number, {f"{k}": float(-k) for k in range(count)})
            commit.include(pool)
        RunFolder.create(made.path / "ranking", config=BEGUN, recipe="demo", kind="ranking").close()
    return RunFolder.open(tmp_path / "run")


def refusal(asked: Asked, frame: Frame, before: RankPlan | None) -> str:
    with pytest.raises(SettingError) as caught:
        make_plan(asked, frame, before, "run/ranking")
    return str(caught.value)


def test_a_frame_knows_what_later_rounds_scored_beside_it(run: RunFolder) -> None:
    begun, whole_pool = read_frame(run, 1), read_frame(run)
    assert (begun.round, len(begun.entries), begun.left_out) == (1, 20, 6)
    assert (whole_pool.round, len(whole_pool.entries), whole_pool.left_out) == (2, 26, 0)
    told = left_out_words(begun, "run/ranking")
    assert "the 20 architectures that round 1 scored" in told and "6 of later rounds are not in it" in told
    assert "remove the folder 'run/ranking', which discards its trainings" in told


def test_where_later_rounds_hold_more_the_refusal_says_how_to_reach_it(run: RunFolder) -> None:
    assert refusal(Asked(architectures=26), read_frame(run, 1), BEGUN) == (
        "architectures is at most the pool that round 1 scored, 20, with which the ranking in 'run/ranking' was begun; "
        "received 26: ask for 20 or fewer, or remove that folder, which discards its trainings, and ask for 26 or "
        "fewer, of the pool that later rounds scored"
    )
    assert refusal(Asked(architectures=27), read_frame(run), None) == (
        "architectures is at most the pool that round 2 scored, 26; received 27: ask for fewer"
    )


def test_a_ranking_grows_from_what_was_asked_for_last(run: RunFolder) -> None:
    assert make_plan(Asked(architectures=15), read_frame(run, 1), BEGUN, "run/ranking").architectures == 15
    assert refusal(Asked(architectures=8), read_frame(run, 1), BEGUN) == (
        "a ranking only grows; 14 architectures were asked for last in 'run/ranking'; received 8: ask for 14 or more, "
        "or remove that folder, which discards its trainings, to begin anew"
    )
    assert "5 second seeds were asked for last" in refusal(Asked(second_seed=0), read_frame(run, 1), BEGUN)


def test_a_damaged_file_may_be_removed_with_the_ranking(run: RunFolder) -> None:
    (run.path / "ranking" / "manifest.json").write_text("{")
    told = r"restore it from a copy, or remove the folder '.*ranking' and rank again"
    with pytest.raises(RunError, match=told), whole(run):
        open_ranking(run)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_what_the_system_refuses_to_read_is_not_to_be_removed(
    code: int, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *args: object, **kwargs: object) -> bytes:
        raise OSError(code, "refused", str(path))

    for call in ("read_bytes", "stat"):  # of the file, or of the folder that holds it
        with monkeypatch.context() as patch:
            patch.setattr(Path, call, refuse)
            with pytest.raises(RunError) as caught, whole(run):
                open_ranking(run)
        told = str(caught.value)
        assert "must be readable" in told and told.endswith("check its permissions and the disk"), call
        assert "remove" not in told
