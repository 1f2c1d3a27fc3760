"""JSON as clients send it."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.rest.json_document import echo, parse_object
from model_server.status import Code, ServingError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b" \n", "JSON Parse error: The document is empty. at offset: 2"),
        (b"5", "JSON Value: 5 Is not object"),
        (b"[]", "JSON Value: [] Is not object"),
        (b"null", "JSON Value: null Is not object"),
        (b"{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (b'{"a"', "JSON Parse error: Missing a colon after a name of object member. at offset: 4"),
        (b'{"a": x}', "JSON Parse error: Invalid value. at offset: 6"),
        (b'{"a": nan}', "JSON Parse error: Invalid value. at offset: 6"),
        (b'{"a": 1', "JSON Parse error: Missing a comma or } after an object member. at offset: 7"),
        (
            b'{"{": "}", "a": [{}, [1 2]]}',
            "JSON Parse error: Missing a comma or ] after an array element. at offset: 24",
        ),
        (b'{"a', "JSON Parse error: Missing a closing quotation mark in string. at offset: 1"),
        (b'{"\\x": 1}', "JSON Parse error: Invalid escape character in string. at offset: 2"),
        (
            b'{"\\u12": 1}',
            "JSON Parse error: Incorrect hex digit after \\u escape in string. at offset: 3",
        ),
        (b'{"\n": 1}', "JSON Parse error: Invalid encoding in string. at offset: 2"),
        (
            b'{"a": ' + b"1" * 5000 + b"}",
            "JSON Parse error: Number too big to be stored in double. at offset: 0",
        ),
        ('{"ä": x}'.encode(), "JSON Parse error: Invalid value. at offset: 7"),
        (b"[" * 65, "JSON Parse error: nested deeper than 64 levels"),
        (b"[" * 10_000_000, "JSON Parse error: nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "JSON Parse error: nested deeper than 64 levels"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, message: str) -> None:
    """The words are the original's; offsets count bytes."""
    with pytest.raises(ServingError) as caught:
        parse_object(body, depth_max=64)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"{}", {}),
        (b"\xef\xbb\xbf {}", {}),
        (b'\r\n\t {"a": 1} trailing [[[', {"a": 1}),
        (b'{"a": [Infinity, -Infinity, -0, 1e400]}', {"a": [math.inf, -math.inf, 0, math.inf]}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\xff"}', {"a": "\udcff"}),
        (b'{"a": "' + b"[" * 1000 + b'"}', {"a": "[" * 1000}),
        (b'{"a": "' + b'\\"[' * 1000 + b'"}', {"a": '"[' * 1000}),
        (b'{"a": [' + b"[]," * 1000 + b"[]]}", {"a": [[]] * 1001}),
    ],
)
def test_the_object_at_the_start_is_read(body: bytes, document: dict[str, Any]) -> None:
    """Numbers that are none, bytes that are no UTF-8 and whatever follows are accepted."""
    assert parse_object(body, depth_max=64) == document


@pytest.mark.parametrize(("depth", "is_accepted"), [(64, True), (65, False)])
def test_the_depth_is_counted_exactly(depth: int, is_accepted: bool) -> None:  # noqa: FBT001
    """The outermost object is one level."""
    lists = depth - 1
    body = b'{"a": ' + b"[" * lists + b"]" * lists + b', "b": [[], {"c": {}}]}'

    try:
        parse_object(body, depth_max=64)
        accepted = True
    except ServingError:
        accepted = False

    assert accepted is is_accepted


@given(JSON)
def test_all_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    """Whatever a client's JSON library writes arrives."""
    body = json.dumps({"value": value}).encode()

    document = parse_object(body, depth_max=1000)

    assert json.dumps(document) == json.dumps(json.loads(body))


@given(st.binary())
def test_rubbish_is_refused_with_a_sentence(body: bytes) -> None:
    """No bytes make the reader fail in another way."""
    try:
        parse_object(body, depth_max=8)
    except ServingError as error:
        assert error.code is Code.INVALID_ARGUMENT  # noqa: PT017  # it need not be raised


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "[]"),
        (math.nan, "NaN"),
        ({"a": [1]}, '{\n    "a": [\n        1\n    ]\n}'),
        ("ä" * 200, '"' + "ä" * 127),
        ("\ud800", '"?"'),
        ([["x" * 1000]] * 1000, '[\n    [\n        "' + "x" * 239),
    ],
)
def test_an_echo_is_pretty_and_short(value: Any, text: str) -> None:
    """An error shows the start of what was wrong, never megabytes."""
    assert echo(value) == text
