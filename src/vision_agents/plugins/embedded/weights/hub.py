"""Weights by plain HTTP from their publisher: quick to give up, able to go on where it was cut."""

import contextlib
import http.client
import queue
import threading
import urllib.error
import urllib.request
from typing import Protocol

from vision_agents.plugins.embedded.weights.cache import size_of
from vision_agents.plugins.embedded.weights.job import FetchJob, SourceFailed
from vision_agents.plugins.embedded.weights.manifest import WeightFile

ANSWER_WITHIN_S = 5.0
_READ_TIMEOUT_S = 20.0
_CHUNK = 1 << 18
_ATTEMPTS = 4


class _Response(Protocol):
    status: int
    headers: http.client.HTTPMessage

    def read1(self, amount: int, /) -> bytes: ...

    def close(self) -> None: ...


def fill_from_hub(job: FetchJob, file: WeightFile, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
    """Download a file into its part, going on after a cut.

    Raises:
        SourceFailed: no answer in time, another file than expected, or cut too often.
        FetchStopped: the job was stopped.
    """
    part = job.folder.part(file)
    for _ in range(_ATTEMPTS):
        if size_of(part) > file.size:
            part.unlink()
        if size_of(part) == file.size:
            return
        _continue(job, file, answer_within_s=answer_within_s)
    if size_of(part) != file.size:
        raise SourceFailed(f"its connection was cut {_ATTEMPTS} times")


def _continue(job: FetchJob, file: WeightFile, *, answer_within_s: float) -> None:
    """Append what one connection gives."""
    part = job.folder.part(file)
    start = size_of(part)
    response = _open(file, start=start, within_s=answer_within_s)
    with contextlib.closing(response), part.open("ab") as out:
        if response.status != 206:
            out.truncate(start := 0)
        if response.headers.get("Content-Length") != str(file.size - start):
            raise SourceFailed("it offers another file than the pinned one")
        while chunk := _read(response):
            job.check()
            out.write(chunk)
            out.flush()
            job.report()


def _read(response: _Response) -> bytes:
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException):
        return b""  # cut, which the length shows as well


def _open(file: WeightFile, *, start: int, within_s: float) -> _Response:
    """Connect, and have an answer in time; the look-up of a name has no time limit of its own."""
    answers: queue.SimpleQueue[_Response | Exception] = queue.SimpleQueue()
    abandoned = threading.Event()

    def ask() -> None:
        try:
            answers.put(_request(file, start=start))
        except (OSError, http.client.HTTPException) as error:
            answers.put(error)
        if abandoned.is_set():
            _discard(answers)

    threading.Thread(target=ask, name="vision-agents-hub", daemon=True).start()
    try:
        answer = answers.get(timeout=within_s)
    except queue.Empty:
        abandoned.set()
        _discard(answers)
        raise SourceFailed(f"it did not answer within {within_s:g} s") from None
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()
        raise SourceFailed(f"it answered {answer.code}")
    if isinstance(answer, Exception):
        raise SourceFailed("it could not be reached")
    return answer


def _discard(answers: "queue.SimpleQueue[_Response | Exception]") -> None:
    """Close an answer that came too late."""
    with contextlib.suppress(queue.Empty):
        late = answers.get_nowait()
        if not isinstance(late, Exception):
            late.close()


def _request(file: WeightFile, *, start: int) -> _Response:
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(file.url or "", headers=headers)  # noqa: S310 - from the manifest
    return urllib.request.urlopen(request, timeout=_READ_TIMEOUT_S)  # noqa: S310
