"""Several accounts of a vendor for tests: a simulated project for each, and the file that names them.

with schools(shell, {"school-a": "111", "school-b": "222"}) as servers:
    assert shell("all", "--date", "2026-11-18").code == 0
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from harvesters.sandbox import serve_opentok
from tests.opentok_client import DAY, NOW
from tests.opentok_days import SECRET, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvesters.sandbox import Server
    from tests.shell import Shell


@contextmanager
def schools(
    shell: Shell, keys: Mapping[str, str], more: Mapping[str, str] | None = None, **served: Any
) -> Iterator[dict[str, Server]]:
    """Projects with 2, 3, 4… calls; `more` lines of each table; the account `default` is told by the variables."""
    servers: dict[str, Server] = {}
    tables = []
    with ExitStack() as stack:
        for number, (name, key) in enumerate(keys.items(), 2):
            calls = day_of(number, day=DAY, people=(2,), minutes=5)
            server = serve_opentok(calls, key=key, secret=SECRET, now=lambda: NOW, **served)
            servers[name] = stack.enter_context(server)
            if name == "default":
                shell.env |= {"OPENTOK_API_KEY": key, "OPENTOK_API_SECRET": SECRET, "OPENTOK_URL": server.url}
            else:
                tables.append(
                    f'[opentok.{name}]\napi_key = "{key}"\napi_secret_env = "SCHOOLS"\nurl = "{server.url}"\n'
                )
                tables.append((more or {}).get(name, ""))
        shell.env["SCHOOLS"] = SECRET
        (shell.folder / "accounts.toml").write_text("\n".join(tables))
        yield servers
