"""Which track of a call is the best one to look at."""

from __future__ import annotations

import numpy as np

from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.call_tracks import CallTracks
from vision_agents.core.video.frame import RgbFrame
from vision_agents.core.video.track import VideoTrack

ANN, BOB = Participant(None, "ann", "1"), Participant(None, "bob", "2")
CAMERA, SCREEN = TrackType.VIDEO, TrackType.SCREEN_SHARE
PICTURE = RgbFrame(np.zeros((2, 2, 3), np.uint8), captured_at=0.0)


class Changes:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def best(tracks: CallTracks) -> tuple[str, TrackType] | None:
    track = tracks.best
    return (track.participant.user_id if track.participant else "", track.kind) if track else None


def test_a_screen_before_a_camera_and_the_first_before_the_second() -> None:
    changes = Changes()
    tracks = CallTracks(changes)
    assert best(tracks) is None
    tracks.show(ANN, CAMERA, PICTURE)
    tracks.show(BOB, CAMERA, PICTURE)
    assert best(tracks) == ("ann", CAMERA)
    tracks.show(BOB, SCREEN, PICTURE)
    tracks.show(ANN, SCREEN, PICTURE)
    assert best(tracks) == ("bob", SCREEN)
    tracks.end(BOB, SCREEN)
    assert best(tracks) == ("ann", SCREEN)
    tracks.leave(ANN)
    assert best(tracks) == ("bob", CAMERA)
    tracks.leave(BOB)
    assert best(tracks) is None
    assert changes.count == 8


def test_only_a_change_is_told() -> None:
    changes = Changes()
    tracks = CallTracks(changes)
    for _ in range(100):
        tracks.show(ANN, CAMERA, PICTURE)
    tracks.end(ANN, SCREEN)
    tracks.leave(BOB)
    assert changes.count == 1


def test_a_processed_track_counts_from_its_first_picture_while_anything_is_shown() -> None:
    changes = Changes()
    tracks, drawn = CallTracks(changes), VideoTrack()
    tracks.process_into(drawn)
    drawn.push(PICTURE)
    assert tracks.best is None
    tracks.show(ANN, SCREEN, PICTURE)
    assert tracks.best is drawn
    tracks.process_into(fresh := VideoTrack())
    assert best(tracks) == ("ann", SCREEN)
    before = changes.count
    for _ in range(3):
        fresh.push(PICTURE)
    assert tracks.best is fresh
    assert changes.count == before + 1
    assert best(tracks) is not None
    assert tracks.best_raw is not fresh


def test_a_file_takes_the_place_of_everything_until_it_ends() -> None:
    tracks, file = CallTracks(Changes()), VideoTrack()
    tracks.show(ANN, SCREEN, PICTURE)
    tracks.replace_by(file)
    assert tracks.best is file
    file.end()
    assert best(tracks) == ("ann", SCREEN)


def test_after_the_end_nothing_is_kept() -> None:
    tracks = CallTracks(Changes())
    tracks.show(ANN, CAMERA, PICTURE)
    track = tracks.best
    tracks.close()
    tracks.show(ANN, CAMERA, PICTURE)
    assert tracks.best is None
    assert track is not None
    assert (track.ended, track.latest) == (True, None)
