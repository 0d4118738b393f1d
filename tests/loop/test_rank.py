"""`bnao rank` measures what it says, once, and leaves the searched run alone."""

from __future__ import annotations

import csv
import json
import multiprocessing
import shutil
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.loop.conftest import Enough, Recorder, StopAt
from tests.report.web.test_page import checked
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.errors import NumericalError, RunError, SettingError
from bnao.evaluation.measure import measure
from bnao.loop.inputs import run_config
from bnao.loop.rank import alone
from bnao.loop.rank import crew as crew_module
from bnao.loop.rank.build import report_of
from bnao.loop.rank.crew import Crew
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.rank.noise import little_spread
from bnao.loop.rank.plan import RankPlan
from bnao.loop.rank.result import RankingResult, Row, ranking_of, read_ranking
from bnao.loop.saving import FileSaves
from bnao.loop.stopping import Stop
from bnao.loop.workbench import make_workbench
from bnao.objective.info import MetricInfo
from bnao.ranking.bootstrap import missing
from bnao.report.ranking_words import conclusion_rows, missing_reasons
from bnao.report.web.facts import read_facts
from bnao.report.web.judgement import own_warnings
from bnao.report.web.page import render_report
from bnao.report.web.ranking_part import card, next_step
from bnao.storage import RunFolder
from bnao.training.device import threads
from bnao.training.standalone import train_standalone


def timeless(result: RankingResult) -> list[Row]:
    """The rows without their times."""
    return [replace(row, seconds=0.0) for row in result.rows]


@pytest.fixture
def copied(ranked: tuple[Path, RankingResult, Recorder], tmp_path: Path) -> Path:
    shutil.copytree(ranked[0], tmp_path / "run")
    return tmp_path / "run"


def test_truth_is_the_held_out_accuracy_of_the_re_ranking_s_network(ranked) -> None:
    folder, result, _ = ranked
    run, row = RunFolder.open(folder), result.rows[1]  # the one that was stopped
    bench = make_workbench(replace(run_config(run), threads=1), begun=True)
    architecture = bench.space.grammar.parse(row.architecture)
    test, found = bench.held_out.open(), []
    with threads(1):
        for name in ("rank", "rank-second"):
            trained = train_standalone(
                bench.rerank.skeleton, architecture, bench.data.train, bench.config.rerank.training,
                seed=3, stage=f"{name}-{row.id}",
            )  # fmt: skip
            found.append(measure(trained.module, test.images).metric)
    assert [row.metric, row.second_metric] == found
    assert row.num_params == sum(p.numel() for p in trained.module.parameters())
    assert result.measured_on == f"{len(test.images):,} images, test set"


def test_scores_are_those_of_every_round_and_the_report_is_of_the_last(ranked) -> None:
    folder, result, _ = ranked
    with RunFolder.open(folder).pool() as pool:
        expected = {id: {r.round: r.score for r in records} for id, records in pool.all_scores().items()}
    assert result.rounds == [1, 2] and result.pool_size == len(expected) == 12
    for row in result.rows:
        assert row.scores == [expected[row.id].get(1), expected[row.id].get(2)]
        assert (row.scores[0] is None) == (row.round == 2)
    tau = bnao.ranking.kendall([row.scores[1] for row in result.rows], [row.metric for row in result.rows])
    assert result.report.score.overall.kendall.value == pytest.approx(tau)
    assert set(result.report.rounds) == {"round 1", "round 2"}
    assert result.report.ceiling is not None and result.report.ceiling.num_architectures == 5
    assert [row.second_metric is not None for row in result.rows] == [True] * 5 + [False]


def test_the_searched_run_is_as_it_was(scored: Path, ranked) -> None:
    folder = ranked[0]
    assert outcome(folder) == outcome(scored)
    assert (folder / "manifest.json").read_bytes() == (scored / "manifest.json").read_bytes()
    RunFolder.resume(folder).close()


