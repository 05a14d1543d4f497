"""Who may what on the test nodes that have security."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from harvesters.stack import file_users
from harvesters.stack.file_users import Account

if TYPE_CHECKING:
    from collections.abc import Sequence

ADMIN = Account("admin", secrets.token_urlsafe(file_users.BYTES))
"""Is there on every node with security: somebody must prepare, look and tidy up."""


def files(accounts: Sequence[Account]) -> dict[str, str]:
    """The files by name, for `config/`."""
    return file_users.files((ADMIN, *accounts))
