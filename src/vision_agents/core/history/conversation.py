"""The record of a conversation, oldest item first."""

from collections.abc import Callable, Iterator

from vision_agents.core.history.messages import HistoryItem, Message, Role


class Conversation:
    """Items in the order in which they were heard; only the session adds to it."""

    def __init__(self) -> None:
        self._items: list[HistoryItem] = []
        self.told_from = 0
        """The place of the first item that the model is told of."""
        self.summary: Message | None = None
        """What the model is told of the items before."""

    def add(self, item: HistoryItem) -> None:
        """Put `item` at the end."""
        self._items.append(item)

    def insert(self, place: int, item: HistoryItem) -> None:
        """Put `item` before the one at `place`: it was said earlier than it became known."""
        self._items.insert(place, item)
        self.told_from += place < self.told_from

    @property
    def items(self) -> tuple[HistoryItem, ...]:
        """Everything, tool calls included."""
        return tuple(self._items)

    @property
    def context(self) -> tuple[HistoryItem, ...]:
        """What the model is told of."""
        summary = () if self.summary is None else (self.summary,)
        return (*summary, *self._items[self.told_from :])

    def place_in_context(self, place: int) -> int:
        """Give the place in `context` of what has `place` in the whole record."""
        return max(0, place - self.told_from) + (self.summary is not None)

    def begin_anew(self) -> Callable[[], None]:
        """Tell the model only of what comes from now on; the record stays whole. Gives what undoes it."""
        before = self.told_from, self.summary

        def undo() -> None:
            self.told_from, self.summary = before

        self.told_from, self.summary = len(self._items), None
        return undo

    def shorten(self, first_kept: HistoryItem, *, summary: Message | None) -> None:
        """Tell the model of `first_kept` and what follows it, and of the rest only its summary."""
        place = next((at for at, item in enumerate(self._items) if item is first_kept), -1)
        if place >= self.told_from:  # else the context has begun anew meanwhile
            self.told_from, self.summary = place, summary

    @property
    def messages(self) -> tuple[Message, ...]:
        """Only what was said."""
        return tuple(item for item in self._items if isinstance(item, Message))

    def last(self, role: Role) -> Message | None:
        """Find the newest message of `role`."""
        return next((m for m in reversed(self.messages) if m.role is role), None)

    def __len__(self) -> int:
        """Count the items."""
        return len(self._items)

    def __iter__(self) -> Iterator[HistoryItem]:
        """Go through the items, oldest first."""
        return iter(self.items)
