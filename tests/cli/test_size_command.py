from __future__ import annotations

import json

import pytest

from bnao.cli.main import main

FIRST = "0 2 0 2 2 1 2 3 1 1 0 1 1 0 0 1 3 4 0 0 | 0 1 1 3 2 4 2 4 3 0 1 0 1 3 4 4 4 1 5 3"


def counts(capsys: pytest.CaptureFixture[str], *tokens: str) -> dict[str, int | None]:
    assert main(["size", *tokens, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_published_on_cifar(capsys: pytest.CaptureFixture[str]) -> None:
    assert counts(capsys, "published") == {
        "num_params": 4_387_654,
        "num_params_with_auxiliary": 4_864_080,
        "macs": 684_238_464,
    }
    assert counts(capsys, "published", "--output", "project")["num_params"] == 3_834_478


def test_published_on_imagenet(capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--cells-per-stage", "4", "--channels", "52", "--num-classes", "1000", "--input-size", "224"]
    expected = {"num_params": 7_026_850, "num_params_with_auxiliary": 8_297_354, "macs": 782_069_184}
    assert counts(capsys, "published", *size) == expected
    assert counts(capsys, "published", *size, "--stem", "imagenet") == expected
    assert counts(capsys, "published", *size, "--stem", "cifar") != expected


def test_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert counts(capsys, FIRST, "--cells-per-stage", "3", "--channels", "20")["num_params"] == 614_870


def test_small_images_have_no_auxiliary_head(capsys: pytest.CaptureFixture[str]) -> None:
    assert counts(capsys, "published", "--input-size", "16")["num_params_with_auxiliary"] is None
    assert main(["size", "published", "--input-size", "16"]) == 0
    assert "does not fit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["0 1"], "normal cell | reduction cell"),
        ([FIRST.replace("5 3", "9 3")], "received 9"),
        (["published", "--operations", "middle"], "belongs to operations small"),
        (["published", "--channels", "7"], "even"),
        (["published", "--space", "nao_cel"], "did you mean 'nao_cell'"),
        ([FIRST, "--operations", "smal"], "did you mean 'small'"),
        (["published", "--input-size", "0"], "received"),
        (["published", "--num-classes", "0"], "received"),
        (["published", "--in-channels", "-1"], "received"),
    ],
)
def test_errors(tokens: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["size", *tokens]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
