"""The two loops of the package are what the script makes, small, and without a seam."""

from pathlib import Path

import numpy as np
import pytest

from vision_agents.core.audio.clips import KEYBOARD, OFFICE
from vision_agents.core.audio.clips.synthesis import CLIPS, RATE
from vision_agents.core.audio.file import read_audio


@pytest.mark.parametrize("path", [KEYBOARD, OFFICE], ids=lambda path: path.name)
def test_the_file_is_what_the_script_makes(path: Path) -> None:
    pcm = read_audio(path)
    assert pcm.sample_rate == RATE
    assert path.stat().st_size < 200_000
    made = np.rint(CLIPS[path]() * 32767)
    assert np.abs(pcm.samples - made).max() <= 1


@pytest.mark.parametrize("path", [KEYBOARD, OFFICE], ids=lambda path: path.name)
def test_b5_the_end_leads_into_the_beginning(path: Path) -> None:
    samples = read_audio(path).samples.astype(float)
    seam = abs(samples[0] - samples[-1])
    assert seam <= np.quantile(np.abs(np.diff(samples)), 0.999)
