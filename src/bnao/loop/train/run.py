"""A whole training: every epoch measured on test images, saved as it goes, the network and its figures kept."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from torch import nn

from bnao.errors import NumericalError
from bnao.loop.inputs import note_parts
from bnao.loop.saving import StageSaves
from bnao.loop.stages import Stage, StageLog
from bnao.loop.train.bench import TrainBench, check_training_inputs, measured_on
from bnao.loop.train.divided import last_epoch, lead_training
from bnao.loop.train.result import NETWORK, RESULT, EpochFigures, TrainingResult
from bnao.loop.train.tested import Tested, TestFigures
from bnao.loop.winner import central_share
from bnao.loop.workbench import num_threads_of
from bnao.storage import Commit, RunFolder, to_plain
from bnao.storage.manifest import versions
from bnao.training.device import threads
from bnao.training.loop import Epoch, num_steps
from bnao.training.memory import keeping_freed_memory

STAGE = "train"
STAGES = ["data", STAGE]


def run_training(bench: TrainBench, run: RunFolder, log: StageLog) -> None:
    """Train and measure, or go on with what ``run`` holds; all is written to it.

    Raises BnaoError; KeyboardInterrupt, with all work kept up to there, where ``log.stop`` was asked for.
    """
    config = bench.config
    check_training_inputs(bench, run)
    log.attach(run)
    note_parts(bench.team, run, log)
    if log.resumed and run.manifest.versions != versions():
        log.warn("this training was begun with other versions: its figures may differ from those of an undisturbed one")
    log.listener.event(
        "run_started", recipe=run.manifest.recipe, seed=config.seed, data=config.data.source,
        num_train=len(bench.train), num_test=len(bench.test.images), device=str(bench.device),
        threads=num_threads_of(config.threads), processes=bench.team.group.size, parts=bench.team.parts, stages=STAGES,
        resumed_at=run.generation if log.resumed else None, finished=log.seconds if log.resumed else {},
    )  # fmt: skip
    if bench.origin.width:
        log.listener.event("planned", text=bench.origin.width)
    with threads(num_threads_of(config.threads)), keeping_freed_memory():
        _train(bench, run, log)
    log.listener.event("run_finished", seconds=round(sum(log.seconds.values()), 3))


def _train(bench: TrainBench, run: RunFolder, log: StageLog) -> None:
    config, training = bench.config, bench.config.effective
    with log.stage(STAGE, "training", num_steps(training, len(bench.train)), "steps") as stage:
        saves = StageSaves(log, stage, STAGE, config.save_seconds)
        tested, last = Tested(saves), last_epoch(training, len(bench.train))

        def watch(epoch: Epoch, figures: TestFigures | None) -> None:
            log.listener.event("tested", stage=STAGE, **vars(tested.add(epoch, figures)))
            _require_sound(tested, log, last)

        trained = lead_training(bench, training, STAGE, hooks=stage.hooks(), saves=tested, watch=watch)
        result = replace(_result(bench, run, log, tested.epochs), seconds=stage.seconds)
        stage.figures.update(_figures(result))
        _keep(bench, stage, result, trained.module)


def _require_sound(tested: Tested, log: StageLog, last: int) -> None:
    """Raise NumericalError where the last epoch's test loss is not finite; warn of the first epoch before it."""
    newest = tested.epochs[-1]
    if newest.test_loss is None or math.isfinite(newest.test_loss):
        return
    if newest.epoch == last:
        raise NumericalError(
            f"the test loss of a finished network must be finite; received {newest.test_loss} after epoch {last}, the "
            "last: lower training.learning_rate or training.clip_norm, and train anew"
        )
    if newest is tested.first_unsound:
        log.warn(
            f"the test loss after epoch {newest.epoch} is {newest.test_loss}: images on which the network's outputs "
            "are not finite count as wrong; if it stays so the training ends in an error (lower "
            "training.learning_rate)"
        )


def _figures(result: TrainingResult) -> dict[str, float]:
    top5 = {} if result.test_top5 is None else {"test_top5_error": 1 - result.test_top5}
    return {"test_error": result.test_error, **top5, "test_loss": result.test_loss}


def _result(bench: TrainBench, run: RunFolder, log: StageLog, epochs: list[EpochFigures]) -> TrainingResult:
    config, last = bench.config, epochs[-1]
    measured = [(figures.test_accuracy, figures.epoch) for figures in epochs if figures.test_accuracy is not None]
    best_accuracy, best_epoch = max(measured, key=lambda pair: (pair[0], -pair[1]))
    assert last.test_accuracy is not None and last.test_loss is not None, "the last epoch is always measured"
    sizes, one = bench.sizes, [bench.architecture]
    return TrainingResult(
        recipe=run.manifest.recipe,
        seed=config.seed,
        architecture=str(bench.architecture),
        id=bench.architecture.id,
        origin=bench.origin.architecture,
        space=config.space.name,
        output=config.network.output if bench.space.has_output_forms else "",
        data=config.data.source,
        num_train=len(bench.train),
        num_test=len(bench.test.images),
        measured_on=measured_on(bench.test, config, bench.origin),
        test_loss=last.test_loss,
        test_accuracy=last.test_accuracy,
        test_top5=last.test_top5,
        best_epoch=best_epoch,
        best_accuracy=best_accuracy,
        num_params=int(sizes.num_params(one)[0]),
        num_params_with_auxiliary=int(sizes.num_params_with_auxiliary(one)[0]),
        macs=int(sizes.macs(one)[0]),
        cells_per_stage=config.network.cells_per_stage,
        channels=config.network.channels,
        average_decay=config.training.average_decay,
        width=bench.origin.width,
        epochs=epochs,
        warnings=log.warnings,
        drawing=bench.space.draw(bench.architecture),
        threads=num_threads_of(config.threads),
        processes=bench.team.group.size,
        parts=bench.team.parts,
        device=str(bench.device),
        versions=run.manifest.versions,
    )


def _keep(bench: TrainBench, stage: Stage, result: TrainingResult, module: nn.Module) -> None:
    """Weights, result and the word that it is finished, in the stage's one commit."""
    config = bench.config
    statistics = {"mean": bench.train.mean_C.tolist(), "std": bench.train.std_C.tolist()}
    metadata = {
        "architecture": result.architecture,
        "space": json.dumps(to_plain(config.space)),
        "network": json.dumps(to_plain(replace(config.network, auxiliary=False))),
        "task": json.dumps(to_plain(bench.task)),
        "normalisation": json.dumps(statistics),
        **central_share(bench.train),
    }

    def write(commit: Commit) -> None:
        commit.write_weights(NETWORK, bench.skeleton.delivered_state(module), metadata)
        commit.write_json(RESULT, result)
        commit.set_status("finished")
        StageSaves.drop(commit)

    stage.keep(write)
