"""Opening a model in onnxruntime: no thread but the caller's, and no word to anybody."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt


class OnnxSession(Protocol):
    """What is used of ``onnxruntime.InferenceSession``; safe to call from several threads."""

    def run(self, outputs: Sequence[str] | None, feeds: Mapping[str, Any], /) -> list[npt.NDArray[Any]]:
        """Run the model on named arrays; all outputs where none are named."""
        ...


def runtime() -> Any:
    """Import onnxruntime with its telemetry off, unless the user's environment says otherwise."""
    # It is read once, at import; left on, a device id is stored and events are sent to the publisher.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return importlib.import_module("onnxruntime")


def open_session(path: Path) -> OnnxSession:
    """Load a model: one thread, on the CPU."""
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
