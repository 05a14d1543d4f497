"""Answers `explain`: finds what is asked for, says where it was found, and prints the story."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harvesters.commands import explaining, showing
from harvesters.commands.console import Console
from harvesters.commands.explaining import Asked
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import NothingFoundError
from harvesters.core.fields import CONFERENCE, PARTICIPANT
from harvesters.finding.calls import Calls, Match
from harvesters.finding.key import Key
from harvesters.story import history, matches, page, story
from harvesters.story.gathering import Gathering


@dataclass(frozen=True)
class Form:
    """How an answer looks: as JSON or as a page, with so many streams and people."""

    as_json: bool
    streams: int
    people: int


def tell_call(place: Workplace, console: Console, asked: Asked, key: str, form: Form) -> None:
    """Print a call's story, or a list where several are meant.

    Raises:
        NothingFoundError: none is.
    """
    try:
        store, found = explaining.find(place, asked, Key.typed(key))
    except NothingFoundError:
        if form.as_json:
            showing.show_json(matches.as_json([]))
        raise
    console.say(f"From {store.where}.")
    try:
        if len(found) > 1:
            _say_unseen(place, console, asked, store, CONFERENCE)
            _list(store, found, key, form)
        else:
            _tell(place, store, found[0], key, form)
    finally:
        store.close()


def _say_unseen(place: Workplace, console: Console, asked: Asked, store: Calls, type_: str) -> None:
    for sentence in explaining.unseen(place, asked, store, type_):
        console.say(sentence, logging.WARNING)


def _list(store: Calls, found: Sequence[Match], key: str, form: Form) -> None:
    listed = explaining.listed(store, found)
    if form.as_json:
        showing.show_json(matches.as_json(listed.calls, listed.more))
    else:
        screen = showing.screen()
        showing.show(matches.page(key, listed.calls, listed.more, screen.width), screen)


def _tell(place: Workplace, store: Calls, match: Match, key: str, form: Form) -> None:
    gathering = Gathering(form.streams, key, keep=form.as_json)
    told = explaining.tell(place, store, match, Key.typed(key), gathering)
    if form.as_json:
        showing.show_json(story.as_json(told, gathering))
    else:
        screen = showing.screen()
        showing.show(page.page(told, screen.width, form.people), screen)


def tell_person(place: Workplace, console: Console, asked: Asked, who: str, *, as_json: bool) -> None:
    """Print what a person lived through, without days in the last month.

    Raises:
        NothingFoundError: nobody is known by that name.
    """
    if asked.days is None:
        asked = replace(asked, days=explaining.last_days(Day.of(place.clock.now())))
    store, told = explaining.person(place, asked, who)
    store.close()
    console.say(f"From {store.where}.")
    _say_unseen(place, console, asked, store, PARTICIPANT)
    if as_json:
        showing.show_json(history.as_json(told))
    else:
        screen = showing.screen()
        showing.show(history.page(told, screen.width), screen)
