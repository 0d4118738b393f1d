"""Settings of the data and of its augmentation. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.errors import require


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where images come from and how they are divided.

    ``source``: a path whose form is found from its content, or ``kind:path`` (kinds: ``bnao list data``), or a kind
    that needs no path, such as ``sample``. ``valid_fraction`` in (0, 1): share of the training images, per class, that
    becomes the validation part. ``resolution`` in pixels: images are cropped to their central square and reduced to
    this side by area averaging; None leaves them as they are. ``max_train_images``: a class-stratified, seeded subset
    of this many training images is used, counted *before* validation is split off; None takes all. ``cache``: keep
    decoded images in the cache folder (see :mod:`bnao.data.cache`). ``download``: fetch CIFAR when ``source`` is plain
    ``cifar10`` or ``cifar100`` and the archive is not there yet. ``workers``: processes that decode the pictures of a
    ``stream`` source beside the training; 0 decodes in the training's own process; None: one for each core, at most 8.
    No result depends on it. Raises SettingError on a value out of range.

    >>> DataConfig(resolution=16).source
    'sample'
    """

    source: str = "sample"
    valid_fraction: float = 0.1
    resolution: int | None = None
    max_train_images: int | None = None
    cache: bool = True
    download: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        require(
            isinstance(self.source, str) and bool(self.source.strip()),
            "source names a kind of data or a path",
            self.source,
            "write for example 'sample' or 'folder:PATH'",
        )
        require(
            isinstance(self.valid_fraction, float) and 0.0 < self.valid_fraction < 1.0,
            "valid_fraction is a number strictly between 0 and 1",
            self.valid_fraction,
            "the usual value is 0.1",
        )
        require(
            self.resolution is None or (_is_int(self.resolution) and 1 <= self.resolution <= 4096),
            "resolution is a whole number of pixels from 1 to 4096, or none",
            self.resolution,
            "leave it out to keep the images as they are",
        )
        require(
            self.max_train_images is None or (_is_int(self.max_train_images) and self.max_train_images >= 1),
            "max_train_images is a whole number of at least 1, or none",
            self.max_train_images,
            "leave it out to use all images",
        )
        require(
            self.workers is None or (_is_int(self.workers) and 0 <= self.workers <= 256),
            "workers is a whole number of processes from 0 to 256, or none",
            self.workers,
            "0 decodes in the training's own process",
        )


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes to training images, in this order.

    ``resized_crop``: a random part of the picture (8 % to 100 % of its area, sides in a ratio of 3/4 to 4/3), brought
    to the image's size; for ``stream`` sources alone, whose pictures are larger. ``color_jitter`` in [0, 1):
    brightness, contrast and saturation times random factors between 1 - color_jitter and 1 + color_jitter (0 = none).
    ``crop_padding`` >= 0 pixels added on each side before a crop of the original size; ``flip``: mirror left-right
    with probability 1/2; ``cutout`` >= 0: side in pixels of a square set to zero (0 = none), centred on any pixel
    and clipped at the border (DeVries and Taylor, arXiv 1708.04552). Padding and square are zero *after* normalisation,
    so they have the colour of the training mean. Raises SettingError on a value out of range.
    """

    crop_padding: int = 4
    flip: bool = True
    cutout: int = 0
    resized_crop: bool = False
    color_jitter: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("crop_padding", self.crop_padding), ("cutout", self.cutout)):
            require(
                _is_int(value) and value >= 0,
                f"{name} is a whole number of pixels, at least 0",
                value,
                "0 switches it off",
            )
        require(
            isinstance(self.color_jitter, float) and 0.0 <= self.color_jitter < 1.0,
            "color_jitter lies in [0, 1)",
            self.color_jitter,
            "0.4 is usual; 0 switches it off",
        )
