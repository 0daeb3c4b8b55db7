"""What a room does with messages: its handlers, the chunks it collects, and its background workers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contracts.base import Chunk, Message
from kit.db import Tx
from kit.envelope import Envelope

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])
Incoming = tuple[Message, Envelope]


@dataclass
class Worker:
    """A background loop outside transactions; `run` returns True when there may be more to do at once."""

    run: Callable[..., Awaitable[bool]]
    every: float
    """Seconds between ticks when there is nothing to do."""


@dataclass
class Handlers:
    """A room's handlers, registered by decorator; the bus subscribes to exactly the topics they need."""

    single: dict[type[Message], Callable[[Any, Tx], Awaitable[None]]] = field(default_factory=dict)
    collected: dict[type[Chunk], Callable[[Any, Tx], Awaitable[None]] | None] = field(default_factory=dict)
    grouped: dict[type[Message], Callable[[Sequence[Incoming], Tx], Awaitable[None]]] = field(
        default_factory=dict
    )
    workers: list[Worker] = field(default_factory=list)

    def __call__(self, cls: type[Message]) -> Callable[[H], H]:
        """Handle one message of this type in the group's transaction."""

        def bind(handler: H) -> H:
            self._free(cls)
            self.single[cls] = handler
            return handler

        return bind

    def collect(self, *classes: type[Chunk]) -> None:
        """Store the parts of these chunks, for commands that await them."""
        for cls in classes:
            self._free(cls)
            self.collected[cls] = None

    def complete(self, cls: type[Chunk]) -> Callable[[H], H]:
        """Collect, and handle each revision once, when its last part has arrived."""

        def bind(handler: H) -> H:
            self._free(cls)
            self.collected[cls] = handler
            return handler

        return bind

    def together(self, *classes: type[Message]) -> Callable[[H], H]:
        """Handle all fresh messages of these types of one poll at once, in order, in one transaction."""

        def bind(handler: H) -> H:
            for cls in classes:
                self._free(cls)
                self.grouped[cls] = handler
            return handler

        return bind

    def worker(self, every: float) -> Callable[[H], H]:
        """Run in the background, in one process of the room at a time."""

        def bind(handler: H) -> H:
            self.workers.append(Worker(handler, every))
            return handler

        return bind

    def types(self) -> set[type[Message]]:
        return {*self.single, *self.collected, *self.grouped}

    def topics(self) -> list[str]:
        """Topics that carry the handled types."""
        return sorted({cls.model_construct().topic for cls in self.types()})

    def _free(self, cls: type[Message]) -> None:
        if cls in self.types():
            raise ValueError(f"{cls.TYPE}: handled twice in one room")
