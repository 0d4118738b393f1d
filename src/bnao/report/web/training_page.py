"""The page of a network's training: the same form as a search's, with what there is to say of a training."""

from __future__ import annotations

from importlib import resources
from typing import Any

from bnao import __version__
from bnao.errors import SettingError
from bnao.loop.train.arch import training_config
from bnao.loop.train.result import RESULT, EpochFigures, TrainingResult, epochs_so_far, read_training
from bnao.report.commands import train_again_call
from bnao.report.format import count, magnitude, percent
from bnao.report.training_page import epoch_cells, figures_of, shown_epochs
from bnao.report.web.graph_svg import graph_svg
from bnao.report.web.plots import Curve, curves
from bnao.settings import flatten, in_words
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.storage import RunFolder

CONTENTS = [("epochs", "Epochs"), ("network", "Network"), ("settings", "Settings")]
ROWS = 30


def render_training(run: RunFolder, **page: Any) -> str:
    """The page of a training, finished or not; ``page`` is what the frame of a page is given besides.

    Raises RunError where files of the run are damaged.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined

    here = resources.files(__package__)
    texts = {name: (here / name).read_text(encoding="utf-8") for name in ("page.html.j2", "training.html.j2")}
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("training.html.j2").render(_context(run), **page)


def _context(run: RunFolder) -> dict[str, Any]:
    manifest, config = run.manifest, run.manifest.config
    result = read_training(run) if run.has(RESULT) else None
    epochs = epochs_so_far(run) if result is None else result.epochs
    started: dict[str, Any] = next((e for e in reversed(run.events()) if e["event"] == "run_started"), {})
    return {
        "title": run.path.resolve().name or "run",
        "version": __version__,
        "status": manifest.status,
        "status_text": manifest.status,
        "recipe": manifest.recipe,
        "seed": config.get("seed"),
        "data": f"{config['data']['source']}" + _numbers(started),
        "created": _moment(manifest.created),
        "contents": CONTENTS,
        "keys": [] if result is None else _keys(result),
        "warnings": [] if result is None else result.warnings,
        "measured_on": "the test images" if result is None else result.measured_on,
        "error_plot": _errors(epochs),
        "loss_plot": _losses(epochs),
        "rows": [epoch_cells(epoch) for epoch in shown_epochs(epochs, ROWS)],
        "facts": [] if result is None else figures_of(result),
        **_drawn(run),
        "tokens": config["architecture"],
        "versions": ", ".join(f"{name} {version}" for name, version in sorted(manifest.versions.items())),
        "generation": manifest.generation,
        "updated": _moment(manifest.updated),
        "settings": [(name, in_words(value)) for name, value in flatten(config).items()],
        "next": _next(run, result),
    }


def _numbers(started: dict[str, Any]) -> str:
    parts = [(started.get(f"num_{part}"), word) for part, word in (("train", "training"), ("test", "test"))]
    told = ", ".join(f"{number:,} {word}" for number, word in parts if isinstance(number, int))
    return f" ({told} images)" if told else ""


def _moment(utc: str) -> str:
    return utc.replace("T", " ").replace("+00:00", " UTC")


def _keys(result: TrainingResult) -> list[dict[str, str]]:
    top5 = result.test_top5
    cards = [
        {
            "key": "test-error", "name": "Test error", "exact": repr(result.test_error),
            "text": percent(result.test_error, 2),
            "below": f"± {percent(result.standard_error, 2)} (standard error), after the last epoch, on "
            f"{result.measured_on}",
        },
        {
            "key": "best-epoch", "name": "Best epoch", "exact": repr(1 - result.best_accuracy),
            "text": percent(1 - result.best_accuracy, 2),
            "below": f"after epoch {result.best_epoch}: chosen on the test images, hence too good",
        },
        {
            "key": "num-params", "name": "Parameters", "exact": str(result.num_params),
            "text": magnitude(result.num_params), "below": f"{count(result.num_params)} of the delivered network",
        },
        {
            "key": "macs", "name": "Multiply-adds", "exact": str(result.macs), "text": magnitude(result.macs),
            "below": f"{count(result.macs)} for one image",
        },
    ]  # fmt: skip
    if top5 is not None:
        card = {"key": "top5-error", "name": "Top-5 error", "exact": repr(1 - top5), "text": percent(1 - top5, 2)}
        cards.insert(1, {**card, "below": "the right class is not among the 5 likeliest"})
    return cards


def _errors(epochs: list[EpochFigures]) -> str:
    first = [(float(e.epoch), 1 - e.test_accuracy) for e in epochs if e.test_accuracy is not None]
    among = [(float(e.epoch), 1 - e.test_top5) for e in epochs if e.test_top5 is not None]
    made = [Curve(label="test error", values=first, group="final")]
    if among:
        made.append(Curve(label="top-5 error", values=among, group="random"))
    return curves(made, "error-", "test error", is_share=True)


def _losses(epochs: list[EpochFigures]) -> str:
    training = [(float(e.epoch), e.train_loss) for e in epochs]
    test = [(float(e.epoch), e.test_loss) for e in epochs if e.test_loss is not None]
    return curves(
        [Curve(label="training", values=training, group="random"), Curve(label="test", values=test, group="final")],
        "loss-",
        "loss",
    )


def _drawn(run: RunFolder) -> dict[str, Any]:
    """The architecture as graphs, or as text; neither where the space is not registered here."""
    config = training_config(run)
    load_spaces()
    try:
        space = make_space(config.space)
    except SettingError:
        return {"graphs": [], "drawing": "", "legend": ""}
    architecture = space.grammar.parse(config.architecture)
    graphs = [{"title": g.title, "svg": graph_svg(g, f"graph-{k}-")} for k, g in enumerate(space.graph(architecture))]
    legend = f"Data flow from left to right. {space.legend}".rstrip() if graphs else ""
    return {"graphs": graphs, "drawing": "" if graphs else space.draw(architecture), "legend": legend}


def _next(run: RunFolder, result: TrainingResult | None) -> list[tuple[str, str]]:
    if result is None:
        return [
            (f"bnao resume {run.path}", "go on, if no process works on it any more"),
            (f"bnao watch {run.path}", "this page, live"),
        ]
    return [
        (f"bnao export {run.path}", "the network for use elsewhere"),
        (train_again_call(run.path, run.manifest.recipe, run.manifest.config), "another seed"),
    ]
