"""Which members of Zoom's answers tell of a person."""

import re
from collections.abc import Mapping

from harvesters.core.personal import Personal, Persons
from harvesters.zoom.people import CUT_OFF

WHY = re.compile(
    rf"Reason:(?:(?!Reason:).)*\Z|\AHost (?:ended|closed) the meeting\.?\Z|(?:{CUT_OFF.pattern})(?!.*Reason:)",
    re.IGNORECASE | re.DOTALL,
)
"""Of why somebody left what names nobody: a sentence with the name stands before it."""
JOINED = Persons(
    {"id": "user", "email": "email", "participant_user_id": "user", "registrant_id": "registration"},
    names=("user_name", "customer_key", "sip_uri"),
    about=(
        "ip_address", "internal_ip_addresses", "location", "mac_addr", "harddisk_id", "pc_name", "domain",
        "device_name", "microphone", "speaker", "camera", "audio_call", "from_sip_uri", "leave_reason",
    ),
    links={"user_id": "joining", "participant_uuid": "participation"},
    kept={"leave_reason": WHY},
)  # fmt: skip
"""A participation, wherever it stands: what the dashboard tells of it differs from list to list, and grows."""
REPORTED = Persons(
    {"id": "user", "participant_user_id": "user", "registrant_id": "registration", "user_email": "email"},
    names=("name", "customer_key"),
    links={"user_id": "joining"},
)
TEXTS = ("topic",)
HELD = Persons({"email": "email"}, names=("host",), texts=TEXTS)
HELD_BY_REPORT = Persons({"user_email": "email", "host_id": "user"}, names=("user_name",), texts=TEXTS)
PERSONAL: Mapping[str, Personal] = {
    "meeting": Personal(HELD, JOINED),
    "webinar": Personal(HELD, JOINED),
    "qos": Personal(JOINED),
    "sharing": Personal(rows=Persons({"id": "user"}, names=("user_name",), links={"user_id": "joining"})),
    "reported": Personal(HELD_BY_REPORT, REPORTED),
}
