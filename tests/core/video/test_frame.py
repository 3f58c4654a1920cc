import numpy as np
import pytest

from vision_agents.core.video.frame import RgbFrame


def test_a_frame_tells_its_size_in_the_order_width_height():
    frame = RgbFrame(np.zeros((480, 640, 3), np.uint8), captured_at=1.5)

    assert (frame.width, frame.height, frame.captured_at) == (640, 480, 1.5)
    assert frame.to_rgb().shape == (480, 640, 3)


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 4), (0, 640, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"shape|pixel"):
        RgbFrame(np.zeros(shape, np.uint8), captured_at=0.0)
