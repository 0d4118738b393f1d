"""Folders of pictures made from the bundled sample: root/train/CLASS and root/val/CLASS."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from bnao.data.config import DataConfig
from bnao.data.images import Images
from bnao.data.whole import whole


@lru_cache(maxsize=1)
def sample() -> Images:
    data = whole(DataConfig(max_train_images=400, cache=False), 0).train
    assert isinstance(data, Images)
    return data


def picture_folder(root: Path, *, classes: int, train: int, val: int, larger: int = 0) -> Path:
    """``larger``: pixels by which pictures are enlarged, each by another number, none of them square."""
    data = sample()
    for k in range(classes):
        rows = np.flatnonzero(data.classes() == k)
        for n in range(train + val):
            folder = root / ("train" if n < train else "val") / f"class{k}"
            folder.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(data.images_NCHW[rows[n]].numpy().transpose(1, 2, 0))
            if larger:
                picture = picture.resize((32 + larger + 4 * (n % 5), 32 + larger), Image.Resampling.BICUBIC)
            picture.save(folder / f"{n}.png")
    return root
