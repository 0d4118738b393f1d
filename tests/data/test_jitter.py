"""Random colours: bounded, per image, drawn from the step's stream alone."""

from __future__ import annotations

import pytest
import torch

from bnao.data.config import AugmentConfig
from bnao.data.images import Images
from bnao.data.jitter import jitter
from bnao.errors import SettingError


def images(**changes: object) -> Images:
    pixels = torch.randint(0, 256, (6, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    fields = {"images_NCHW": pixels, "labels_N": torch.arange(6), "mean_C": torch.zeros(3), "std_C": torch.ones(3)}
    return Images(**{**fields, **changes})  # type: ignore[arg-type]


def drawn(x: torch.Tensor, strength: float, seed: int = 0) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return jitter(x, strength)


def test_it_stays_in_range_and_differs_by_image() -> None:
    x = torch.full((64, 3, 2, 2), 0.5)
    out = drawn(x, 0.4)
    assert float(out.min()) >= 0.0 and float(out.max()) <= 1.0
    assert len(out.flatten(1)[:, 0].unique()) > 32
    assert torch.equal(out, drawn(x, 0.4)) and not torch.equal(out, drawn(x, 0.4, seed=1))


def test_gray_images_differ_by_brightness_and_contrast_alone() -> None:
    gray = torch.rand(8, 1, 3, 3, generator=torch.Generator().manual_seed(1))
    colour = gray.expand(8, 3, 3, 3)
    out = drawn(colour, 0.3)
    assert torch.allclose(out, out[:, :1].expand_as(out), atol=1e-6)  # a gray image stays gray
    assert torch.allclose(drawn(gray, 0.3), out[:, :1], atol=1e-6)


def test_brightness_moves_the_mean_by_the_factor_s_range() -> None:
    x = torch.full((2000, 3, 1, 1), 0.4)
    ratio = drawn(x, 0.5)[:, 0, 0, 0] / 0.4
    assert 0.5 <= float(ratio.min()) < 0.53 and 1.47 < float(ratio.max()) <= 1.5


def test_a_batch_is_jittered_before_it_is_normalised() -> None:
    plain = images()
    assert torch.equal(plain.augmented(AugmentConfig()).batch(slice(0, 6))[0], plain.batch(slice(0, 6))[0])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        found = plain.augmented(AugmentConfig(color_jitter=0.4)).batch(slice(0, 6))[0]
    wanted = drawn(plain.images_NCHW.float() / 255, 0.4, seed=5)
    assert torch.allclose(found, wanted, atol=1e-6)


def test_what_images_in_memory_cannot_do_is_refused() -> None:
    with pytest.raises(SettingError, match="resized_crop needs pictures that are streamed"):
        images().augmented(AugmentConfig(resized_crop=True))
