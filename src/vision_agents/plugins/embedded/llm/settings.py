"""How the embedded language model runs."""

import os
from dataclasses import dataclass, field


def _all_but_one() -> int:
    return max(1, (os.cpu_count() or 2) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMSettings:
    """Limits and taste of one model.

    Args:
        context_size: tokens of prompt and answer together; the older half of a conversation that has
            outgrown it is forgotten.
        max_tokens: of one answer.
        temperature: 0 gives the likeliest answer, the same every time.
        seed: for a temperature above 0.
        threads: of the processor; one core is left for everything else unless told otherwise.
        check_arguments: do not make calls whose arguments come from nowhere (see `grounding`). It knows
            English numbers only: turn it off for another language or a large model.
    """

    context_size: int = 4096
    max_tokens: int = 200
    temperature: float = 0.0
    seed: int = 7
    threads: int = field(default_factory=_all_but_one)
    check_arguments: bool = True

    def __post_init__(self) -> None:
        """Refuse what no model could run with."""
        if self.context_size < 1024:
            raise ValueError(f"context_size must be at least 1024 tokens, not {self.context_size}.")
        if not 1 <= self.max_tokens <= self.context_size // 2:
            raise ValueError(
                f"max_tokens must be 1 to half of context_size, {self.context_size // 2}, "
                f"not {self.max_tokens}."
            )
        if not 0.0 <= self.temperature <= 2.0:
            raise ValueError(f"temperature must be 0 to 2, not {self.temperature}.")
        if not 0 <= self.seed < 2**32 - 1:
            raise ValueError(f"seed must be 0 to {2**32 - 2}, not {self.seed}.")
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}.")
