"""An exported folder: the same network as weights, source, ONNX and drawing, with what it is in one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from bnao.delivery.description import FILE_NAME, WEIGHTS, Description
from bnao.delivery.examples import example_batch
from bnao.delivery.folder import refuse_taken, whole_folder
from bnao.delivery.onnx_file import require_onnx, write_onnx
from bnao.delivery.program import write_program
from bnao.delivery.sound import check_outputs
from bnao.delivery.source import Unwritable, model_source
from bnao.errors import RunError
from bnao.storage import files
from bnao.storage.checkpoints import save_weights
from bnao.storage.checksum import with_checksum
from bnao.storage.plain import to_plain

if TYPE_CHECKING:
    from bnao.call import Inputs


def check_export(out: Path, *, onnx: bool) -> None:
    """Refuse before any work what :func:`write_export` would refuse. Raises BnaoError."""
    refuse_taken(out)
    if onnx:
        require_onnx()


def write_export(
    module: nn.Module,
    description: Description,
    out: Path,
    *,
    onnx: bool,
    texts: Mapping[str, str],
    inputs: Inputs | None = None,
    where: object = None,
) -> Description:
    """Write the folder ``out`` (new or empty), all or nothing, and return the description with what was measured.

    ``module`` is the delivered network in eval mode on the CPU, ``texts`` further files (a drawing) by name. Where no
    readable source is known for a module, ``model.pt2`` is written in place of ``model.py``, and ``source_note`` says
    why. ``inputs``: some examples, where they are not images of the task's size; ``where``: what is exported, for
    messages. Raises BnaoError, NumericalError where the network does not answer the examples with finite numbers.
    """
    check_export(out, onnx=onnx)
    examples = example_batch(description.task) if inputs is None else inputs
    check_outputs(module, examples, description.architecture if where is None else where)
    with whole_folder(out) as folder:
        save_weights(folder / WEIGHTS, module.state_dict(), _metadata(description))
        description = replace(description, sha256=files.sha256(folder / WEIGHTS)[0])
        try:
            _write_text(folder / "model.py", model_source(module, description))
            description = replace(description, source="model.py")
        except Unwritable as reason:
            description = replace(description, source_note=f"no model.py: {reason}")
            description = _with_program(folder, module, description, examples)
        if onnx:
            description = replace(description, onnx=write_onnx(folder / "model.onnx", module, examples))
        for name, text in texts.items():
            _write_text(folder / name, text)
        files.write_json(folder / FILE_NAME, with_checksum(to_plain(description)))
    return description


def _with_program(folder: Path, module: nn.Module, description: Description, examples: Inputs) -> Description:
    """With ``model.pt2``, or why there is none: what a user's module does is not always to be followed."""
    try:
        write_program(folder / "model.pt2", module, examples)
    except RunError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        note = f"{description.source_note}; no model.pt2: torch.export does not follow it ({reason})"
        return replace(description, source_note=note)
    return replace(description, source="model.pt2")


def _metadata(description: Description) -> dict[str, str]:
    """What the weights' file says of itself: enough to rebuild the network, and prepare its inputs, from it alone."""
    share = description.central_share
    return {
        "format": "pt",
        "architecture": description.architecture,
        "space": json.dumps(to_plain(description.space)),
        "network": json.dumps(to_plain(description.network)),
        "task": json.dumps(to_plain(description.task)),
        "normalisation": json.dumps(
            None
            if description.mean is None or description.std is None
            else {"mean": list(description.mean), "std": list(description.std)}
        ),
        **({} if share == 1.0 else {"central_share": repr(share)}),
    }


def _write_text(path: Path, text: str) -> None:
    files.write_atomic(path, lambda file: file.write(text.encode("utf-8")))
