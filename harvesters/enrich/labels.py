"""Joins the user's own labels to a conference and its people."""

from collections.abc import Callable

from harvesters.core.tree import Conference, Entity
from harvesters.enrich.lookup import ACCOUNT, PERSON, ROOM, Labels, Lookup
from harvesters.enrich.walk import walk

FIELD = "labels"


def account_labels(lookup: Lookup, account: str) -> Labels:
    """What every document of an account carries."""
    return lookup.of(ACCOUNT, account)


def label_step(lookup: Lookup, account: str) -> Callable[[Conference], None]:
    """The step that labels a tree: the conference by its room, its people by themselves.

    Of several that have a label of one name the person's holds, then the room's, then the account's. An entity gets
    all that hold for it, for what it tells itself replaces what it would repeat.
    """
    of_account = account_labels(lookup, account)

    def label(tree: Conference) -> None:
        shared = of_account
        if tree.conference is not None:
            told = tree.conference.fields
            rooms = told.get("vconf.conference.parent_id"), told.get("vconf.conference.vendor_id")
            shared = {**of_account, **lookup.of(ROOM, *rooms)}
            tree.conference.fields[FIELD] = shared

        def label_person(entity: Entity) -> None:
            own = lookup.of(PERSON, entity.fields.get("user.email"), entity.fields.get("user.id"))
            if own:
                entity.fields[FIELD] = {**shared, **own}

        walk(tree, [label_person])

    return label