def test_files_and_page_have_the_same_figures(ranked) -> None:
    folder, result, _ = ranked
    assert read_ranking(RunFolder.open(folder)) == result
    plain = json.loads((folder / "ranking.json").read_text())
    assert plain["report"]["score"]["overall"]["kendall"]["value"] == result.report.score.overall.kendall.value
    with open(folder / "ranking.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["metric"]) for row in rows] == [row.metric for row in result.rows]
    assert [row["score_round_1"] == "" for row in rows] == [row.scores[0] is None for row in result.rows]
    page = checked((folder / "report.html").read_text(encoding="utf-8"))
    assert float(page.keys["ranking-tau"]) == result.report.score.overall.kendall.value
    assert page.keys["ranking-verdict"] == result.report.verdict.kind
    assert all(any(id.startswith(prefix) for id in page.ids) for prefix in ("ranking-", "along-"))


def test_events_tell_what_happened(ranked) -> None:
    folder, result, recorder = ranked
    [started], [finished] = recorder.of("ranking_started"), recorder.of("ranking_finished")
    assert (started["trainings"], started["finished"], started["processes"]) == (11, 1, 1)
    assert len(recorder.of("training_finished")) == 10 and finished["verdict"] == result.report.verdict.kind
    progress = [event["done"] for event in recorder.of("stage_progress")]
    assert progress == sorted(progress) and progress[-1] == recorder.of("stage_started")[0]["total"]
    lines = [json.loads(line)["event"] for line in (folder / "ranking" / "events.jsonl").read_text().splitlines()]
    assert lines.count("training_finished") == 11 and "epoch" in lines


def test_asked_again_it_shows_what_is_finished(ranked) -> None:
    recorder = Recorder()
    assert api.rank(ranked[0], listener=recorder) == ranked[1]
    assert api.rank(ranked[0], 6, second_seed=5, seed=3, listener=recorder) == ranked[1]
    assert recorder.events == []


def test_more_architectures_extend_the_sample(ranked, copied: Path) -> None:
    recorder = Recorder()
    larger = api.rank(copied, 8, processes=1, listener=recorder)
    assert [row.id for row in larger.rows[:6]] == [row.id for row in ranked[1].rows]
    assert timeless(larger)[:5] == timeless(ranked[1])[:5] and len(recorder.of("training_finished")) == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 4}, "goes on with the seed it was begun with, 3"),
        ({"stratify": "size"}, "goes on with the stratify it was begun with, 'none'"),
        ({"architectures": 5}, "only grows; 6 architectures were asked for last in .*; received 5: ask for 6 or more"),
        ({"second_seed": 7}, "second_seed is at most the number of architectures, 6; received 7"),
        ({"architectures": 13}, "at most the pool that round 2 scored, 12; received 13: ask for fewer"),
    ],
)
def test_what_does_not_fit_is_refused(asked: dict[str, object], message: str, ranked) -> None:
    with pytest.raises(SettingError, match=message):
        api.rank(ranked[0], **asked)


def test_two_rankings_at_a_time_are_refused(copied: Path) -> None:
    with (
        RunFolder.resume(copied / "ranking", ranking=True),
        pytest.raises(RunError, match=r"one process at a time works on a run; .*ranking' is in use"),
    ):
        api.rank(copied, 8)


