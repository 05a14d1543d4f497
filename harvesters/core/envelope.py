"""What all documents of a slice share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvesters.core.field import ECS_VERSION
from harvesters.core.fields import Field
from harvesters.core.treatment import UNTREATED, Treatment

SCHEMA = "1"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all documents of a slice share.

    `constants`: further fields of every document, such as `observer.vendor`; `fields`: the field list; `treatment`:
    what becomes of the fields that tell of people.
    """

    vendor: str
    account: str
    account_name: str
    revision: str
    settings: str
    prefix: str
    constants: Mapping[str, Any]
    fields: Mapping[str, Field]
    treatment: Treatment = UNTREATED

    def told(self) -> dict[str, Any]:
        """What every document of a call or a day tells of where it comes from, whenever it was fetched."""
        return {
            "ecs.version": ECS_VERSION,
            "event.module": self.vendor,
            "cloud.account.id": self.account,
            "observer.type": "conference",
            "service.type": "video-conference",
            **self.constants,
            "vconf.vendor": self.vendor,
            "vconf.account.id": self.account,
            "vconf.account.name": self.account_name,
            "vconf.schema": SCHEMA,
        }
