"""Behaves as `docker` is documented to, as far as the tests call it; a container is a server that answers like a node.

As in the real one, the containers are not children of the calling program: they outlive it unless they are ended.
What it does follows from files in its folder: `down` (no engine), `unreachable` (no image to be had), `crash` (the
container ends at once), `deaf` (signals are not handed on).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NoReturn

STATE = Path(sys.argv[1])
UNREADY_ANSWERS = 2


def main(command: str, *arguments: str) -> None:
    with (STATE / "calls").open("a") as calls:
        calls.write(json.dumps([command, *arguments]) + "\n")
    if (STATE / "down").exists():
        fail("Cannot connect to the Docker daemon. Is the docker daemon running?")
    COMMANDS[command](arguments)


def fail(said: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"{said}\n")
    sys.exit(code)


def image_file(name: str) -> Path:
    return STATE / f"image {name.replace('/', ' ')}"


def container_file(name: str) -> Path:
    return STATE / f"container {name}"


def image(arguments: tuple[str, ...]) -> None:
    what, name = arguments
    if what != "inspect" or not image_file(name).exists():
        fail(f"Error: No such image: {name}")


def pull(arguments: tuple[str, ...]) -> None:
    quiet, name = arguments
    if quiet != "--quiet" or (STATE / "unreachable").exists():
        fail("dial tcp: lookup docker.elastic.co: no such host")
    image_file(name).touch()


def run(arguments: tuple[str, ...]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--rm", action="store_true", required=True)
    for option in ("--name", "--publish", "--memory"):
        parser.add_argument(option, required=True)
    for option in ("--env", "--volume"):
        parser.add_argument(option, action="append", default=[])
    parser.add_argument("image")
    given = parser.parse_args(arguments)
    if not image_file(given.image).exists():
        fail(f"Unable to find image '{given.image}' locally", 125)
    if (STATE / "crash").exists():
        fail("ERROR: [1] bootstrap checks failed", 78)
    contain(given.name, "secured" if "xpack.security.enabled=true" in given.env else "open")


def contain(name: str, security: str) -> None:
    """Hold a container in the foreground."""
    child = subprocess.Popen([sys.executable, __file__, str(STATE), "serve", name, security], start_new_session=True)

    def hand_on(signum: int, _frame: object) -> None:
        child.send_signal(signum)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if (STATE / "deaf").exists() else hand_on)
    code = child.wait()
    container_file(name).unlink(missing_ok=True)
    sys.exit(code if code >= 0 else 128 - code)


def serve(arguments: tuple[str, ...]) -> None:
    name, security = arguments
    unready = [503] * UNREADY_ANSWERS

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = security == "open" or self.headers["Authorization"]
            self.send_response((unready.pop() if unready else 200) if allowed else 401)
            self.end_headers()
            self.wfile.write(self.path.encode())

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made = container_file(f"{name}.new")
    made.write_text(json.dumps({"port": server.server_port, "pid": os.getpid()}))
    made.rename(container_file(name))
    server.serve_forever()


def port(arguments: tuple[str, ...]) -> None:
    name, which = arguments
    if which != "9200/tcp" or not container_file(name).exists():
        fail(f"Error response from daemon: No such container: {name}")
    sys.stdout.write(f"127.0.0.1:{json.loads(container_file(name).read_text())['port']}\n")


def remove(arguments: tuple[str, ...]) -> None:
    force, volumes, name = arguments
    if (force, volumes) != ("--force", "--volumes") or not container_file(name).exists():
        fail(f"Error response from daemon: No such container: {name}")
    with suppress(ProcessLookupError):
        os.kill(json.loads(container_file(name).read_text())["pid"], signal.SIGKILL)
    container_file(name).unlink()


COMMANDS = {
    "info": lambda _arguments: None,
    "image": image,
    "pull": pull,
    "run": run,
    "serve": serve,
    "port": port,
    "rm": remove,
}

if __name__ == "__main__":
    main(*sys.argv[2:])