def test_what_diverges_counts_as_the_worst_and_is_told(
    scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(scored, tmp_path / "run")
    calls = []

    def training(*values: object, **named: object) -> object:
        calls.append(named["stage"])
        if len(calls) == 2:
            raise NumericalError("the training loss must stay finite")
        return train_standalone(*values, **named)

    monkeypatch.setattr(alone, "train_standalone", training)
    result = api.rank(tmp_path / "run", 5, processes=1)
    assert [row.metric is None for row in result.rows] == [False, True, False, False, False]
    assert result.report.num_architectures == 5 and "1 of 5 trainings diverged" in result.warnings[0]
    assert api.rank(tmp_path / "run") == result and len(calls) == 5
    finite = [row.metric for row in result.rows if row.metric is not None]
    truth = [-1.0 if row.metric is None else row.metric for row in result.rows]
    assert result.report.score.pick.best == max(finite)
    tau = bnao.ranking.kendall([row.scores[-1] for row in result.rows], truth)
    assert result.report.score.overall.kendall.value == pytest.approx(tau)
    checks = bnao.verify(tmp_path / "run", others=0).checks
    assert [c.outcome for c in checks if c.name == "ranking: figures"] == ["agrees"]


@pytest.mark.parametrize(("spread", "told"), [(0.01, True), (0.05, False)])
def test_a_truth_that_spreads_little_more_than_chance_is_told(spread: float, told: bool) -> None:
    """The standard error of half of 1,000 images is 1.6 points."""
    found = little_spread([0.5 + spread * k for k in (-1, 0, 1)], MetricInfo(), 1000, "images")
    assert bool(found) == told and ("1.6" in found) == told
    assert little_spread([0.5, 0.5], MetricInfo(name="mse", is_share=False), 1000, "images") == ""


def test_a_first_by_score_that_diverged_is_not_trusted() -> None:
    score = [0.6 + 0.005 * k for k in range(41)]
    rows = [
        Row(
            id=f"{k}", architecture="", origin="", round=1, num_params=100, macs=1, live_params=None, operations=[],
            scores=[value], metric=value, second_metric=None, seconds=1.0,
        )
        for k, value in enumerate(score)
    ]  # fmt: skip
    plan = RankPlan(round=1, architectures=41, stratify="none", second_seed=0, seed=0)
    assert report_of(rows, [1], plan, 100, MetricInfo()).verdict.kind == "trust"
    rows[-1] = replace(rows[-1], metric=None)
    found = report_of(rows, [1], plan, 100, MetricInfo())
    assert found.verdict.kind == "rerank" and found.score.pick.regret.value == pytest.approx(score[-2] - score[0])


def test_a_ranking_of_other_statistics_is_computed_again_and_trains_nothing(copied: Path) -> None:
    with RunFolder.resume(copied / "ranking", ranking=True) as folder, folder.commit() as commit:
        found = ranking_of(folder)
        assert found is not None
        commit.write_json("ranking.json", replace(found, statistics=1))
    assert "not checked" in {c.outcome for c in bnao.verify(copied, others=0).checks if c.name == "ranking: figures"}
    recorder = Recorder()
    assert api.rank(copied, listener=recorder) == found
    assert recorder.of("ranking_finished") and not recorder.of("training_finished")


def test_command(ranked, capsys: pytest.CaptureFixture[str]) -> None:
    folder, result, _ = ranked
    assert main(["rank", str(folder), "--architectures", "6", "--second-seed", "5"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Can the ranking be trusted? {result.report.verdict.headline}" in text
    assert main(["show", str(folder)]) == 0
    assert f"Can the ranking be trusted? {result.report.verdict.headline}" in capsys.readouterr().out
    assert "drawn uniformly, seed 3" in text and "Do not choose an architecture by them" in text


def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["show", str(folder)]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("drawn")
def test_a_larger_ranking_that_is_unfinished_is_told(ranked, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The former verdict stands, and no page takes it for all that was asked for."""
    assert "not finished" not in shown(ranked[0], capsys).partition("Can the ranking")[2].partition("This run")[0]
    with pytest.raises(Enough):
        api.rank(copied, 8, processes=1, listener=StopAt("training_finished"))
    text = shown(copied, capsys)
    told = "A larger ranking is begun, not finished: 12 of 13 trained"
    assert ranked[1].report.verdict.headline in text
    assert f"{told}. If no process works on it any more, go on with: bnao rank " in text
    page = render_report(RunFolder.open(copied))
    assert told in page and f"bnao rank {copied}</code>" in page
    assert checked(page).keys["verdict"] == ranked[1].report.verdict.kind


def test_show_has_the_warnings_of_the_ranking(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunFolder.resume(copied / "ranking", ranking=True) as place, place.commit() as commit:
        commit.write_json("ranking.json", replace(read_ranking(RunFolder.open(copied)), warnings=["2 diverged"]))
        commit.set_status("finished")
    assert "- 2 diverged" in shown(copied, capsys)


@pytest.mark.usefixtures("drawn")
def test_pages_ask_for_what_the_run_can_answer(scored: Path, ranked, copied: Path) -> None:
    """A pool of 12 without a ranking; the ranking that is there, told at the top, decided and undecided."""
    run = RunFolder.open(scored)
    assert f"<code>bnao rank {scored}</code>" in render_report(run) and "--architectures" not in render_report(run)
    assert next_step(read_facts(run), "") == [(f"bnao rank {scored}", "how far the ranking can be trusted, measured")]
    facts = read_facts(RunFolder.open(copied))
    verdict = facts.ranking.report.verdict
    for kind, commands in (("undecided", [f"bnao rank {copied} --architectures 12"]), ("worthless", []), ("trust", [])):
        told = replace(facts.ranking.report, verdict=replace(verdict, kind=kind, headline=kind))
        changed = replace(facts, ranking=replace(facts.ranking, report=told))
        assert [command for command, _ in next_step(changed, "")] == commands
        [first] = card(changed)
        assert (first["exact"], first["text"]) == (kind, kind.capitalize())
        assert any(f"The measured ranking: {kind}" in text for text in own_warnings(changed)) == (kind != "trust")


def test_the_library_call_is_lazy() -> None:
    scores = [0.1 * k for k in range(6)]
    assert bnao.ranking.report(scores, scores, range(1, 7)).score.overall.kendall.value == pytest.approx(1.0)
    assert bnao.rank is api.rank


@pytest.mark.usefixtures("drawn")
def test_a_damaged_ranking_leaves_the_run_readable(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [path] = (copied / "ranking" / "state").glob("ranking.g*")
    path.write_text("{}")
    told = f"remove the folder '{copied / 'ranking'}' and rank again"
    with pytest.raises(RunError, match="as the run wrote it") as caught:
        api.rank(copied)
    assert told in str(caught.value) and "search anew" not in str(caught.value)
    for command in ("report", "show"):
        assert main([command, str(copied)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "the ranking is left out" in shown.lower() and "and rank again" in shown
    page = checked((copied / "report.html").read_text(encoding="utf-8"))
    assert "ranking-tau" not in page.keys
    shutil.rmtree(copied / "ranking")
    assert main(["show", str(copied)]) == 0 and "left out" not in capsys.readouterr().out


def test_a_damaged_running_training_says_what_to_remove(tmp_path: Path) -> None:
    path = tmp_path / "rank-1.pt"
    path.write_bytes(b"half")
    with pytest.raises(RunError, match=r"rank-1.pt.* remove it and rank again"):
        FileSaves(path, 60.0, Stop(), again="rank again").load()


def test_second_seeds_that_give_no_figure_are_refused(scored: Path) -> None:
    with pytest.raises(SettingError, match="second seeds of 5 architectures or more; received 3"):
        api.rank(scored, 6, second_seed=3)


def test_words_say_which_figure_is_missing(ranked) -> None:
    report = ranked[1].report
    assert any(reason.startswith("top tenth: ") for reason in missing_reasons(report))
    few = replace(report.ceiling, seeds=replace(report.ceiling.seeds, kendall=missing(3, "3 pairs, 10 are needed")))
    rows = dict(conclusion_rows(replace(ranked[1], report=replace(report, ceiling=few))))
    assert rows["noise ceiling"].startswith("not given: ") and "–" not in rows["noise ceiling"]


def test_a_ranking_is_no_search(ranked, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder looks like one, and messages name it."""
    folder = ranked[0]
    for command in ("show", "report", "resume", "rank", "verify"):
        assert main([command, str(folder / "ranking")]) == (1 if command == "verify" else 2)
        told = " ".join("".join(capsys.readouterr()).split())
        assert "is the ranking of a search: give" in told, command


def test_truth_is_of_the_same_images_when_a_ranking_goes_on(copied: Path) -> None:
    with RunFolder.resume(copied / "ranking", ranking=True) as place, place.commit() as commit:
        commit.write_json("held-out.json", "of other images")
    with pytest.raises(RunError, match=r"on the held-out data it was begun with; .* and rank again"):
        api.rank(copied, 7)
    assert len(api.rank(copied).rows) == 6  # what is finished is still read


@pytest.mark.usefixtures("drawn")
def test_a_finished_ranking_is_read_where_nothing_can_be_written(copied: Path) -> None:
    result = api.rank(copied)
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.is_file()}
    assert api.rank(copied) == result
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.is_file()} == before
    (copied / "ranking.csv").unlink()
    api.rank(copied)
    assert (copied / "ranking.csv").exists()


def test_a_stop_that_is_asked_for_during_a_commit_waits_for_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both workers have spoken; the first one's training is committed when the stop comes."""
    stop, theirs = Stop(), []
    crew = Crew(2, SimpleNamespace(config=None), seed=0, place=Path(), stop=stop)

    def start(index: int) -> Connection:
        ours, other = multiprocessing.Pipe()
        theirs.append(other)
        crew._processes[ours] = SimpleNamespace(join=lambda: None, kill=lambda: None, exitcode=0)
        if index == 1:
            theirs[0].send(("trained", Training(key="rank-a", metric=0.5, seconds=1.0)))
            other.send(("step", 5, {}))
        return ours

    order = list[Connection]()

    def both(connections: list[Connection], timeout: float) -> list[Connection]:
        order[:] = order or connections
        return [c for c in order if c in connections and c.poll()]

    monkeypatch.setattr(crew, "_start", start)
    monkeypatch.setattr(crew_module, "wait", both)
    results = crew.results([Job("a", "x"), Job("b", "y")], lambda *_: stop.check(), lambda *_: None)
    next(results)
    stop.asked, stop.unsaved = True, False  # as a commit does
    heard = []

    def answer(connections: list[Connection], timeout: float) -> list[Connection]:
        if stop.asked and theirs[1].poll():
            heard.append(theirs[1].recv())
            if heard[-1] is None:
                theirs[1].send(("stopped",))
        if theirs[0].poll() and theirs[0].recv() is None:
            theirs[0].send(("stopped",))
        return [c for c in connections if c.poll()]

    monkeypatch.setattr(crew_module, "wait", answer)
    with pytest.raises(KeyboardInterrupt):
        list(results)
    assert heard[-1] is None
