"""A sound server of the test's own: ``mic`` is what the program hears, ``spk`` what it plays."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 48_000

BUSY = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
"""Whether sound that is made in real time would be torn, whoever makes it."""
MISSING = [name for name in ("pulseaudio", "pactl", "paplay", "parec") if shutil.which(name) is None]

Int16 = npt.NDArray[np.int16]

_MODULES = (
    "module-native-protocol-unix auth-anonymous=1 socket={socket}",
    # Without norewinds a null sink renders two seconds ahead while nobody listens, and then stands still.
    "module-null-sink sink_name=mic rate=48000 norewinds=1",
    "module-null-sink sink_name=spk rate=48000 norewinds=1",
)


class PulseServer:
    """PulseAudio with two null sinks, reached through its own socket.

    Args:
        folder: for its socket.
        echo_ms: what is played comes back into the microphone after so long; None for silence.
    """

    def __init__(self, folder: Path, *, echo_ms: int | None = None) -> None:
        self._folder = folder
        socket = folder / "pulse"
        modules = [module.format(socket=socket) for module in _MODULES]
        if echo_ms is not None:
            modules.append(f"module-loopback source=spk.monitor sink=mic latency_msec={echo_ms}")
        loads = [option for module in modules for option in ("-L", module)]
        self.environment: Mapping[str, str] = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_SINK": "spk",
            "PULSE_SOURCE": "mic.monitor",
        }
        self._log = (folder / "pulseaudio.log").open("wb")
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", *loads],
            env={**self.environment, "PULSE_SERVER": ""},
            stderr=self._log,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while self._run("pactl", "info").returncode != 0:
            assert time.monotonic() < end, "The sound server does not answer."
            time.sleep(0.1)

    def _run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=60)

    def say(self, samples: Int16, rate: int) -> None:
        """Play into the program's microphone; returns when it has been played."""
        subprocess.run(
            ["paplay", "--device=mic", "--latency-msec=100", "--raw", f"--rate={rate}", "--channels=1"],
            input=samples.tobytes(),
            env=self.environment,
            check=True,
            timeout=60,
        )

    def record(self) -> Recording:
        """Record what the program plays, from now on."""
        return Recording(self.environment, self._folder / "played.raw")

    def stop(self) -> None:
        """End it, as a device that is pulled out; once is enough."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()


class Recording:
    """What is played, as long as this goes on."""

    def __init__(self, environment: Mapping[str, str], path: Path) -> None:
        self._path = path
        options = ("--latency-msec=20", "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le")
        with path.open("wb") as file:
            self._process = subprocess.Popen(
                ["parec", "--device=spk.monitor", *options], env=environment, stdout=file
            )
        while not path.stat().st_size:
            time.sleep(0.02)

    def end(self) -> Int16:
        """Stop when what was played until now has surely come, and give the samples at `RATE`."""
        time.sleep(0.5)
        self._process.terminate()
        self._process.wait(20)
        data = self._path.read_bytes()
        return np.frombuffer(data[: len(data) // 2 * 2], np.int16)
