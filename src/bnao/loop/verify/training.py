"""A run of ``bnao train``: its settings, its rows of epochs, and its network measured again on the test images."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from bnao.data.batches import steps_per_epoch
from bnao.errors import BnaoError, brief
from bnao.loop.events import Silent
from bnao.loop.inputs import read_inputs
from bnao.loop.plugins import require_trusted
from bnao.loop.stages import StageLog, read_progress
from bnao.loop.train.arch import training_config
from bnao.loop.train.bench import Origin, TrainBench, measured_on, prepare_following, read_origin, training_inputs
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import NETWORK, RESULT, TrainingResult, epochs_so_far, read_training
from bnao.loop.train.tested import classify
from bnao.loop.train.width import widest
from bnao.loop.verify.checks import Checks
from bnao.loop.verify.folder import check_published
from bnao.loop.verify.network import Claimed, Rebuilt, check_prepared, rebuilt
from bnao.loop.verify.same_machine import begun_with, compare_machines, same_inputs
from bnao.loop.workbench import num_threads_of
from bnao.spaces.placing import place
from bnao.storage import RunFolder, to_plain
from bnao.training.device import threads
from bnao.training.loop import num_steps


def verify_training(run: RunFolder, checks: Checks, data: str | None) -> str:
    """All checks of a training but those of its files. Why figures have to be equal to the bit, or not."""
    if run.status == "finished":
        check_published(run, (RESULT, NETWORK), checks)
    config, result = None, None
    with checks.guard("settings"):
        config = training_config(run)
    bench, why = (None, "its settings cannot be read") if config is None else _bench(run, config, checks, data)
    if not run.has(RESULT):
        checks.unchecked("result", f"the training has not finished: `bnao resume {run.path}` goes on with it")
        return why
    with checks.guard("result"):
        result = read_training(run)
    if config is not None and result is not None:
        with threads(1 if bench is None else num_threads_of(bench.config.threads)):
            _check_result(run, config, result, bench, checks)
        _leave(result, bench, checks)
    return why


def _bench(run: RunFolder, config: TrainConfig, checks: Checks, data: str | None) -> tuple[TrainBench | None, str]:
    """Data, space and network as the training was begun with; None where they are not to be had."""
    before = begun_with(run, checks)
    if before is None:
        return None, "it does not say what it was begun with"
    try:
        require_trusted(config.plugins, run.path)
        source = config.data if data is None else replace(config.data, source=data)
        training = replace(config.training, compile="off")
        config = replace(config, data=source, threads=before.threads, training=training)
        config = replace(config, device="cuda" if before.device.startswith("cuda") else "cpu")
        bench = prepare_following(config, StageLog(Silent()))
        now = training_inputs(bench)
    except BnaoError as error:
        checks.unchecked(
            "data",
            f"a run folder holds no images and no code of yours, only their hashes: what is measured on them is left "
            f"out ({error}). Put them back, or say where they are, `bnao verify {run.path} --data ...`",
        )
        return None, "the data could not be had"
    why = compare_machines(run.manifest.versions, before, now, checks)
    names = {"data": "images or labels", "plugins": "plugin files"}
    if not same_inputs(before, now, names, checks):
        return None, why
    checks.agrees("data", f"{bench.config.data.source}: training and test images are those of the run")
    return bench, why


def _check_result(
    run: RunFolder, config: TrainConfig, result: TrainingResult, bench: TrainBench | None, checks: Checks
) -> None:
    _check_settings(run, config, result, checks)
    _check_epochs(config, result, checks)
    with checks.guard("log"):
        _check_log(run, result, checks)
    claimed = Claimed(
        architecture=result.architecture,
        id=result.id,
        output=result.output,
        num_params=result.num_params,
        num_params_with_auxiliary=result.num_params_with_auxiliary,
        macs=result.macs,
        drawing=result.drawing,
        space=config.space,
        network=config.network,
        plugins=config.plugins,
    )
    found = rebuilt(run, NETWORK, claimed, None if bench is None else bench.space, checks)
    if bench is not None and found is not None:
        _check_measured(config, read_origin(run), result, bench, found, checks)
    if config.max_macs is not None:
        name = "limit max_macs"
        text = f"{result.macs:,} of at most {config.max_macs:,}"
        checks.same(name, result.macs <= config.max_macs, True, text)
        if bench is not None:
            width = widest(bench.space, config.network, bench.task, bench.architecture, config.max_macs)
            words = re.sub(r" in place of \d+", "", result.width, count=1)  # of that the manifest knows no more
            found_words = replace(width, asked=width.channels).text
            rows = [("channels", config.network.channels, width.channels), ("words", words, found_words)]
            checks.all_same("width", rows, found_words)


def _check_settings(run: RunFolder, config: TrainConfig, result: TrainingResult, checks: Checks) -> None:
    progress, inputs = read_progress(run), read_inputs(run)
    origin = read_origin(run)
    rows: list[tuple[str, object, object]] = [
        ("recipe", result.recipe, run.manifest.recipe),
        ("seed", result.seed, config.seed),
        ("data", result.data, config.data.source),
        ("architecture", result.architecture, config.architecture),
        ("space", result.space, config.space.name),
        ("cells_per_stage", result.cells_per_stage, config.network.cells_per_stage),
        ("channels", result.channels, config.network.channels),
        ("average_decay", result.average_decay, config.training.average_decay),
        ("versions", result.versions, run.manifest.versions),
        ("origin", result.origin, origin.architecture),
        ("width", result.width, origin.width),
    ]
    if inputs is not None:
        rows += [("device", result.device, inputs.device), ("parts", result.parts, inputs.parts)]
    if progress is not None:
        rows += [("warnings", result.warnings, progress.warnings)]
    text = "recipe, seed, data, architecture and width are those of the manifest; origin and warnings are the state's"
    checks.all_same("settings", rows, text)


def _check_epochs(config: TrainConfig, result: TrainingResult, checks: Checks) -> None:
    """One row for each epoch, measured where the settings say; the headline is the last, the best the best of them."""
    steps = num_steps(config.training, result.num_train)
    last = math.ceil(steps / steps_per_epoch(result.num_train, config.training.batch_size))
    epochs = result.epochs
    checks.same("epochs", [row.epoch for row in epochs], list(range(1, last + 1)), f"{last} rows, as the settings say")
    wanted = [row.epoch == last or row.epoch % config.test_every == 0 for row in epochs]
    found = [row.test_accuracy is not None and row.test_loss is not None for row in epochs]
    checks.same("measured epochs", found, wanted, f"{sum(wanted)}, as the settings say")
    measured = [(row.test_accuracy, row.epoch) for row in epochs if row.test_accuracy is not None]
    if not measured:
        checks.differs("headline", "no epoch was measured")
        return
    final = epochs[-1]
    rows: list[tuple[str, object, object]] = [
        ("test_accuracy", result.test_accuracy, final.test_accuracy),
        ("test_loss", to_plain(result.test_loss), to_plain(final.test_loss)),
        ("test_top5", result.test_top5, final.test_top5),
    ]
    checks.all_same("headline", rows, f"that of the last epoch, {final.epoch}")
    accuracy, epoch = max(measured, key=lambda pair: (pair[0], -pair[1]))
    rows = [("best_accuracy", result.best_accuracy, accuracy), ("best_epoch", result.best_epoch, epoch)]
    checks.all_same("best epoch", rows, f"epoch {epoch} is the best of the rows")


def _check_log(run: RunFolder, result: TrainingResult, checks: Checks) -> None:
    """The rows are those that the log heard, where it did."""
    logged = {row.epoch: row for row in epochs_so_far(run)}
    wrong = [row.epoch for row in result.epochs if row.epoch in logged and to_plain(row) != to_plain(logged[row.epoch])]
    if wrong:
        checks.differs("rows and log", f"the log has other figures of these epochs: {brief(wrong)}")
    else:
        num = sum(row.epoch in logged for row in result.epochs)
        checks.agrees("rows and log", f"{num} of {len(result.epochs)} epochs are in the log, with the same figures")


def _check_measured(
    config: TrainConfig, origin: Origin, result: TrainingResult, bench: TrainBench, found: Rebuilt, checks: Checks
) -> None:
    """The delivered network on the test images, by the code that measured it after each epoch."""
    images = bench.test.images
    rows: list[tuple[str, object, object]] = [
        ("num_train", result.num_train, len(bench.train)),
        ("num_test", result.num_test, len(images)),
        ("measured_on", result.measured_on, measured_on(bench.test, config, origin)),
    ]
    checks.all_same("images", rows, f"{len(bench.train):,} to learn from; measured on {result.measured_on}")
    check_prepared(found.delivered, bench.task, bench.train, checks)
    with checks.guard("test images"):
        again = classify(place(found.module, bench.device), images)
        checks.close("test accuracy", result.test_accuracy, again.top1, "top-1 after the last epoch:")
        checks.close("test loss", result.test_loss, again.loss, "loss after the last epoch:")
        checks.close("test top-5", result.test_top5, again.top5, "top-5 after the last epoch:")


def _leave(result: TrainingResult, bench: TrainBench | None, checks: Checks) -> None:
    if bench is None:
        checks.leave("the test figures, the numbers of images and the normalisation: the data were not to be had")
    before = "" if len(result.epochs) == 1 else ", and test figures before the last epoch, from which best_* are taken"
    checks.leave(f"losses and accuracies in training{before}: only the weights of the end are kept")
    checks.leave("times, threads and processes, and the words on where the architecture comes from")
    checks.leave(
        "that the weights come from this seed, recipe and schedule on these training images alone: only training again "
        "by the manifest's settings shows it"
    )
