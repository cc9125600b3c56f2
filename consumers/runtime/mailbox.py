"""The one way into the loop: other threads put messages, the loop takes them all at once."""

from collections import deque

from consumers.runtime.messages import Message


class Mailbox:
    """Never blocks and needs no bound: each message answers for a frame, window or request that flow control let in.

    `put` on any thread, `drain` on the loop's. Appending to and popping from a deque is atomic, so there is no lock.
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()

    def put(self, message: Message) -> None:
        self._messages.append(message)

    def drain(self) -> list[Message]:
        """What has come so far, in order. Messages put meanwhile wait for the next turn."""
        messages = self._messages
        return [messages.popleft() for _ in range(len(messages))]

    def __len__(self) -> int:
        return len(self._messages)
