"""What the failures of `docker` mean, and what to do about each."""

LAST_LINES = 12
MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("permission denied while trying to connect", "docker.sock: connect: permission denied"),
        (
            "this user may not use Docker: add it to the group docker ('sudo usermod -aG docker $USER'), log out and "
            "in again, and run the same command."
        ),
    ),
    (
        ("cannot connect to the docker daemon", "is the docker daemon running", "the daemon is running"),
        "Docker is installed, but its engine does not run: start Docker Desktop, or 'sudo systemctl start docker'.",
    ),
    (
        ("toomanyrequests", "rate limit", "429 too many requests"),
        (
            "the registry of images limits how often this address may ask: try again in an hour, or log in with "
            "'docker login'."
        ),
    ),
    (
        ("manifest unknown", "manifest for", "no matching manifest"),
        "there is no image of this version for this machine: set STACK_VERSION in … to one that exists.",
    ),
    (
        ("no space left on device",),
        (
            "there is no room on the disk of Docker's engine: 'docker system df' says what takes it, "
            "'docker system prune' makes some."
        ),
    ),
    (
        ("port is already allocated", "address already in use", "ports are not available"),
        "a port is taken: end the program that uses it, or choose others with --es-port and --kibana-port.",
    ),
    (
        ("no such host", "i/o timeout", "tls handshake timeout", "network is unreachable", "connection refused"),
        (
            "the images cannot be fetched: docker.elastic.co is not reached from here. Look at the network, and at the "
            "proxy in Docker's own settings."
        ),
    ),
)
"""The first one counts of which some piece stands in what docker said; … is the file of the settings."""


def meaning(what: str, said: str, settings: str) -> str:
    """What docker said when `what` failed, as what to do about it; what is not known is quoted."""
    low = said.lower()
    for pieces, sentence in MEANINGS:
        if any(piece in low for piece in pieces):
            return sentence.replace("…", settings)
    quoted = "\n".join(said.strip().splitlines()[-LAST_LINES:])
    return f"'{what}' failed. What it said last:\n{quoted}"
