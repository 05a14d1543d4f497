"""What is left of statistics that the server cleaned up: a stream without measurements."""

from harvesters.core.tree import Entity
from harvesters.peermetrics.streams import Track


def summarised(entity: Entity, track: Track) -> None:
    """Flag a stream, and give it the server's own score, the mean of its moments (1 to 5)."""
    entity.flags.add("summary_only")
    scores = [each.report.emos for each in track.seen if each.report.emos is not None]
    entity.fields["vconf.quality.vendor.mos"] = round(sum(scores) / len(scores), 3) if scores else None
