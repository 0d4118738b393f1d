from __future__ import annotations

from pathlib import Path

import pytest

from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.settings import load_toml, update_from_toml


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values(tmp_path: Path) -> None:
    path = write(tmp_path, 'seed = 3\n[loop]\npool = 50\n[data]\nresolution = "none"\n[rerank]\ntraining.epochs = 2\n')
    config = update_from_toml(SearchConfig(), path)
    assert (config.seed, config.loop.pool, config.data.resolution, config.rerank.training.epochs) == (
        3,
        50,
        None,
        2.0,
    )
    assert load_toml(path)["loop"] == {"pool": 50}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("seed = 3\nseed = \n", 2, "not valid TOML"),
        ("[loop]\n\npol = 3\n", 3, "did you mean 'loop.pool'"),
        ("[loop]\npool = 'x'\n", 2, "loop.pool is a whole number"),
        ("[lop]\npool = 3\n", 1, "unknown setting 'lop'"),
        ("# first\n[supernet.training]\nepochs = -1\n", 3, "supernet.training.epochs is positive"),
        ("[supernet]\nnetwork.auxiliary = true\n", 1, "a supernet has no auxiliary head"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingError) as caught:
        update_from_toml(SearchConfig(), path)
    assert str(path) in str(caught.value)
    assert f"line {line}" in str(caught.value)
    assert message in str(caught.value)


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="does not exist"):
        load_toml(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="UTF-8"):
        load_toml(tmp_path / "bytes.toml")
    with pytest.raises(SettingError, match="readable"):
        load_toml(tmp_path)
