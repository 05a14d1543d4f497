"""Runs all cases and the long sweeps, and writes docs/reliability.md: `make soak`."""

import logging
import os
import secrets
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from elasticsearch import Elasticsearch

from harvesters import __version__
from tests.faults import page, soak
from tests.faults.loading import Node, node_of
from tests.faults.tables import CELLS, Cell, run


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _cells(node: Node) -> tuple[dict[Cell, str], int]:
    """What each case gives, and how many documents were lost without a word."""
    words: dict[Cell, str] = {}
    silent = 0
    for cell in CELLS:
        with TemporaryDirectory() as folder:
            gave = run(cell, Path(folder), node)
        words[cell], silent = gave.words, silent + gave.silent
        _say(f"{' | '.join(cell)}: {gave.words}")
    return words, silent


@click.command()
@click.option("--kills", default=500, help="How many random kills.")
@click.option("--seed", default=None, type=int, help="Of the random sweeps; one by chance, which is told.")
@click.option("--write", is_flag=True, help="Write docs/reliability.md.")
def main(kills: int, seed: int | None, write: bool) -> None:  # noqa: FBT001 - click hands it over by name
    """Run everything; the exit code is 1 if anything was lost without a word."""
    logging.disable(logging.CRITICAL)
    url = os.environ.get("ES_TEST_URL")
    if not url:
        message = "ES_TEST_URL names no Elasticsearch: run make soak, which starts one."
        raise click.ClickException(message)
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    _say(f"seed {seed}")
    began = time.monotonic()
    with Elasticsearch(url, request_timeout=60) as es, node_of(es, url, f"vconf-t{secrets.token_hex(4)}") as node:
        nodes = es.nodes.info(filter_path="nodes.*.version")["nodes"]
        version = ", ".join(sorted({str(each["version"]) for each in nodes.values()}))
        words, silent = _cells(node)
        figures = [
            f"{len(words)} cases of the tables above: **{silent} silent losses**.",
            soak.cut_answers(10, seed, _say),
            soak.cut_replies(node, _say),
            soak.kills(kills, seed, node, _say),
        ]
    figures.append(soak.node_killed(2, _say))
    minutes = (time.monotonic() - began) / 60
    place = f"vconf-harvest {__version__}, Elasticsearch {version}, {os.cpu_count()} cores"
    figures.append(f"{place}, {minutes:.0f} minutes.")
    click.echo("\n".join(figures))
    if write:
        page.PAGE.write_text(page.fresh(page.PAGE.read_text("utf-8"), words, figures), "utf-8")
    sys.exit(int(silent > 0))


if __name__ == "__main__":
    main()
