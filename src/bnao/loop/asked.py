"""From the arguments of ``bnao.search`` and ``bnao.plan`` to settings, and to what no settings can hold."""

from __future__ import annotations

from typing import Any, Unpack

from bnao.loop.arguments import Arguments
from bnao.loop.config import SearchConfig
from bnao.loop.given import Given
from bnao.loop.own import given_in_python, own_config
from bnao.settings import nest, update


def asked(config: SearchConfig, model: object, **arguments: Unpack[Arguments]) -> tuple[SearchConfig, Given]:
    """``config`` changed by the arguments, and the objects among them, ``model`` too where it can be called.

    Raises SettingError for arguments that do not fit.
    """
    loss, metric, optimizer = arguments.get("loss"), arguments.get("metric"), arguments.get("optimizer")
    given = given_in_python(
        model if callable(model) else None, train=arguments.get("train"), valid=arguments.get("valid"),
        test=arguments.get("test"), prepare=arguments.get("prepare"), loss=loss, metric=metric,
        higher_is_better=arguments.get("higher_is_better", True), optimizer=optimizer,
        latency=arguments.get("latency"),
    )  # fmt: skip
    config = own_config(
        config, given, loss=loss, metric=metric, class_weights=arguments.get("class_weights"), optimizer=optimizer,
        epochs=arguments.get("epochs"), learning_rate=arguments.get("learning_rate"),
        batch_size=arguments.get("batch_size"), whole=isinstance(model, SearchConfig),
    )  # fmt: skip
    named: dict[str, Any] = {
        "seed": arguments.get("seed"),
        "max_minutes": arguments.get("max_minutes"),
        "final.mode": arguments.get("final"),
        "limits.max_params": arguments.get("max_params"),
        "limits.max_macs": arguments.get("max_macs"),
        "limits.max_latency_ms": arguments.get("max_latency_ms"),
    }
    named = {name: value for name, value in named.items() if value is not None}
    return update(config, nest({**named, **(arguments.get("settings") or {})})), given
