"""Users and roles of an Elasticsearch with security, as the files that it reads at its start.

They belong to its file realm, which the minimal distribution has: nothing there can make API keys or users.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent

ROUNDS = 10_000
BYTES = 32


@dataclass(frozen=True)
class Account:
    """A user with one role of the same name; `role` is its description as YAML, and without one it may do all."""

    name: str
    password: str
    role: str = ""

    @property
    def login(self) -> str:
        """The `Authorization` header of its requests."""
        return "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()


def files(accounts: Sequence[Account]) -> dict[str, str]:
    """The files by name, for `config/`."""
    return {
        "users": "".join(f"{each.name}:{_hashed(each.password)}\n" for each in accounts),
        "users_roles": "".join(f"{each.name if each.role else 'superuser'}:{each.name}\n" for each in accounts),
        "roles.yml": "".join(f"{each.name}:\n{indent(each.role, '  ')}\n" for each in accounts if each.role),
    }


def _hashed(password: str) -> str:
    """As `bin/elasticsearch-users` writes it, which takes seconds for each user."""
    salt = secrets.token_bytes(BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, BYTES)
    return f"{{PBKDF2}}{ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}"
