"""A load into a real Elasticsearch that shares the cores with us: `node.py CALLS ROUNDS`; prints JSON.

The node is the one of ES_TEST_URL, else one that is started as for the tests. We and the node are held to two cores,
where the system can do that. Of a round we keep how long each load took on the wall, the CPU that we and the node spent
meanwhile, and the CPU that everybody else on the machine took.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import elasticsearch
import loads
from material import Material, documents, material
from usual import Usual

from harvesters.core.encode import Encoded
from harvesters.core.setup import load_templates
from tests.elasticsearch_node import Interrupts, node_url

CORES = 2
PREFIX = f"vconf-benchmark-{os.getpid()}"
PIECE = 2000
WARM_UP = 3
# A node as in real life, not one that has to start quickly: its own compilers, more memory than the tests' has, a disk.
JAVA_OPTIONS = patch("tests.elasticsearch_node.JAVA_OPTIONS", "-Xms1g -Xmx1g")
ON_DISK = patch("tests.elasticsearch_node.folder_in_memory", lambda: None)


def main(calls: int, rounds: int) -> None:
    """Measure and print."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with JAVA_OPTIONS, ON_DISK, TemporaryDirectory() as folder, Interrupts() as interrupts, node_url(interrupts) as url:
        made = material(Path(folder), calls, url, PREFIX)
        ours = list(documents(made))
        with elasticsearch.Elasticsearch(url, request_timeout=loads.PATIENCE_S) as admin:
            load_templates(made.place.common, made.place.clock)
            try:
                result = {"documents": len(ours), "version": _version(admin)}
                result |= {"rounds": list(_rounds(made, ours, admin, url, rounds)), "bytes": _disk(admin, ours)}
            finally:
                _tidy(admin)
    print(json.dumps(result))


def _version(admin: elasticsearch.Elasticsearch) -> str:
    """From the nodes: the minimal distribution answers nothing at its root."""
    nodes = admin.nodes.info(filter_path="nodes.*.version")["nodes"]
    return ", ".join(sorted({str(each["version"]) for each in nodes.values()}))


def _rounds(
    made: Material, ours: list[Encoded], admin: elasticsearch.Elasticsearch, url: str, rounds: int
) -> Iterator[dict[str, dict[str, float]]]:
    """Each load into no index yet; some come before that do not count, since a new node is slow."""
    script = Usual(ours)
    cases: dict[str, Callable[[], None]] = {
        "usual": lambda: loads.usual(script, made.answers, url),
        "load": lambda: loads.load(made, loads.index(made), len(ours)),
    }
    for _ in range(WARM_UP):
        _empty(admin)
        cases["load"]()
    for _ in range(rounds):
        taken = {}
        for name, case in cases.items():
            _empty(admin)
            taken[name] = _measured(case, admin)
        yield taken


def _measured(case: Callable[[], None], admin: elasticsearch.Elasticsearch) -> dict[str, float]:
    """Seconds on the wall, and CPU seconds of us, the node and everybody else."""
    everybody, node, own, began = _machine_cpu(), _node_cpu(admin), time.process_time(), time.perf_counter()
    case()
    wall, own = time.perf_counter() - began, time.process_time() - own
    node = _node_cpu(admin) - node
    others = max(0.0, _machine_cpu() - everybody - own - node)
    return {"wall": wall, "own": own, "node": node, "others": others}


def _node_cpu(admin: elasticsearch.Elasticsearch) -> float:
    nodes = admin.nodes.stats(metric="process", filter_path="nodes.*.process.cpu.total_in_millis")["nodes"]
    return sum(float(each["process"]["cpu"]["total_in_millis"]) for each in nodes.values()) / 1000


def _machine_cpu() -> float:
    """CPU seconds of everything on this machine since it started, 0 where the system does not tell."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, irq, softirq, steal, *_ = map(int, stat.read_text().split("\n")[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _disk(admin: elasticsearch.Elasticsearch, ours: list[Encoded]) -> dict[str, float]:
    """Bytes of a sample on the disk after a merge: as it was loaded, and put in one by one with our ids and with none.

    The latter two in the same order, which the two threads of a load do not keep: that costs a few per cent.
    """
    samples = [each for each in ours if each.type == "sample"]
    (loaded,) = {each.index for each in samples}
    own, automatic = f"{PREFIX}-samples-own-ids", f"{PREFIX}-samples-automatic-ids"
    _put(admin, own, [({"_id": each.id}, each.source) for each in samples])
    _put(admin, automatic, [({}, each.source) for each in samples])
    names = {"loaded": loaded, "own": own, "automatic": automatic}
    return {name: _merged(admin, index, len(samples)) for name, index in names.items()}


def _put(admin: elasticsearch.Elasticsearch, index: str, documents: list[tuple[dict[str, str], bytes]]) -> None:
    for start in range(0, len(documents), PIECE):
        lines: list[Any] = []
        for action, source in documents[start : start + PIECE]:
            lines += [{"index": action}, source]
        answer = admin.bulk(index=index, operations=lines, filter_path="errors")
        assert not answer["errors"]


def _merged(admin: elasticsearch.Elasticsearch, index: str, number: int) -> float:
    admin.indices.forcemerge(index=index, max_num_segments=1)
    admin.indices.refresh(index=index)
    stats = admin.indices.stats(index=index, metric="store,docs")["indices"][index]["primaries"]
    assert stats["docs"] == {**stats["docs"], "count": number, "deleted": 0}, stats
    return float(stats["store"]["size_in_bytes"]) / number


def _empty(admin: elasticsearch.Elasticsearch) -> None:
    """Delete our indices."""
    if names := list(admin.indices.get(index=f"{PREFIX}-*", filter_path="*.aliases").body):
        admin.indices.delete(index=names)


def _tidy(admin: elasticsearch.Elasticsearch) -> None:
    """Leave nothing on a node that is not ours."""
    _empty(admin)
    for each in admin.indices.get_index_template(name=f"{PREFIX}-*")["index_templates"]:
        admin.indices.delete_index_template(name=each["name"])
    for each in admin.cluster.get_component_template(name=f"{PREFIX}@*")["component_templates"]:
        admin.cluster.delete_component_template(name=each["name"])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
