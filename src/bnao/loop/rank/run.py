"""A whole ranking: plan, train, report. Its state is a run folder of its own within the searched run's, which it reads.

Truth is measured on the held-out data of the searched run, which neither scoring nor re-ranking used: score and truth
share no image. Nothing of it goes back into the search, and nothing may: to choose an architecture by these figures
would be to choose on test data.

Events, in the ranking's own log: ``ranking_started`` (plan, run, pool, trainings, finished, processes, held_out,
device); of the stage ``rank`` those of any stage, and ``epoch`` (architecture, second: the other seed);
``training_finished`` (architecture, second, metric, failure, seconds); ``ranking_finished`` (seconds, verdict, tau).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from bnao.errors import RunError, require
from bnao.loop.events import Listener, Several
from bnao.loop.given import NOTHING, Given
from bnao.loop.inputs import check_inputs, run_config
from bnao.loop.rank.alone import alone_config, running_path
from bnao.loop.rank.build import build_result, scored_rounds
from bnao.loop.rank.crew import Crew, Results, in_process, num_processes, trained_here
from bnao.loop.rank.jobs import TRAININGS, Job, Training, read_trainings, stored
from bnao.loop.rank.plan import (
    FOLDER,
    PLAN,
    Asked,
    Frame,
    RankPlan,
    check_asked,
    make_plan,
    open_ranking,
    read_frame,
    read_plan,
    whole,
)
from bnao.loop.rank.result import RANKING, STATISTICS, RankingResult, ranking_of
from bnao.loop.rank.sample import sample_order
from bnao.loop.stages import Stage, StageLog
from bnao.loop.stopping import stoppable
from bnao.loop.workbench import Workbench, make_workbench
from bnao.storage import Commit, PoolEntry, RunFolder, to_plain
from bnao.storage.files import PARTIAL, writing
from bnao.storage.manifest import versions
from bnao.training.loop import Epoch, num_steps
from bnao.training.memory import keeping_freed_memory

STAGE = "rank"
HELD_OUT = "held-out.json"  # what the truth is measured on, as a digest
RUNNING = "running"  # folder of the running trainings, within the ranking's


def rank_run(
    run: RunFolder, asked: Asked, processes: int | None, listener: Listener, given: Given = NOTHING
) -> RankingResult:
    """The ranking of a searched run: trained, gone on with, or read where it is finished already.

    ``given`` is what the run was given in Python; no other process can have it, so all is trained in this one.
    Raises BnaoError, before anything is written where the request does not fit; KeyboardInterrupt, with all work kept.
    """
    check_asked(asked, processes)
    processes = in_process(processes, given)
    place = run.path / FOLDER
    with whole(run):
        known = open_ranking(run)
        before, done = None, None
        if known is not None:
            for name in known.manifest.files:  # each is verified
                known.file(name)
            before, done = read_plan(known), ranking_of(known)
    frame = read_frame(run, None if before is None else before.round)
    plan = make_plan(asked, frame, before, str(place))
    if done is not None and _is_current(done, plan, run):
        return done
    with ExitStack() as stack:
        if known is not None:
            folder = stack.enter_context(RunFolder.resume(place, ranking=True))
            require(read_plan(folder) == before, "a ranking has one plan at a time", "another one", "ask again")
        bench = make_workbench(alone_config(run_config(run)), begun=True, given=given)
        check_inputs(bench, run)
        if known is None:
            folder = stack.enter_context(
                RunFolder.create(place, config=plan, recipe=run.manifest.recipe, kind="ranking")
            )
        log = StageLog(listener)
        log.attach(folder)
        stack.enter_context(stoppable(log.stop))
        stack.enter_context(keeping_freed_memory())
        log.listener = Several(stack.enter_context(folder.event_log()), listener)
        notes = []
        if log.resumed and folder.manifest.versions != versions():
            notes.append("this ranking was begun with other versions: trainings of the two may differ")
            log.warn(notes[0])
        _check_held_out(bench, folder)
        if plan != before:
            with log.commit() as commit:
                commit.write_json(PLAN, plan)
                commit.set_status("running")
        return _Ranking(bench, run, folder, log, plan, frame).result(processes, notes)


def _is_current(done: RankingResult, plan: RankPlan, run: RunFolder) -> bool:
    same = done.plan == plan and done.statistics == STATISTICS
    return same and done.rounds == list(scored_rounds(run, [row.id for row in done.rows]))


def _check_held_out(bench: Workbench, folder: RunFolder) -> None:
    """Remember the held-out data of a new ranking. Raises RunError where one that is gone on with would get others."""
    now = bench.held_out.open().images.fingerprint()
    if not folder.has(HELD_OUT):
        with folder.commit() as commit:
            commit.write_json(HELD_OUT, now)
    elif folder.read_json(HELD_OUT) != now:
        raise RunError(
            "a ranking is gone on with on the held-out data it was begun with; "
            f"{bench.config.data.source!r} now gives others: restore them, or remove the folder {str(folder.path)!r} "
            "and rank again"
        )


class _Ranking:
    """One process's work on a ranking."""

    def __init__(
        self, bench: Workbench, run: RunFolder, folder: RunFolder, log: StageLog, plan: RankPlan, frame: Frame
    ) -> None:
        self._bench, self._run, self._folder, self._log, self._plan, self._frame = bench, run, folder, log, plan, frame
        self._steps = num_steps(bench.config.rerank.training, len(bench.data.train))
        self._trained = read_trainings(folder)

    def result(self, processes: int | None, notes: Sequence[str]) -> RankingResult:
        """Train what is left, and report, with ``notes`` among the warnings."""
        log, sample = self._log, self._sample()
        jobs = [Job(entry.id, entry.text) for entry in sample]
        jobs += [Job(entry.id, entry.text, second=True) for entry in sample[: self._plan.second_seed]]
        left = [job for job in jobs if job.key not in self._trained]
        count = num_processes(processes, self._bench, len(left))
        twice = f", {self._plan.second_seed} of them twice" if self._plan.second_seed else ""
        log.listener.event(
            "ranking_started", plan=to_plain(self._plan), run=str(self._run.path), pool=len(self._frame.entries),
            trainings=len(jobs), finished=len(jobs) - len(left), processes=count,
            held_out=self._bench.held_out.measured, device=str(self._bench.device),
        )  # fmt: skip
        log.unfinished[STAGE] = log.unfinished.get(STAGE, 0.0) + log.seconds.pop(STAGE, 0.0)
        title = f"{len(sample)} of the pool trained alone{twice}"
        with log.stage(STAGE, title, self._steps * len(jobs), "steps") as stage:
            self._train(stage, left, len(jobs) - len(left), count)
            made = build_result(self._bench, self._run, self._plan, self._frame, sample, self._trained, notes)
            for text in made.warnings:
                log.warn(text)
            tau = made.report.score.overall.kendall.value
            stage.figures.update({"architectures": len(made.rows)} | ({} if tau is None else {"tau": tau}))

            def keep(commit: Commit) -> None:
                commit.write_json(RANKING, made)
                commit.set_status("finished")

            stage.keep(keep)
        log.listener.event(
            "ranking_finished", seconds=round(log.seconds[STAGE], 3), verdict=made.report.verdict.kind, tau=tau
        )
        return made

    def _sample(self) -> list[PoolEntry]:
        entries = self._frame.entries
        sizes = self._bench.rerank.sizes.num_params([self._bench.space.grammar.parse(e.text) for e in entries])
        return [entries[k] for k in sample_order(sizes, self._plan)[: self._plan.architectures]]

    def _train(self, stage: Stage, left: list[Job], finished: int, count: int) -> None:
        place, running = self._place(left), dict[str, int]()

        def said(job: Job, done: int, figures: dict[str, float]) -> None:
            running[job.key] = done
            stage.progress(finished * self._steps + sum(running.values()), figures)

        def learned(job: Job, epoch: Epoch) -> None:
            fields = {"architecture": job.id, "second": job.second, **vars(epoch)}
            self._log.listener.event("epoch", stage=STAGE, **fields)

        stop, seed = self._log.stop, self._plan.seed
        stage.progress(finished * self._steps)
        results: Results
        if count > 1:
            results = Crew(count, self._bench, seed=seed, place=place, stop=stop).results(left, said, learned)
        else:
            results = trained_here(left, self._bench, seed=seed, place=place, stop=stop, said=said, learned=learned)
        with closing(results):
            for job, training in results:
                self._keep(stage, job, training, place)
                running[job.key] = self._steps

    def _keep(self, stage: Stage, job: Job, training: Training, place: Path) -> None:
        self._trained[job.key] = training
        with stage.commit() as commit:
            commit.write_json(TRAININGS, stored(self._trained.values()))
        with suppress(OSError):
            running_path(place, job).unlink(missing_ok=True)
        self._log.listener.event(
            "training_finished", architecture=job.id, second=job.second, metric=training.metric,
            failure=training.failure, seconds=round(training.seconds, 3),
        )  # fmt: skip

    def _place(self, left: list[Job]) -> Path:
        """The folder of the running trainings, without halves of files and those that are finished."""
        place = self._folder.path / RUNNING
        with writing(place):
            place.mkdir(exist_ok=True)
        wanted = {running_path(place, job) for job in left}
        for path in [*place.glob("*.pt"), *place.glob(PARTIAL)]:
            if path not in wanted:
                with suppress(OSError):
                    path.unlink()
        return place
