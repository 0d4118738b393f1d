"""The winner's last training and its measurement on data that nothing before used (METHOD, step 8)."""

from __future__ import annotations

import json
from dataclasses import replace

from torch import nn

from bnao.arch import Architecture
from bnao.data.examples import Examples
from bnao.data.pictures import Pictures
from bnao.evaluation.calibration import calibration_batches
from bnao.evaluation.measure import Measurement
from bnao.evaluation.views import recalibrated_view
from bnao.loop.arms import Candidate
from bnao.loop.result import Winner
from bnao.loop.rounds import Rounds
from bnao.loop.saving import StageSaves
from bnao.loop.stages import StageLog
from bnao.loop.team.winner import lead_final
from bnao.loop.workbench import Workbench
from bnao.storage import Commit, RunFolder, to_plain
from bnao.training.loop import num_steps
from bnao.training.standalone import rebuild

FINAL = "final.safetensors"


def train_winner(bench: Workbench, run: RunFolder, log: StageLog, best: Candidate, rounds: Rounds) -> nn.Module:
    """The delivered network, in eval mode; read from the run where it is trained already.

    ``retrain`` and ``fine_tune`` train on train + validation data, for nothing is chosen any more; ``inherit`` measures
    running statistics on training data; ``rerank`` keeps the network of the re-ranking.
    """
    final = bench.config.final
    if final.mode == "rerank":
        return best.module
    architecture = best.architecture
    assert architecture.is_canonical, "weights are inherited and reloaded by the canonical form"
    if log.done("final"):
        return rebuild(bench.delivered.skeleton, architecture, run.read_weights(FINAL)[0], bench.device)
    if final.mode == "inherit":
        return _inherited(bench, log, architecture, rounds)
    images = bench.data.train.joined(bench.data.valid)
    with log.stage("final", "final training of the winner", num_steps(final.training, len(images)), "steps") as stage:
        trained = lead_final(
            bench,
            architecture,
            rounds.inherited_state(architecture) if final.mode == "fine_tune" else None,
            stage.hooks(),
            StageSaves(log, stage, "final", bench.config.save_seconds),
        )
        stage.figures.update({"loss": trained.curve[-1].loss, bench.objective.metric.name: trained.curve[-1].metric})

        def keep(commit: Commit) -> None:
            commit.write_weights(FINAL, trained.module.state_dict(), {"architecture": str(architecture)})
            StageSaves.drop(commit)

        stage.keep(keep)
    return trained.module


def _inherited(bench: Workbench, log: StageLog, architecture: Architecture, rounds: Rounds) -> nn.Module:
    with log.stage("final", "statistics of the supernet's weights", None, "batches") as stage:
        skeleton, config = bench.delivered.skeleton, bench.config
        module = rebuild(skeleton, architecture, rounds.inherited_state(architecture), bench.device)
        batches = calibration_batches(module, bench.data.train, config.scoring, config.seed)
        module.load_state_dict(recalibrated_view(module, batches).state_dict())

        def keep(commit: Commit) -> None:
            commit.write_weights(FINAL, module.state_dict(), {"architecture": str(architecture)})

        stage.keep(keep)
    return module


def describe_winner(bench: Workbench, best: Candidate, result: Measurement, measured_on: str) -> Winner:
    """The winner's figures."""
    sizes, architecture = bench.delivered.sizes, best.architecture
    return Winner(
        architecture=str(architecture),
        id=architecture.id,
        mode=bench.config.final.mode,
        output=bench.delivered.config.output if bench.space.has_output_forms else "",
        test_metric=result.metric,
        test_standard_error=result.standard_error,
        measured_on=measured_on,
        num_params=int(sizes.num_params([architecture])[0]),
        num_params_with_auxiliary=int(sizes.num_params_with_auxiliary([architecture])[0]),
        macs=int(sizes.macs([architecture])[0]),
    )


def save_winner(bench: Workbench, commit: Commit, winner: Winner, module: nn.Module) -> None:
    """Write the delivered weights with all that is needed to rebuild the module."""
    metadata = {
        "architecture": winner.architecture,
        "space": json.dumps(to_plain(bench.config.space)),
        "network": json.dumps(to_plain(replace(bench.delivered.config, auxiliary=False))),
        "task": json.dumps(to_plain(bench.task)),
        "normalisation": json.dumps(_normalisation(bench.data.train)),
        **central_share(bench.data.train),
    }
    commit.write_weights("winner.safetensors", bench.delivered.skeleton.delivered_state(module), metadata)


def _normalisation(train: Examples) -> dict[str, list[float]] | None:
    """What pixels were scaled by; None where the data are the user's own, and come as networks take them."""
    if not isinstance(train, Pictures):
        return None
    return {"mean": train.mean_C.tolist(), "std": train.std_C.tolist()}


def central_share(train: Examples) -> dict[str, str]:
    """For the metadata of weights: how much of a larger picture is seen, where it is not the whole central square."""
    share = train.central_share if isinstance(train, Pictures) else 1.0
    return {} if share == 1.0 else {"central_share": repr(share)}
