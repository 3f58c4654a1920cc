"""Which device is taken, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from vision_agents.core.errors import ConfigurationError, EdgeError
from vision_agents.plugins.console.devices import DeviceName, SoundDevices, choose


def device(name: str, *, inputs: int = 0, outputs: int = 0) -> Mapping[str, Any]:
    return {"name": name, "max_input_channels": inputs, "max_output_channels": outputs}


LAPTOP = [
    device("HDA Intel: ALC257 (hw:0,0)", inputs=2, outputs=2),
    device("HDMI 0 (hw:0,3)", outputs=8),
    device("USB Headset (hw:1,0)", inputs=1, outputs=2),
    device("default", inputs=32, outputs=32),
]
WITH_SERVER = [*LAPTOP, device("pulse", inputs=32, outputs=32)]


@pytest.mark.parametrize(
    ("devices", "wanted", "chosen"),
    [
        (LAPTOP, None, 3),
        (WITH_SERVER, None, 4),
        (LAPTOP, 2, 2),
        (LAPTOP, "2", 2),
        (LAPTOP, "headset", 2),
        (LAPTOP, "default", 3),
        (LAPTOP[:3], None, 0),  # the default that PortAudio names is not there
    ],
)
def test_the_device_that_is_meant(
    devices: list[Mapping[str, Any]], wanted: DeviceName | None, chosen: int
) -> None:
    assert choose(devices, "input", wanted, default=3) == chosen


def test_a_device_of_the_other_kind_is_none() -> None:
    with pytest.raises(ConfigurationError) as told:
        choose(LAPTOP, "input", "hdmi", default=3)

    assert str(told.value) == (
        "There is no microphone 'hdmi': known are 0 'HDA Intel: ALC257 (hw:0,0)', "
        "2 'USB Headset (hw:1,0)', 3 'default'."
    )


@pytest.mark.parametrize(("kind", "name"), [("input", "microphone"), ("output", "loudspeaker")])
def test_a_machine_without_devices(kind: Any, name: str) -> None:
    with pytest.raises(EdgeError, match=rf"^This machine has no {name}\.$"):
        choose([], kind, None, default=-1)


def test_without_portaudio_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])

    with pytest.raises(EdgeError, match=r"PortAudio is not installed: install .*libportaudio2"):
        SoundDevices()
