"""Images: sources, what a search may see of them, batched augmentation, batch order.

Names are imported when first used, so that ``bnao.data.config`` needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnao.lazy import imported_on_use

if TYPE_CHECKING:
    from bnao.data.augment import Augment
    from bnao.data.base import DataSource
    from bnao.data.batches import batch_indices, epoch_order, steps_per_epoch
    from bnao.data.cache import cache_folder
    from bnao.data.catalog import SOURCES, open_source
    from bnao.data.config import AugmentConfig, DataConfig
    from bnao.data.dataset import DatasetExamples
    from bnao.data.download import fetch_cifar
    from bnao.data.examples import Examples
    from bnao.data.held_out import HeldOut, load, split
    from bnao.data.images import Images
    from bnao.data.kind import SourceKind
    from bnao.data.search_data import SearchData, TestData

__all__ = [
    "SOURCES",
    "Augment",
    "AugmentConfig",
    "DataConfig",
    "DataSource",
    "DatasetExamples",
    "Examples",
    "HeldOut",
    "Images",
    "SearchData",
    "SourceKind",
    "TestData",
    "batch_indices",
    "cache_folder",
    "epoch_order",
    "fetch_cifar",
    "load",
    "open_source",
    "split",
    "steps_per_epoch",
]

__getattr__ = imported_on_use(
    __name__,
    {
        "Augment": "augment",
        "AugmentConfig": "config",
        "DataConfig": "config",
        "DataSource": "base",
        "DatasetExamples": "dataset",
        "Examples": "examples",
        "HeldOut": "held_out",
        "Images": "images",
        "SOURCES": "catalog",
        "SearchData": "search_data",
        "SourceKind": "kind",
        "TestData": "search_data",
        "batch_indices": "batches",
        "cache_folder": "cache",
        "epoch_order": "batches",
        "fetch_cifar": "download",
        "load": "held_out",
        "open_source": "catalog",
        "split": "held_out",
        "steps_per_epoch": "batches",
    },
)
