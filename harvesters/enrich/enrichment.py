"""The enrichment of a run: its files, opened once, and the ordered list of its steps."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harvesters.core.common_settings import CommonSettings
from harvesters.core.tree import Conference
from harvesters.enrich.agents import agent_step
from harvesters.enrich.database import Database, open_geoip
from harvesters.enrich.geo import NETWORKS, PLACES, network_step, place_step
from harvesters.enrich.labels import FIELD, account_labels, label_step
from harvesters.enrich.lookup import ENV, Lookup, read_lookup
from harvesters.enrich.walk import walk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What is looked up in which files; a step whose file is not set is left out."""

    places: Database | None = None
    networks: Database | None = None
    lookup: Lookup | None = None

    @property
    def shapes(self) -> dict[str, str]:
        """The digests of the files by the settings that name them.

        Documents follow from what is in a file, wherever it lies. Without files it is empty, so that documents made
        before there were any are not made anew.
        """
        found = {PLACES.env: self.places, NETWORKS.env: self.networks, ENV: self.lookup}
        return {env: each.digest for env, each in found.items() if each}

    def constants(self, account: str) -> Mapping[str, Any]:
        """What all documents of a vendor's account have in common, by its id there."""
        labels = account_labels(self.lookup, account) if self.lookup else None
        return {FIELD: labels} if labels else {}

    def steps(self, account: str) -> tuple[Callable[[Conference], None], ...]:
        """What is done to each tree of an account, in order."""
        of_entity = [
            *([place_step(self.places)] if self.places else []),
            *([network_step(self.networks)] if self.networks else []),
            agent_step,
        ]
        return (
            lambda tree: walk(tree, of_entity),
            *([label_step(self.lookup, account)] if self.lookup else []),
        )

    def close(self) -> None:
        """Give the files back."""
        for each in (self.places, self.networks):
            if each:
                each.close()


def open_enrichment(common: CommonSettings, problems: list[str]) -> Enrichment:
    """Open the files of the settings; what is wrong with them is added to `problems`."""
    files = {
        "GEOIP_FILE (places of addresses)": common.geoip_file,
        "GEOIP_ASN_FILE (their networks)": common.geoip_asn_file,
        "LOOKUP_FILE (your own labels)": common.lookup_file,
    }
    unset = [name for name, path in files.items() if path is None]
    if unset and not problems:  # or there is no run that could leave anything out
        log.info("not set, so left out of the documents: %s", ", ".join(unset))
    return Enrichment(
        open_geoip(common.geoip_file, PLACES, problems),
        open_geoip(common.geoip_asn_file, NETWORKS, problems),
        read_lookup(common.lookup_file, problems),
    )
