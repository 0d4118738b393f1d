"""What share of a step goes into data: pictures of CIFAR's size, and a folder of large ones.

``cifar``: making a batch (uint8 to normalised floats), augmentation (crop, flip, cutout) and memory format, over a
whole step of the paper's search network; decoding 64 JPEGs of 32x32 beside it, as if a search decoded in every step (it
does so once). ``folder`` is the product's source: it decodes once, into uint8 in memory, before the first step; its
wait is that of the batch. ``dataset`` is a user's torch Dataset that decodes in each fetch. Pictures are random smooth
ones, JPEG of quality 90, 500x375 pixels, brought to 64x64.
"""

from __future__ import annotations

import io
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networks
import numpy as np
import torch
from PIL import Image
from scale import Scale
from timing import clock, seconds, summary
from torch.utils.data import Dataset

from bnao.data import open_source
from bnao.data.augment import Augment
from bnao.data.config import AugmentConfig, DataConfig
from bnao.data.dataset import own_examples
from bnao.data.decode import decode
from bnao.data.examples import Examples
from bnao.rng import generator
from bnao.spaces.placing import network_inputs


def picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Smooth random colours with some grain."""
    coarse = Image.fromarray(rng.integers(256, size=(12, 16, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    return Image.fromarray((pixels + rng.integers(-8, 9, size=pixels.shape)).clip(0, 255).astype(np.uint8))


class Decoding(Dataset[tuple[torch.Tensor, int]]):
    """Picture files, decoded when fetched."""

    def __init__(self, files: list[Path], labels: list[int], side: int) -> None:
        self.files, self.targets, self.side = files, labels, side

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = decode(self.files[index], 3, self.side, None, self.files[index])
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy()).float().div_(255.0), self.targets[index]


def batch_times(examples: Examples, batch: int, augment: Augment, times: int) -> list[float]:
    """Seconds to make a batch that a network can be given, batch after batch."""
    found = []
    for step in range(times):
        first = step * batch % (len(examples) - batch + 1)

        def make(first: int = first, step: int = step) -> None:
            x, _ = examples.batch(torch.arange(first, first + batch))
            if augment.is_active:
                x = augment(x, torch.Generator().manual_seed(step))
            network_inputs(x)

        found.append(seconds(make))
    return found[1:]


def shares(waits: list[float], steps: list[float]) -> dict[str, Any]:
    """The wait's share of whole steps."""
    wait, step = statistics.median(waits), statistics.median(steps)
    return {
        "wait_ms": summary([1e3 * value for value in waits]),
        "step_ms": summary([1e3 * value for value in steps]),
        "wait_share_of_step": round(wait / step, 4),
    }


def step_times(case: networks.Case, examples: Examples, augment: AugmentConfig, architectures: int) -> list[float]:
    """Whole steps of the product's loop on these examples."""
    found: list[float] = []
    shared = networks.supernet(case)
    for architecture in case.draw(architectures):
        config = networks.TrainingConfig(epochs=1, batch_size=case.batch, learning_rate=1e-3, augment=augment)
        found += networks.Stepper(shared, examples, case.batch, config=config)(architecture)
    return found


def cifar(quick: bool) -> dict[str, Any]:
    """The share of data in a CIFAR step."""
    case = networks.nao_cell(1, 8, 16, 16) if quick else networks.nao_cell()
    images, settings = case.images(4 * case.batch), AugmentConfig(cutout=16 if not quick else 8)
    waits = batch_times(images, case.batch, Augment(settings), 6 if quick else 60)
    rng, encoded = generator(0, "speed", "jpeg"), []
    for _ in range(case.batch):
        stream = io.BytesIO()
        picture(rng, 32, 32).save(stream, "JPEG", quality=90)
        encoded.append(stream.getvalue())
    decoding = seconds(lambda: [decode(io.BytesIO(b), 3, None, ("JPEG",), "memory") for b in encoded])
    found = shares(waits, step_times(case, images, settings, 1 if quick else 8))
    with_decoding = (decoding + found["wait_ms"]["median"] / 1e3) / (found["step_ms"]["median"] / 1e3)
    return {
        "what": f"{case.words}; crop, flip, cutout",
        **found,
        "decode_a_batch_ms": round(1e3 * decoding, 3),
        "share_if_each_step_decoded": round(with_decoding, 4),
    }


def large(quick: bool, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A folder of large pictures, read as a source and as a user's Dataset."""
    classes, each = (2, 20) if quick else (networks.CLASSES, 40)
    size, side = ((120, 90), 16) if quick else ((500, 375), 64)
    rng, files, labels = generator(0, "speed", "folder"), [], []
    for number in range(classes):
        (folder / f"class{number}").mkdir()
        for k in range(each):
            files.append(folder / f"class{number}" / f"{k}.jpg")
            labels.append(number)
            picture(rng, *size).save(files[-1], quality=90)
    case = networks.nao_cell(1, 8, side, 4 if quick else 64)
    plain = AugmentConfig(crop_padding=0, flip=False)
    start = clock()
    config = DataConfig(source=f"folder:{folder}", resolution=side, cache=False)
    source = open_source(config)
    data = source.search_data(generator(0, "speed", "split"))
    opening = clock() - start
    chosen = torch.arange(4 * case.batch)
    train = data.train.take(chosen % len(data.train))
    words = f"{len(files)} JPEGs of {size[0]}x{size[1]} to {side}x{side}; {case.words}"
    num = 3 if quick else 12
    found = shares(batch_times(train, case.batch, Augment(plain), num), step_times(case, train, plain, 2))
    yield "folder", {"what": words, **found, "decoded_once_s": round(opening, 2)}
    mixed = generator(0, "speed", "mix").permutation(len(files))
    dataset = Decoding([files[k] for k in mixed], [labels[k] for k in mixed], side)
    own = own_examples(dataset, None, "train").take(chosen % len(dataset))
    found = shares(batch_times(own, case.batch, Augment(plain), num), step_times(case, own, plain, 2))
    yield "dataset", {"what": words, **found}


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parts cifar, folder, dataset."""
    quick = scale.quick
    yield "cifar", cifar(quick)
    with tempfile.TemporaryDirectory() as folder:
        yield from large(quick, Path(folder))
