"""Fixtures of the sandbox's tests: one small session, and a client of a server that has only that."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.opentok_client import DAY, NINE, Client, opentok
from tests.opentok_days import session


@pytest.fixture
def small() -> dict[str, Any]:
    return session(0, day=DAY, start=NINE, people=3, screens=1)


@pytest.fixture
def client(small: dict[str, Any]) -> Iterator[Client]:
    with opentok([small]) as client:
        yield client
