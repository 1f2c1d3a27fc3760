"""Frames of a stream wait, are dropped and are handed out as the policy says."""

from dataclasses import dataclass
from threading import Thread

import pytest

from webapp.grpc.exceptions import QuietStreamError, StoppingError
from webapp.grpc.waiting_room import DropReason, Policy, TurnedAway, WaitingRoom

LATEST = Policy(1, 100, is_latest=True)
QUEUE = Policy(2, 100, is_latest=False)


@dataclass(frozen=True)
class Frame:
    """A frame of some weight."""

    sequence: int
    size_bytes: int = 1


def room_with(frames: list[Frame], policy: Policy) -> WaitingRoom[Frame]:
    """A room that took these frames and takes no more."""
    room: WaitingRoom[Frame] = WaitingRoom(idle_s=5)
    for frame in frames:
        assert room.offer(frame, policy)
    room.finish()
    return room


def all_of(room: WaitingRoom[Frame]) -> list[object]:
    """What a finished room hands out."""
    items: list[object] = []
    while (item := room.take()) is not None:
        items.append(item)
    return items


def test_an_empty_room_ends_at_once() -> None:
    """A stream without frames has no answers."""
    room = room_with([], LATEST)

    items = all_of(room)

    assert items == []
    assert room.received == 0


def test_latest_keeps_the_newest_frame_and_names_those_it_replaced() -> None:
    """Of three frames that came meanwhile, the last is looked at."""
    room = room_with([Frame(1), Frame(2), Frame(3)], LATEST)

    items = all_of(room)

    assert items == [
        TurnedAway(1, DropReason.REPLACED),
        TurnedAway(2, DropReason.REPLACED),
        Frame(3),
    ]
    assert room.received == 3


def test_a_queue_keeps_the_first_frames_and_drops_those_without_room() -> None:
    """Of three frames that came meanwhile, two wait and the third is dropped."""
    room = room_with([Frame(1), Frame(2), Frame(3)], QUEUE)

    items = all_of(room)

    assert items == [TurnedAway(3, DropReason.QUEUE_FULL), Frame(1), Frame(2)]


def test_a_queue_is_full_when_its_frames_are_heavy() -> None:
    """The weight of waiting frames is bounded, but a single one always fits."""
    room = room_with([Frame(1, 200), Frame(2)], QUEUE)

    items = all_of(room)

    assert items == [TurnedAway(2, DropReason.QUEUE_FULL), Frame(1, 200)]


def test_a_quiet_stream_ends_with_an_error() -> None:
    """Nothing came for as long as a stream may be quiet."""
    room: WaitingRoom[Frame] = WaitingRoom(idle_s=0.01)

    with pytest.raises(QuietStreamError, match=r"0\.01 s"):
        room.take()

    assert not room.offer(Frame(1), LATEST)


def test_what_was_taken_is_handed_out_before_the_error_of_the_end() -> None:
    """A server that stops answers the frames it took."""
    room: WaitingRoom[Frame] = WaitingRoom(idle_s=5)
    room.offer(Frame(1), LATEST)

    room.finish(StoppingError())

    assert not room.offer(Frame(2), LATEST)
    assert room.take() == Frame(1)
    with pytest.raises(StoppingError):
        room.take()


def test_who_brings_frames_waits_for_a_client_that_reads_no_answers() -> None:
    """The answers of dropped frames are bounded, too; leaving the stream frees its reader."""
    room: WaitingRoom[Frame] = WaitingRoom(idle_s=5)
    refused: list[bool] = []

    def bring() -> None:
        while room.offer(Frame(1), LATEST):
            pass
        refused.append(True)

    reader = Thread(target=bring)
    reader.start()
    while room.received < 257:
        pass
    room.abandon()
    reader.join(5)

    assert refused == [True]
    assert room.received == 257
    assert room.take() is None
