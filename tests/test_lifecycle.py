"""The index lifecycle policy of `setup templates`: put where the cluster knows such, and left alone from then on.

The engine of the tests knows none. So a stand-in before it keeps policies as Elasticsearch documents it, and takes from
templates the setting that the engine behind it refuses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from harvesters.core.lifecycle import policy
from harvesters.sandbox import Request, Response
from tests.node_door import PRODUCT, Door
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = "/_ilm/policy"


@dataclass
class WithLifecycles(Door):
    """A node that knows index lifecycles; `forbids`: methods for which our user lacks the right."""

    forbids: tuple[str, ...] = ()
    policies: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)

    def _answer(self, request: Request) -> Response:
        path, _, name = request.path.partition("?")[0].partition(f"{POLICY}/")
        if path == POLICY or name:
            return self._of_policies(request, name)
        if request.method == "PUT" and path.startswith("/_component_template/"):
            body = json.loads(request.body)
            if lifecycle := body["template"].get("settings", {}).pop("lifecycle", None):
                self.named[path.rpartition("/")[2].replace("%40", "@")] = lifecycle
            return self._forwarded(request, json.dumps(body).encode())
        return super()._answer(request)

    def _of_policies(self, request: Request, name: str) -> Response:
        if request.method in self.forbids:
            error = {"type": "security_exception", "reason": "action is unauthorized"}
            return Response(403, PRODUCT, json.dumps({"error": error, "status": 403}).encode())
        if request.method == "PUT":
            self.policies[name] = json.loads(request.body)
            return Response(200, PRODUCT, b'{"acknowledged":true}')
        return Response(200, PRODUCT, json.dumps(self.policies).encode())


@pytest.fixture
def shell(tmp_path: Path, es_url: str, prefix: str) -> Shell:
    return Shell(tmp_path, {"ES_HOST": es_url, "INDEX_PREFIX": prefix})


@pytest.fixture
def node(es_url: str, shell: Shell) -> Iterator[WithLifecycles]:
    door = WithLifecycles(es_url)
    with door.serve() as server:
        shell.env["ES_HOST"] = server.url
        yield door


def test_a_cluster_that_knows_none_gets_none_and_says_so(shell: Shell, es: Elasticsearch, prefix: str) -> None:
    looked = shell("setup", "templates", "--diff")
    done = shell("setup", "templates")
    assert (looked.code, done.code) == (0, 0), looked.err + done.err
    assert looked.out.splitlines()[0] == f"policy {prefix}-samples: the cluster knows no index lifecycle"
    assert "knows no index lifecycle (ILM), so none is set up; nothing needs it." in done.err
    settings = es.cluster.get_component_template(name=f"{prefix}@samples")["component_templates"][0]
    assert settings["component_template"]["template"]["settings"] == {"index": {"codec": "best_compression"}}


def test_the_engine_refuses_a_template_that_names_a_policy_it_cannot_know(es: Elasticsearch, prefix: str) -> None:
    """Or the look before would be for nothing."""
    with pytest.raises(BadRequestError, match=r"unknown setting \[index\.lifecycle\.name\]"):
        es.cluster.put_component_template(
            name=f"{prefix}@samples", template={"settings": {"lifecycle": {"name": f"{prefix}-samples"}}}
        )


def test_a_policy_is_put_and_named_by_the_template_of_measurements_alone(
    shell: Shell, node: WithLifecycles, prefix: str
) -> None:
    name = f"{prefix}-samples"
    looked = shell("setup", "templates", "--diff")
    assert (looked.code, looked.out.splitlines()[0]) == (0, f"policy {name}: new")
    assert node.policies == {}
    done = shell("setup", "templates")
    assert done.code == 0, done.err
    assert f"index lifecycle policy {name} loaded." in done.err
    assert node.policies == {name: {"policy": policy()}}
    assert node.named == {f"{prefix}@samples": {"name": name}}


def test_one_that_is_there_is_the_operators(shell: Shell, node: WithLifecycles, prefix: str) -> None:
    name, mine = (
        f"{prefix}-samples",
        {"policy": {"phases": {"delete": {"min_age": "1000d", "actions": {"delete": {}}}}}},
    )
    node.policies[name] = mine
    assert shell("setup", "templates", "--diff").out.startswith(f"policy {name}: is there, and stays as it is\n")
    done = shell("setup", "templates")
    assert (done.code, f"index lifecycle policy {name} is there, and stays as it is." in done.err) == (0, True)
    assert node.policies == {name: mine}
    assert node.named == {f"{prefix}@samples": {"name": name}}


@pytest.mark.parametrize("forbids", [("GET", "PUT"), ("PUT",)])
def test_without_the_right_the_rest_is_done_and_it_is_said(
    shell: Shell, node: WithLifecycles, es: Elasticsearch, prefix: str, forbids: tuple[str, ...]
) -> None:
    node.forbids = forbids
    done = shell("setup", "templates")
    assert done.code == 0, done.err
    assert "index lifecycle: our user may not set it up (right 'manage_ilm', see README, rights)" in done.err
    assert (node.policies, node.named) == ({}, {})
    assert es.indices.exists_index_template(name=f"{prefix}-samples")


def test_the_policy_deletes_nothing_and_merges_nothing_by_force() -> None:
    """The latter would block writing, and on several nodes give the index another name."""
    actions = {name for phase in policy()["phases"].values() for name in phase["actions"]}
    assert actions == {"set_priority"}
