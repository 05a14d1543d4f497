"""The field list of the vendor's own totals."""

from harvesters.core.field import FLOAT, LONG, USAGE, Field

USAGES = (
    Field("vconf.usage.minutes.published", FLOAT, "minutes of all streams that were sent, by the vendor", (USAGE,)),
    Field(
        "vconf.usage.minutes.subscribed", FLOAT, "minutes of all streams that were received, by the vendor", (USAGE,)
    ),
    Field("vconf.usage.minutes.meeting", FLOAT, "minutes of all who were in meetings, by the vendor", (USAGE,)),
    Field("vconf.vendor_totals.meetings", LONG, "meetings, as the vendor counts them", (USAGE,)),
    Field("vconf.vendor_totals.rooms", LONG, "rooms that were used for the first time", (USAGE,)),
    Field("vconf.vendor_totals.participants", LONG, "people or stays in them, as the vendor counts them", (USAGE,)),
    Field("vconf.errors.connect.attempts", LONG, "times that a client tried to connect", (USAGE,)),
    Field("vconf.errors.connect.failures", LONG, "times that it could not", (USAGE,)),
    Field("vconf.errors.publish.attempts", LONG, "times that a client tried to send a stream", (USAGE,)),
    Field("vconf.errors.publish.failures", LONG, "times that it could not", (USAGE,)),
    Field("vconf.errors.subscribe.attempts", LONG, "times that a client tried to receive a stream", (USAGE,)),
    Field("vconf.errors.subscribe.failures", LONG, "times that it could not", (USAGE,)),
)
