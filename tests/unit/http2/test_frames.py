"""Frames of HTTP/2, to bytes and back."""

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from http2.frames import (
    WINDOW_MAX,
    ErrorCode,
    Flag,
    FrameType,
    H2Error,
    Setting,
    frame,
    header_frames,
    read_goaway,
    read_number,
    read_settings,
    settings,
    unpadded,
    widened,
    window_update,
)
from tests.unit.serving_client.h2_script import frames


def test_settings_come_back() -> None:
    """What one side says of itself is what the other one reads."""
    sent = settings({Setting.HEADER_TABLE_SIZE: 0, Setting.MAX_FRAME_SIZE: 1 << 20})

    [(kind, flags, stream, payload)] = frames(sent)

    assert (kind, flags, stream) == (FrameType.SETTINGS, 0, 0)
    assert dict(read_settings(payload)) == {1: 0, 5: 1 << 20}


def test_unknown_settings_are_read_over() -> None:
    """A setting that nobody knows is handed out like the others."""
    assert list(read_settings(bytes.fromhex("00ff00000007"))) == [(255, 7)]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("0004", ErrorCode.FRAME_SIZE_ERROR),
        ("000480000000", ErrorCode.FLOW_CONTROL_ERROR),
        ("000500003fff", ErrorCode.PROTOCOL_ERROR),
        ("000501000000", ErrorCode.PROTOCOL_ERROR),
    ],
    ids=["cut off", "window too large", "frames too small", "frames too large"],
)
def test_settings_that_are_not_allowed(payload: str, code: ErrorCode) -> None:
    """Values beyond the limits of the standard are errors."""
    with pytest.raises(H2Error) as caught:
        list(read_settings(bytes.fromhex(payload)))

    assert caught.value.code is code


@hypothesis.settings(deadline=None)
@given(st.binary(max_size=100), st.integers(16, 60))
def test_long_headers_are_continued(block: bytes, frame_bytes_max: int) -> None:
    """Headers take as many frames as they need; only the last one says that it is."""
    parts = frames(header_frames(block, 5, frame_bytes_max))

    assert b"".join(payload for *_, payload in parts) == block
    assert all(len(payload) <= frame_bytes_max for *_, payload in parts)
    kinds = [kind for kind, *_ in parts]
    assert kinds == [FrameType.HEADERS] + [FrameType.CONTINUATION] * (len(parts) - 1)
    assert [flags for _, flags, _, _ in parts] == [0] * (len(parts) - 1) + [Flag.END_HEADERS]


@pytest.mark.parametrize(
    ("payload", "flags", "block"),
    [
        (b"abc", 0, b"abc"),
        (b"\x02abc\0\0", Flag.PADDED, b"abc"),
        (b"\0\0\0\0\x07abc", Flag.PRIORITY, b"abc"),
        (b"\x01\0\0\0\0\x07abc\0", Flag.PADDED | Flag.PRIORITY, b"abc"),
        (b"\x00", Flag.PADDED, b""),
        (b"", 0, b""),
    ],
)
def test_padding_is_taken_off(payload: bytes, flags: int, block: bytes) -> None:
    """Padding and priorities are no headers."""
    assert unpadded(payload, flags) == block


@pytest.mark.parametrize(
    ("payload", "flags"),
    [(b"", Flag.PADDED), (b"\x03ab", Flag.PADDED), (b"\0\0\0", Flag.PRIORITY)],
)
def test_padding_longer_than_the_frame(payload: bytes, flags: int) -> None:
    """A frame that holds less than it says is an error."""
    with pytest.raises(H2Error, match="all padding"):
        unpadded(payload, flags)


def test_goaway_says_why() -> None:
    """The last stream, the error and the words come apart."""
    payload = bytes.fromhex("8000000300000 00b".replace(" ", "")) + b"too_many_pings\xff"

    assert read_goaway(payload) == (
        3,
        ErrorCode.ENHANCE_YOUR_CALM,
        "too_many_pings\N{REPLACEMENT CHARACTER}",
    )


@pytest.mark.parametrize("read", [read_goaway, read_number])
def test_frame_that_is_cut_off(read: object) -> None:
    """A frame that is too short is an error."""
    assert callable(read)
    with pytest.raises(H2Error) as caught:
        read(b"\0\0\0")

    assert caught.value.code is ErrorCode.FRAME_SIZE_ERROR


def test_window_update_holds_a_number() -> None:
    """What opens a window is read again."""
    [(kind, _, stream, payload)] = frames(window_update(7, 65_536))

    assert (kind, stream, read_number(payload)) == (FrameType.WINDOW_UPDATE, 7, 65_536)


def test_frame_of_full_size() -> None:
    """The length of a frame has three bytes."""
    assert frame(FrameType.DATA, bytes(0x012345))[:9] == bytes.fromhex("012345 00 00 00000000")


def test_windows_have_a_widest() -> None:
    """They can be closed, too, and then hold less than nothing."""
    assert widened(WINDOW_MAX - 1, 1) == WINDOW_MAX
    assert widened(5, -7) == -2
    with pytest.raises(H2Error, match="opened too far") as caught:
        widened(WINDOW_MAX, 1)
    assert caught.value.code is ErrorCode.FLOW_CONTROL_ERROR
