import threading

from camera_client.frame_buffer import Frame, FrameBuffer


def make_frame(seq: int) -> Frame:
    return Frame(seq, 1_700_000_000_000_000 + seq, b"jpeg")


def test_buffer_full_drops_the_oldest_and_counts_it() -> None:
    buffer = FrameBuffer(capacity=2)
    for seq in range(5):
        buffer.put(make_frame(seq))
    assert [frame.seq for frame in (buffer.take(0), buffer.take(0)) if frame] == [3, 4]
    assert buffer.dropped == 3


def test_buffer_empty_take_returns_none_after_its_timeout() -> None:
    assert FrameBuffer().take(0.01) is None


def test_buffer_closed_still_gives_what_it_holds_and_takes_no_more() -> None:
    buffer = FrameBuffer()
    buffer.put(make_frame(1))
    buffer.close()
    buffer.put(make_frame(2))
    first, second = buffer.take(0), buffer.take(5)
    assert first is not None
    assert (first.seq, second, buffer.dropped) == (1, None, 1)


def test_buffer_discarded_counts_what_it_held() -> None:
    buffer = FrameBuffer()
    buffer.put(make_frame(1))
    buffer.put(make_frame(2))
    buffer.discard()
    assert (buffer.dropped, buffer.is_closed, buffer.take(0)) == (2, True, None)


def test_buffer_wait_for_room_ends_when_a_frame_is_taken() -> None:
    buffer = FrameBuffer(capacity=1)
    buffer.put(make_frame(1))
    assert not buffer.wait_for_room(0.01)
    timer = threading.Timer(0.05, buffer.take, (1,))
    timer.start()
    assert buffer.wait_for_room(10)
    timer.join(10)
