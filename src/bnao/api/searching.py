"""Whole searches, going on with them, other budgets, the ranking measured; the winner as a plain torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from bnao.cost.limits import Limits
from bnao.cost.size_of import size as size
from bnao.distributed import is_leader, refuse_launched
from bnao.errors import BnaoError, Interrupted, RunError, SettingError
from bnao.loop.arguments import Arguments, Objects
from bnao.loop.config import SearchConfig
from bnao.loop.delivered import load_winner as load_winner
from bnao.loop.delivered import loaded
from bnao.loop.events import Calling, Kept, Listener, Several, Silent
from bnao.loop.plan.plan import Plan
from bnao.loop.recording import recorded
from bnao.loop.result import SearchResult, read_result
from bnao.loop.winner_file import WINNER, read_delivered
from bnao.settings import update
from bnao.spaces.config import SpaceConfig
from bnao.storage import RunFolder, from_dict, to_plain
from bnao.storage.used import refuse_used

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from bnao.arch import Architecture
    from bnao.loop.front import Fronts
    from bnao.loop.given import Given
    from bnao.loop.rank.result import RankingResult
    from bnao.loop.stages import StageLog
    from bnao.loop.team.start import Assembly
    from bnao.loop.workbench import Workbench


@dataclass(frozen=True)
class Best:
    """The delivered network: ``module`` (a plain torch module, trained, in eval mode) and what was measured of it.

    ``metric`` is the held-out value of the objective's metric (an accuracy in [0, 1] unless another was chosen), with
    its ``standard_error``; ``num_params`` and ``macs`` (multiply-adds of one example) are of ``module``; ``text`` draws
    the architecture.
    """

    module: nn.Module
    metric: float
    standard_error: float
    num_params: int
    macs: int
    architecture: str
    text: str

    @property
    def accuracy(self) -> float:
        """The metric, under the name it mostly has."""
        return self.metric


class Result:
    """A finished search: its figures (``summary``), the delivered network (``best``), the ``front``, the report."""

    def __init__(self, path: Path, summary: SearchResult, bench: Workbench | None = None) -> None:
        self.path = path
        self.summary = summary
        self.bench = bench  # what it was searched with, where this process knows it

    @cached_property
    def best(self) -> Best:
        """The delivered network and its figures, measured on data that the search did not use."""
        winner = self.summary.winner
        return Best(
            module=self.module,
            metric=winner.test_metric,
            standard_error=winner.test_standard_error,
            num_params=winner.num_params,
            macs=winner.macs,
            architecture=winner.architecture,
            text=self.summary.drawing,
        )

    def report(self, path: str | Path) -> Path:
        """Write the report, one HTML page that needs nothing else, to ``path``. Raises RunError."""
        from bnao.report.web.page import write_report

        return write_report(RunFolder.open(self.path), Path(path), None if self.bench is None else self.bench.space)

    @property
    def metric(self) -> float:
        """The objective's metric of the delivered network on data that the search did not use."""
        return self.summary.winner.test_metric

    @property
    def accuracy(self) -> float:
        """:attr:`metric`, under the name it mostly has: an accuracy in [0, 1] unless another metric was chosen."""
        return self.metric

    @property
    def front(self) -> Fronts:
        """Quality against cost: what no other network beats in both (:class:`~bnao.loop.front.Fronts`).

        ``front.trained["params"]``, of the networks trained alone, by their metric on validation images; and
        ``front.pool["params"]``, of the whole scored pool, by the one-shot score. Instead of ``params`` also ``macs``,
        and ``latency_ms`` where latency was limited.
        """
        from bnao.loop.front import read_fronts

        return read_fronts(RunFolder.open(self.path))

    @property
    def normalisation(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel, for pixels in [0, 1]: what ``module``'s input is scaled by."""
        found = read_delivered(RunFolder.open(self.path).read_weights(WINNER)[1], self.path / WINNER).normalisation
        if found is None:
            raise SettingError("pixels are normalised; inputs given in Python are prepared by you: do so here too")
        return list(found.mean), list(found.std)

    @property
    def module(self) -> nn.Module:
        """The delivered network in eval mode, read from the run folder; a model of your own is itself again.

        Input of the built-in spaces, (B, C, H, W): ``(pixels / 255 - mean) / std`` with :attr:`normalisation`.
        """
        if self.bench is None:
            return load_winner(self.path)
        tensors, metadata = RunFolder.open(self.path).read_weights(WINNER)
        return loaded(self.bench.delivered.skeleton, metadata["architecture"], tensors)


def search(
    model: SearchConfig | Callable[[], nn.Module] | str,
    out: str | Path,
    *,
    train: Any = None,
    valid: Any = None,
    test: Any = None,
    prepare: Callable[[Any], tuple[Any, Tensor]] | None = None,
    loss: str | Callable[[Tensor, Tensor], Tensor] | None = None,
    metric: str | Callable[[Tensor, Tensor], float] | None = None,
    higher_is_better: bool = True,
    class_weights: Sequence[float] | None = None,
    optimizer: str | Callable[[list[nn.Parameter]], Optimizer] | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    epochs: float | None = None,
    max_minutes: float | None = None,
    max_params: int | None = None,
    max_macs: int | None = None,
    max_latency_ms: float | None = None,
    latency: Callable[[Sequence[Architecture]], Any] | None = None,
    final: str | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    recipe: str = "custom",
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
) -> Result:
    """Search the best network and write everything to the new or empty folder ``out``.

    ``model`` is a class or function whose call makes a torch module with open choices (:class:`~bnao.OneOf`,
    :class:`~bnao.Repeat`), the name of a built-in space, or a whole configuration.

    Data: ``train``, ``valid`` and ``test`` are map-style Datasets, DataLoaders over them, or pairs of tensors. Without
    ``valid`` a share of ``train`` is validation (``data.valid_fraction``); without ``test`` a third of validation,
    drawn by the seed, is set aside for the reported figures alone. ``prepare`` turns a collated batch into
    ``(inputs, targets)``: inputs are a tensor, or a tuple or dict of them, and the model is called with these.

    Objective: ``loss`` is cross_entropy, binary_cross_entropy, mse, l1, or a function of (outputs, targets); ``metric``
    accuracy, error, auroc, f1, mse, mae, r2, or a function to a number, of which more is better unless
    ``higher_is_better`` says no. Whole-number targets are classes, and need neither. ``optimizer`` is sgd, adamw or a
    function of the parameters. Weights that ask for no gradient stay as they are, and modules that have no others.

    ``epochs`` of the winner's training; the other trainings are scaled alike. ``max_minutes``: the whole search's time,
    by which all trainings are scaled, and the search made smaller if need be (docs/planning.md). ``max_params``,
    ``max_macs``, ``max_latency_ms`` are hard limits of what is delivered. ``final``: ``retrain``, ``fine_tune``,
    ``inherit`` or ``rerank``, where its weights come from (:class:`~bnao.loop.config.FinalConfig`). ``settings``
    changes any other setting by its dotted name, such as ``{"loop.pool": 500}``. ``recipe`` is the name that the run is
    remembered by; ``listener`` hears the events (:mod:`bnao.loop.events`), as an object or as a function of
    ``(kind, **fields)``.

    ``processes`` share the work on this machine where the configuration names all that they need. A script that
    torchrun started makes this same call in each process; rank 0 searches, writes and is heard, the others work for it
    and return the same result, or leave the program where rank 0 ends without one (docs/scaling.md).

    Raises BnaoError: for settings and data that do not fit, before anything is written or trained. Ctrl-C and SIGTERM
    end it at the next step as :class:`~bnao.errors.Interrupted`; :func:`resume` goes on.
    """
    from bnao.loop.asked import asked

    if is_leader():
        refuse_used(Path(out))
    config, recipe = _configuration(model, recipe)
    config, given = asked(
        config, model, train=train, valid=valid, test=test, prepare=prepare, loss=loss, metric=metric,
        higher_is_better=higher_is_better, class_weights=class_weights, optimizer=optimizer,
        learning_rate=learning_rate, batch_size=batch_size, epochs=epochs, max_minutes=max_minutes,
        max_params=max_params, max_macs=max_macs, max_latency_ms=max_latency_ms, latency=latency, final=final,
        seed=seed, settings=settings,
    )  # fmt: skip
    return _begin(config, given, out, recipe, listener, processes)


def _begin(
    config: SearchConfig,
    given: Given,
    out: str | Path,
    recipe: str,
    listener: Listener | Callable[..., None] | None,
    processes: int | None = None,
    latency_threads: int | None = None,
) -> Result:
    from bnao.loop.plan.run import fit_search
    from bnao.loop.run import prepare as prepare_bench
    from bnao.loop.team.search import SearchWork
    from bnao.loop.team.start import Assembly
    from bnao.recipes import usual_settings

    early, heard = Kept(), _listener(listener)
    log = _stage_log(early, heard)
    with Assembly(processes, given) as assembly:
        if assembly.follows:
            return _followed(assembly)
        assembly.check(config)
        usual = usual_settings(config)
        bench = prepare_bench(config, log, given=given, latency_threads=latency_threads, usual=usual)
        bench, planned = fit_search(bench, log)
        bench = assembly.joined(SearchWork(bench)).bench
        with RunFolder.create(out, config=bench.config, recipe=recipe) as run:
            return _run(bench, run, log, early, heard, assembly, planned)


def _followed(assembly: Assembly) -> Result:
    """In a process that is not rank 0: serve, and return what rank 0 found."""
    found = assembly.follow()
    path, summary = found.result
    return Result(Path(path), from_dict(SearchResult, summary, source="rank 0"), found.bench)


def plan(
    model: SearchConfig | Callable[[], nn.Module] | str,
    *,
    listener: Listener | Callable[..., None] | None = None,
    **arguments: Unpack[Arguments],
) -> Plan:
    """What :func:`search` would take with the same arguments, by stage: seconds and bytes, as intervals.

    Reads the data and runs some real training steps on throwaway networks, about half a minute in all or a few steps of
    each kind where they take longer; writes nothing. With ``max_minutes`` the plan is of the settings that it chooses
    (``plan.settings``). The search has random streams of its own, and is the same with a plan before it and without.
    Raises BnaoError as :func:`search` does.
    """
    from bnao.loop.asked import asked
    from bnao.loop.plan.run import plan_search
    from bnao.loop.run import prepare as prepare_bench
    from bnao.recipes import usual_settings

    refuse_launched("a plan", "plan without torchrun")
    config, given = asked(_configuration(model, "custom")[0], model, **arguments)
    log = _stage_log(_listener(listener))
    return plan_search(prepare_bench(config, log, given=given, usual=usual_settings(config)), log)


def _configuration(model: SearchConfig | Callable[[], nn.Module] | str, recipe: str) -> tuple[SearchConfig, str]:
    from bnao.recipes import load_recipe

    if isinstance(model, SearchConfig):
        return model, recipe
    config = load_recipe("own")
    if callable(model):
        return config, "own" if recipe == "custom" else recipe
    demo = load_recipe("demo")
    names = {"name": model}
    return replace(
        config,
        space=update(SpaceConfig(), names),
        supernet=replace(config.supernet, network=demo.supernet.network),
        rerank=replace(config.rerank, network=demo.rerank.network),
        final=replace(config.final, network=demo.final.network),
    ), recipe


def _listener(listener: Listener | Callable[..., None] | None) -> Listener:
    if listener is None:
        return Silent()
    return Calling(listener) if not isinstance(listener, Listener) else listener


def resume(
    path: str | Path,
    model: Callable[[], nn.Module] | None = None,
    *,
    train: Any = None,
    valid: Any = None,
    test: Any = None,
    prepare: Callable[[Any], tuple[Any, Tensor]] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    metric: Callable[[Tensor, Tensor], float] | None = None,
    higher_is_better: bool = True,
    optimizer: Callable[[list[nn.Parameter]], Optimizer] | None = None,
    latency: Callable[[Sequence[Architecture]], Any] | None = None,
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
) -> Result:
    """Go on with the run in ``path`` from its last commit; a finished run is only read.

    What :func:`search` was given in Python (model, data, functions) no file holds: give the same again.

    The outcome (pool, scores, weights, winner) is that of an undisturbed run, to the bit, on the same machine and
    versions. ``processes`` as in :func:`search`: with fewer than the run was begun with the outcome is the same up to
    the order of float sums, with more it goes on in another way and says so.

    Raises BnaoError: RunError if another process works on the run, if its files are damaged, or if its data have
    changed.
    """
    from bnao.loop.inputs import check_inputs, read_inputs, read_latency, run_config
    from bnao.loop.own import given_in_python
    from bnao.loop.run import prepare as prepare_bench
    from bnao.loop.team.search import SearchWork
    from bnao.loop.team.start import Assembly
    from bnao.recipes import usual_settings

    given = given_in_python(
        model, train=train, valid=valid, test=test, prepare=prepare, loss=loss, metric=metric,
        higher_is_better=higher_is_better, optimizer=optimizer, latency=latency,
    )  # fmt: skip
    with Assembly(processes, given) as assembly:
        if assembly.follows:
            return _followed(assembly)
        with RunFolder.resume(path) as run:
            if run.manifest.kind == "training":
                raise RunError(
                    f"bnao.resume goes on with a search; {str(path)!r} is a training: use bnao.resume_training"
                )
            early, heard = Kept(), _listener(listener)
            log = _stage_log(early, heard)
            if run.status == "finished" and model is None:
                return _finished(run, assembly=assembly)
            begun, inputs = run.manifest.pool is not None, read_inputs(run)
            config, table = run_config(run), read_latency(run)
            usual = usual_settings(config)
            bench = prepare_bench(config, log, begun=begun, table=table, given=given, usual=usual)
            if run.status == "finished":
                check_inputs(bench, run)
                return _finished(run, bench=bench, assembly=assembly)
            parts = 1 if inputs is None else inputs.parts
            bench = assembly.joined(SearchWork(bench), resumed=True, parts=parts).bench
            return _run(bench, run, log, early, heard, assembly)


def pick(
    path: str | Path,
    out: str | Path,
    *,
    max_params: int | None = None,
    max_macs: int | None = None,
    max_latency_ms: float | None = None,
    latency: Callable[[Sequence[Architecture]], Any] | None = None,
    listener: Listener | Callable[..., None] | None = None,
    **given: Unpack[Objects],
) -> Result:
    """Another budget from the supernet of the finished run in ``path``: no supernet is trained.

    A run of its own in the new folder ``out``, with all of the other's settings but the limits: the part of the pool
    that keeps them is scored, the controller proposes within them, the best are trained alone beside random ones that
    keep them too, and the winner is trained and measured. Limits count the delivered network (parameters; multiply-adds
    of one example; milliseconds on this device: docs/limits.md). ``given`` is what the other run was given in Python
    (:func:`resume`): the same again. Raises BnaoError as :func:`search` does, and if no limit is given.
    """
    from bnao.loop.inputs import latency_threads, run_config
    from bnao.loop.own import objects_given

    source = RunFolder.open(path)
    source.require_search("another budget (a pick)")
    config = run_config(source)
    batch = config.limits.latency_batch
    limits = Limits(max_params=max_params, max_macs=max_macs, max_latency_ms=max_latency_ms, latency_batch=batch)
    if not limits.any:
        raise SettingError("a pick needs a limit; received none: give max_params, max_macs or max_latency_ms")
    loop, supernet = replace(config.loop, known=None), replace(config.supernet, source=str(path))
    config = replace(config, limits=limits, loop=loop, supernet=supernet, max_minutes=None)
    if is_leader():
        refuse_used(Path(out))
    return _begin(
        config, objects_given(given, latency), out, source.manifest.recipe, listener,
        latency_threads=latency_threads(source),
    )  # fmt: skip


def rank(
    run: str | Path,
    architectures: int | None = None,
    *,
    stratify: str | None = None,
    second_seed: int | None = None,
    seed: int | None = None,
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
    **given: Unpack[Objects],
) -> RankingResult:
    """How far the one-shot ranking of the run in ``run`` can be trusted, measured by stand-alone trainings.

    ``architectures`` of its scored pool (default 40; ``stratify="size"``: equally many of each fifth by size) are
    trained with the run's re-ranking settings and measured on its held-out data; ``second_seed`` of them a second time,
    for the noise ceiling. ``seed`` draws the sample and names the trainings. They are divided over ``processes``
    (default: one for each core or GPU), on which no result depends. All is kept in the run's folder ``ranking``, apart
    from the state of the search: asked again, with more of them too, it goes on or gives what is finished. Left out
    arguments are those it was begun with. Writes ``ranking.json``, ``ranking.csv`` and the report of the run.

    ``given`` is what the run was given in Python (:func:`resume`): the same again. All trainings take place in this
    process then.

    These figures judge the ranking. Do not choose an architecture by them: that would be to choose on test data.
    Raises BnaoError; Ctrl-C and SIGTERM end it as :class:`~bnao.errors.Interrupted`.
    """
    from bnao.loop.own import objects_given
    from bnao.loop.rank.plan import Asked
    from bnao.loop.rank.result import publish
    from bnao.loop.rank.run import rank_run
    from bnao.loop.stopping import stopped_words

    refuse_launched("a ranking", "leave torchrun out, and say --processes N")
    folder = RunFolder.open(run)
    folder.require_search("a ranking")
    asked = Asked(architectures=architectures, stratify=stratify, second_seed=second_seed, seed=seed)
    heard, objects = _listener(listener), objects_given(given)
    go_on = f"`bnao.rank({str(run)!r}, ...)` from Python" if objects.any else f"`bnao rank {folder.path}`"
    try:
        result = rank_run(folder, asked, processes, heard, objects)
    except KeyboardInterrupt as error:
        raise Interrupted(stopped_words(error, go_on)) from None
    published = publish(result, folder)
    report = folder.path / "report.html"
    if not report.exists() or report.stat().st_mtime_ns < published.stat().st_mtime_ns:  # also after a kill in between
        _draw_report(folder, heard)
    return result


def _stage_log(*listeners: Listener) -> StageLog:
    from bnao.loop.stages import StageLog

    return StageLog(Several(*listeners))


def _run(
    bench: Workbench,
    run: RunFolder,
    log: StageLog,
    early: Kept,
    heard: Listener,
    assembly: Assembly,
    planned: Plan | None = None,
) -> Result:
    from bnao.loop.given import is_given
    from bnao.loop.run import run_search

    go_on = f"`bnao resume {run.path}`"
    if is_given(bench.config):
        go_on = f"`bnao.resume({str(run.path)!r}, ...)` from Python, with the same model and data"
    with recorded(run, log, early, heard, go_on=go_on, patient=assembly.is_launched):
        run_search(bench, run, log, planned)
        return _finished(run, log, bench, assembly)


def _finished(
    run: RunFolder,
    log: StageLog | None = None,
    bench: Workbench | None = None,
    assembly: Assembly | None = None,
) -> Result:
    """Put the results of a finished run at the top of its folder, for people, with the report."""
    summary = read_result(run)
    if assembly is not None:
        assembly.finish((str(run.path), to_plain(summary)))
    run.publish("result.json")
    run.publish(WINNER)
    _draw_report(run, Silent() if log is None else log.listener, bench)
    return Result(run.path, summary, bench)


def _draw_report(run: RunFolder, listener: Listener, bench: Workbench | None = None) -> None:
    try:
        from bnao.report.web.page import write_report

        write_report(run, space=None if bench is None else bench.space)
    except BnaoError:
        raise
    except Exception as error:  # a fault in drawing is ours, and must not take finished work with it
        text = f"the report could not be drawn ({type(error).__name__}: {error}); all else is written"
        listener.event("warning", text=text)
