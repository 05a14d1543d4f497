"""What a user may call a call by, and whether a document or record is meant. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from harvesters.core.fields import CONFERENCE, OF_A_CALL
from harvesters.core.ids import doc_id, readable
from harvesters.story.members import Account, Conference, Event

ID = re.compile(r"[a-z2-7]{32}")
HASHED = "sha256:"
SPACED_NUMBER = re.compile(r"\d{3}[ -]\d{3,4}[ -]\d{3,4}")
"""A meeting's number as Zoom shows it, such as 867 8810 1585."""
OWN = 3
"""The parts of a readable key before the vendor's own: vendor, account, document type."""


class _Vconf(msgspec.Struct):
    vendor: str
    account: Account
    conference: Conference


class Identity(msgspec.Struct, rename={"at": "@timestamp"}):
    """What tells a document and its call apart."""

    at: str
    event: Event
    vconf: _Vconf


identity = msgspec.json.Decoder(Identity).decode


@dataclass(frozen=True)
class Key:
    """A call's id, the vendor's id of it or of its room, or the `event.id` of any of its documents."""

    text: str

    @classmethod
    def typed(cls, text: str) -> "Key":
        """As somebody types or pastes it."""
        spaced = SPACED_NUMBER.fullmatch(text.strip())
        return cls(re.sub("[ -]", "", text.strip()) if spaced else text)

    @property
    def is_id(self) -> bool:
        """Whether it may be an `_id`."""
        return ID.fullmatch(self.text) is not None

    @property
    def hashed(self) -> bool:
        """Whether it is an `event.id` that does not tell which call it belongs to."""
        return self.text.startswith(HASHED)

    @cached_property
    def event_ids(self) -> tuple[str, ...]:
        """The `event.id`s that the call itself may have, if this is one of any of its documents."""
        if self.hashed:
            return (self.text,)
        vendor, account, type_, *own = (*self.text.split("/"), *[""] * OWN)
        if type_ not in OF_A_CALL:
            return ()
        own = own[:-OWN]
        return tuple("/".join((vendor, account, CONFERENCE, *own[:number])) for number in range(1, len(own) + 1))

    @property
    def names_one(self) -> bool:
        """Whether no more than one call can be meant."""
        return bool(self.event_ids)

    def means(self, document: Identity) -> bool:
        """Whether this document, or its call, is meant."""
        call, event_id = document.vconf.conference, document.event.id
        return self.text in {call.id, call.vendor_id, call.parent_id, event_id} or event_id in self.event_ids

    def means_record(self, vendor: str, account: str, key: Sequence[str]) -> bool:
        """Whether the call of an archived record is meant, as far as its key alone tells."""
        whole = (vendor, account, CONFERENCE, *key)
        return (self.is_id and doc_id(whole) == self.text) or readable(whole) in self.event_ids

    def named(self, fields: Mapping[str, Any]) -> bool:
        """Whether a call with these fields of a tree is meant, by the vendor's id of it or of its room."""
        return self.text in {fields.get("vconf.conference.vendor_id"), fields.get("vconf.conference.parent_id")}
