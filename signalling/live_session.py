"""One viewer's WebSocket, from its first message to its close (the steps of `protocol`)."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from common.camera_directory import CameraDirectory
from common.clock import Clock
from common.contracts.live_token import LiveGrant, verify_grant
from common.metrics import Metrics
from signalling.audience import Audience, Viewer
from signalling.newest import Newest, Picture
from signalling.protocol import BadHello, CloseCode, Hello, frame_message, gone_message, parse_hello

log = logging.getLogger(__name__)

HELLO_S = 5.0
SEND_S = 10.0
"""A viewer that has not taken a picture for so long is cut off: its connection holds what was sent."""
CLOSE_S = 2.0
LOOK_EVERY_S = 5.0
"""A deleted camera is noticed within this even if nobody tells."""


class Closing(Exception):
    """Ends the session: the server closes with `code` and a short reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Watched:
    """What this viewer has had of a camera. `next_s`: event-loop time before which no further picture goes out."""

    camera: str
    next_s: float = 0.0
    sent: Picture | None = None


class LiveSession:
    """Runs on the event loop as one task. Holds no pictures: it takes the newest when the viewer has room for one."""

    def __init__(
        self,
        *,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
        signing_key: bytes,
        newest: Newest,
        directory: CameraDirectory,
        audience: Audience,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self._abort = abort
        self._signing_key = signing_key
        self._newest = newest
        self._directory = directory
        self._audience = audience
        self._metrics = metrics
        self._clock = clock
        self._viewer = Viewer()
        self._peer_closed = False

    async def run(self) -> None:
        """Until either side closes. Never raises but CancelledError."""
        self._audience.join(self._viewer)
        try:
            hello, grant = await self._receive_hello()
            await self._serve(hello, grant)
        except Closing as closing:
            await self._close(closing)
        except TimeoutError:
            # A close handshake would wait behind what the viewer does not take.
            self._abort()
        except ConnectionError:
            return  # the viewer is gone
        finally:
            self._audience.leave(self._viewer)

    async def _receive_hello(self) -> tuple[Hello, LiveGrant]:
        """Step 1. Raises Closing; denies unless everything is right."""
        try:
            async with asyncio.timeout(HELLO_S):
                message = await self._socket.receive()
        except TimeoutError:
            raise Closing(CloseCode.HELLO_TIMEOUT, "no first message within 5 s") from None
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            raise ConnectionError
        if message.type is not WSMsgType.TEXT:
            raise Closing(CloseCode.BAD_HELLO, "the first message must be text")
        try:
            hello = parse_hello(message.data)
        except BadHello as error:
            raise Closing(CloseCode.BAD_HELLO, str(error)) from error
        grant = verify_grant(hello.token, self._signing_key, self._wall_s())
        if grant is None:
            raise Closing(CloseCode.BAD_TOKEN, "the token is wrong or expired")
        if not set(hello.cameras) <= set(grant.cameras):
            raise Closing(CloseCode.NOT_GRANTED, "the token does not name every camera")
        if self._directory.problem() is not None:
            raise Closing(CloseCode.TRY_LATER, "camera settings cannot be read")
        if self._is_withdrawn(grant, hello.cameras):
            raise Closing(CloseCode.BAD_TOKEN, "a permission was withdrawn since the token was made")
        if not self._audience.seat(self._viewer, grant.subject, frozenset(hello.cameras)):
            raise Closing(CloseCode.TOO_MANY, "too many live pictures are open")
        log.info("live picture opened", extra={"subject": grant.subject, "cameras": ",".join(hello.cameras)})
        return hello, grant

    async def _serve(self, hello: Hello, grant: LiveGrant) -> None:
        """Steps 2 to 4. Raises Closing, TimeoutError (the viewer takes nothing), ConnectionError."""
        loop = asyncio.get_running_loop()
        expires_at_s = loop.time() + grant.expires_s - self._wall_s()
        watched = [_Watched(camera) for camera in hello.cameras]
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._viewer.woken.clear()
                self._check_over(listening, expires_at_s - loop.time())
                watched = await self._without_deleted(watched)
                if self._is_withdrawn(grant, hello.cameras):
                    raise Closing(CloseCode.EXPIRED, "a permission was withdrawn: get another token")
                picture, wait_s = self._choose(watched, 1.0 / hello.max_fps)
                if picture is not None:
                    await self._send(picture)
                    continue
                left_s = expires_at_s - loop.time()
                await self._rest(max(0.0, min(wait_s, left_s, LOOK_EVERY_S)))
        finally:
            listening.cancel()
            # The close handshake reads from the socket too, and two readers would be in each other's way.
            await asyncio.gather(listening, return_exceptions=True)

    def _check_over(self, listening: "asyncio.Task[None]", left_s: float) -> None:
        if self._audience.is_closing:
            raise Closing(CloseCode.GOING_AWAY, "the server stops")
        if listening.done():
            if self._peer_closed:
                raise ConnectionError
            raise Closing(CloseCode.UNEXPECTED_MESSAGE, "nothing is expected after the first message")
        if left_s <= 0:
            raise Closing(CloseCode.EXPIRED, "the token has expired")

    def _is_withdrawn(self, grant: LiveGrant, cameras: Iterable[str]) -> bool:
        """Whether somebody may watch one of the cameras no longer since the token was made. Maybe not this viewer: who
        still may gets another token."""
        found = (self._directory.find(camera) for camera in cameras)
        return any(one is not None and grant.issued_us < one.live_from_us for one in found)

    async def _without_deleted(self, watched: list[_Watched]) -> list[_Watched]:
        left = [one for one in watched if self._directory.find(one.camera) is not None]
        if len(left) < len(watched):
            for one in watched:
                if one not in left:
                    async with asyncio.timeout(SEND_S):
                        await self._socket.send_str(gone_message(one.camera))
        if not left:
            raise Closing(CloseCode.GONE, "there is no such camera")
        return left

    def _choose(self, watched: list[_Watched], every_s: float) -> tuple[Picture | None, float]:
        """The newest picture of the camera that waited longest, or None and how long to wait for one."""
        now_s = asyncio.get_running_loop().time()
        wait_s = LOOK_EVERY_S
        for one in sorted(watched, key=lambda one: one.next_s):
            picture = self._newest.picture(one.camera)
            if picture is None or picture is one.sent:
                continue
            if one.next_s > now_s:
                wait_s = min(wait_s, one.next_s - now_s)
                continue
            # From when it was due, not from now: else a cap of 5 gives less than 5 a second. Never two at once.
            one.next_s = max(one.next_s + every_s, now_s + every_s / 2)
            one.sent = picture
            return picture, 0.0
        return None, wait_s

    async def _send(self, picture: Picture) -> None:
        """Raises TimeoutError when the viewer does not take it; that bounds what is held for it to this one picture."""
        text = frame_message(
            picture.camera,
            picture.captured_us,
            picture.log_ms,
            (picture.width, picture.height),
            self._newest.boxes_for(picture),
        )
        async with asyncio.timeout(SEND_S):
            await self._socket.send_str(text)
            await self._socket.send_bytes(picture.jpeg)
        self._metrics.count("lookout_live_pictures_total")

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._viewer.woken.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        """Answers pings (aiohttp does, inside `receive`) and ends with the first message or the close."""
        message = await self._socket.receive()
        self._peer_closed = message.type not in (WSMsgType.TEXT, WSMsgType.BINARY)
        self._viewer.woken.set()

    async def _close(self, closing: Closing) -> None:
        log.info("live picture closed", extra={"subject": self._viewer.subject, "code": int(closing.code)})
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=closing.code, message=closing.reason.encode()[:120])
        except (TimeoutError, ConnectionError):
            self._abort()

    def _wall_s(self) -> float:
        return self._clock.wall_us() / 1_000_000
