"""Messages: every layout packs and unpacks, refuses other lengths, and shows in the schema hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.link.messages import EVENT, FAULT, MESSAGES, TAIL, Layout

LAYOUTS = [layout for message in MESSAGES for layout in (message.request, message.response)] + [EVENT, FAULT]


@given(st.sampled_from(LAYOUTS), st.data())
def test_any_payload_of_the_right_length_comes_back_as_it_was(layout, data):
    payload = data.draw(st.binary(min_size=layout.size, max_size=layout.size))
    tail = data.draw(st.binary(max_size=20)) if layout.has_tail else b""
    values = layout.unpack(payload + tail)
    assert layout.pack(*[values[name] for name in layout.names], tail=tail) == payload + tail


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: ",".join(layout.names)[:40])
def test_a_payload_of_another_length_is_refused(layout):
    if layout.size:
        assert layout.unpack(bytes(layout.size - 1)) is None
    if not layout.has_tail:
        assert layout.unpack(bytes(layout.size + 1)) is None


def test_every_message_fits_a_frame_and_has_a_kind_of_its_own():
    assert all(layout.size <= MOST_PAYLOAD_BYTES for layout in LAYOUTS)
    assert len({message.kind for message in MESSAGES}) == len(MESSAGES)
    assert all(message.kind < messages.RESPONSE for message in MESSAGES)


@pytest.mark.requirement("link-schema")
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_the_schema_hash_changes_with_any_layout(monkeypatch, message):
    before = messages.schema_hash()
    monkeypatch.setattr(message, "response", Layout([("another", "B"), *message.response.fields]))
    assert messages.schema_hash() != before


@pytest.mark.requirement("link-schema-names")
@pytest.mark.parametrize("names", ["ERROR_NAMES", "EVENT_NAMES", "ALARM_NAMES", "FIELD_NAMES", "STATE_NAMES"])
def test_the_schema_hash_changes_with_any_table_of_names(monkeypatch, names):
    before = messages.schema_hash()
    monkeypatch.setattr(messages, names, (*getattr(messages, names), "another"))
    assert messages.schema_hash() != before


def test_a_tail_is_marked_by_one_object():
    assert Layout([("a", "B"), TAIL]).has_tail
    assert not Layout([("a", "B")]).has_tail
