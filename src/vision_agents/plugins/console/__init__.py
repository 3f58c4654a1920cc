"""A call with the person at this terminal: microphone, loudspeaker, keyboard and screen."""

from importlib.util import find_spec

for _package, _name in (("sounddevice", "sounddevice"), ("pywebrtc_audio", "pywebrtc-audio")):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(
            f"The console needs {_name}: run `pip install 'open-vision-agents[console]'`.", name=_package
        )

from vision_agents.plugins.console.edge import Edge  # noqa: E402 - what is missing is told first

__all__ = ["Edge"]
