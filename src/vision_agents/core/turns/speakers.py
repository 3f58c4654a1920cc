"""Several people in one call: whose turn is answered?"""

from collections.abc import Sequence

from vision_agents.core.types.units import Seconds


def first_speaker_has_the_floor(began: Seconds, others: Sequence[Seconds]) -> bool:
    """Answer a turn when it ends, unless somebody who began earlier is still speaking.

    What was said meanwhile is kept, and answered together with the turn of who has the floor.

    Args:
        began: when the turn that has ended began.
        others: when the turns that are still going on began.
    """
    return all(began <= other for other in others)
