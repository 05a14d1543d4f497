"""The servers of a stack in Docker: `python -m tests.stack_server FOLDER PORT KIBANA_PORT PASSWORD`.

Its Elasticsearch asks for the login of its volume and hands everything on to the real one of the tests.
"""

from __future__ import annotations

import base64
import signal
import sys
from dataclasses import replace
from pathlib import Path

from harvesters.sandbox import Request, Response, Server
from tests.kibana_server import FakeKibana
from tests.node_door import PRODUCT, Door

REFUSED = b'{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}'


def serve(state: Path, port: int, kibana_port: int, password: str) -> None:
    door = Door((state / "node").read_text())
    login = "Basic " + base64.b64encode(f"elastic:{password}".encode()).decode()

    def answer(request: Request) -> Response:
        if request.headers.get("authorization") != login:
            return Response(401, PRODUCT, REFUSED)
        inside = {name: value for name, value in request.headers.items() if name != "authorization"}
        return door._answer(replace(request, headers=inside))

    kibana = FakeKibana(users={"elastic": password})
    with Server(answer, port=port, path=""), Server(kibana, port=kibana_port, path=""):
        (state / "serving").touch()
        signal.pause()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
