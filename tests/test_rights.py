"""What the rights in the README allow and refuse, on a real Elasticsearch with security.

The roles are the README's own words. A role that may do more is one line in `ROLES`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from harvesters.core.errors import DestinationError
from harvesters.stack.distribution import NEWEST
from harvesters.stack.file_users import Account
from tests.conftest import own_server, remove_all
from tests.elasticsearch_accounts import ADMIN
from tests.nights import Night
from tests.nights import vendor as opentok
from tests.node_door import Hit, stored
from tests.odd_days import WEDNESDAY, after, calls, four_weeks, harvest, harvested
from tests.opentok_client import DAY as DATE
from tests.opentok_client import NOW
from tests.opentok_faults import UNLIMITED
from tests.shell import PROJECT, Done, Shell, tree, vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREFIX = "vconf"
DAY = ("opentok", "--date", "2026-11-18", "--report", "report.json")
WRONG = "a-password-that-nobody-has-4b1d"
# Of each of the three calls of five minutes: two people, each with a stream sent and one received, which are
# measured every 30 s while they last; the first seconds are lost to joining, so 9 times.
DOCUMENTS = {"conference": 3, "participant": 3 * 2, "stream": 3 * 4, "sample": 3 * 4 * 9}


def rights() -> str:
    """The README's section about them."""
    found = re.search(
        r"^## Rights in Elasticsearch\n(.*?)^## ", (PROJECT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert found
    return found[1]


def nightly_role(*more: str) -> str:
    """The role of the nightly run as it stands there, with some privileges more on the same indices."""
    found = re.search(r"^```yaml\n(.*?)^```", rights(), re.DOTALL | re.MULTILINE)
    assert found
    role, places = re.subn(r"privileges: \[", "".join(["privileges: [", *(f"{each}, " for each in more)]), found[1])
    assert places == 1
    return role


def setup_role() -> str:
    """The rights that `setup templates` needs besides, as a role."""
    found = re.search(r"`setup templates` needs .*?\(`(\w+)`,\s+and\s+`(\w+)`\s+on\s+`(\S+)`", rights(), re.DOTALL)
    assert found
    return f'cluster: [{found[1]}]\nindices:\n  - names: ["{found[3]}"]\n    privileges: [{found[2]}]\n'


ROLES: dict[str, Callable[[], str]] = {
    "nightly": nightly_role,
    "nightly-delete": lambda: nightly_role("delete"),
    "nightly-prune": lambda: nightly_role("delete", "delete_index"),
    "setup": setup_role,
    "setup-new": lambda: setup_role().split("indices:")[0],
}
NIGHTLY = ("nightly", "nightly-delete")


@pytest.fixture(scope="module")
def accounts() -> dict[str, Account]:
    return {name: Account(name, f"password of {name}", role()) for name, role in ROLES.items()}


@pytest.fixture(scope="module")
def node(accounts: dict[str, Account]) -> Iterator[str]:
    with own_server(NEWEST, list(accounts.values())) as url:
        yield url


@pytest.fixture
def admin(node: str) -> Iterator[Elasticsearch]:
    """Somebody who may do everything, and leaves nothing behind."""
    with Elasticsearch(node, basic_auth=(ADMIN.name, ADMIN.password)) as client:
        yield client
        for prefix in (PREFIX, "other"):
            remove_all(client, prefix)


@pytest.fixture
def shell(node: str, admin: Elasticsearch, tmp_path: Path) -> Shell:
    assert not admin.indices.get_alias(index=f"{PREFIX}-*")
    return Shell(tmp_path, {"ES_HOST": node})


@pytest.fixture
def login(accounts: dict[str, Account]) -> Callable[[str], dict[str, str]]:
    """The settings of an account."""
    return lambda name: {"ES_USER": name, "ES_PASSWORD": accounts[name].password}


@pytest.fixture
def prepared(node: str, accounts: dict[str, Account], shell: Shell) -> Shell:
    """The templates are loaded by who may."""
    more = {"ES_USER": "setup", "ES_PASSWORD": accounts["setup"].password}
    assert "templates loaded" in Night(shell.folder, NOW, es_url=node, more=more).setup()[0]
    return shell


@pytest.fixture
def client(node: str, accounts: dict[str, Account]) -> Iterator[Callable[[str], Elasticsearch]]:
    """The official client of an account."""
    made = {name: Elasticsearch(node, basic_auth=(name, each.password)) for name, each in accounts.items()}
    yield made.__getitem__
    for each in made.values():
        each.close()


def slice_of(shell: Shell) -> dict[str, Any]:
    """The report's one slice."""
    (found,) = json.loads((shell.folder / "report.json").read_text())["slices"]
    assert isinstance(found, dict)
    return found


def loaded(admin: Elasticsearch, node: str) -> dict[str, Hit]:
    """The documents of calls that the node holds."""
    return stored(admin, node.replace("//", f"//{ADMIN.name}:{ADMIN.password}@"), PREFIX)


def kinds(hits: dict[str, Hit]) -> Counter[str]:
    return Counter(hit.document["vconf"]["type"] for hit in hits.values())


# -- what doctor says of it -------------------------------------------------------------------------------

ENOUGH = ("ok", "our user has the rights of a nightly run")
NO_DELETE = ("warn", "our user may not delete: what a call no longer has stays, and is named")
LACKING = "refuses our user a right that it needs on vconf-* (see README, rights)"


@pytest.mark.parametrize(
    ("name", "expected"), [("nightly", [ENOUGH, NO_DELETE]), ("nightly-delete", [ENOUGH]), ("setup", [])]
)
def test_doctor_tells_what_our_user_may(
    prepared: Shell, admin: Elasticsearch, login: Callable[[str], dict[str, str]], name: str,
    expected: list[tuple[str, str]],
) -> None:  # fmt: skip
    before = set(admin.indices.get_alias(index=f"{PREFIX}-*"))
    done = prepared("doctor", "--json", **login(name))
    found = [each for each in json.loads(done.out)["checks"] if each["about"] == "elasticsearch"]
    told = [(each["level"], each["said"]) for each in found]
    assert [each for each in told if each in {ENOUGH, NO_DELETE}] == expected
    failed = [each["said"] for each in found if each["level"] == "fail"]
    # Who may load templates may not look at the cluster, which a nightly run must.
    assert len(failed) == (name == "setup")
    assert all(each.endswith(LACKING) for each in failed)
    assert set(admin.indices.get_alias(index=f"{PREFIX}-*")) == before


def test_doctor_names_a_password_that_is_wrong(prepared: Shell) -> None:
    done = prepared("doctor", "--json", ES_USER="nightly", ES_PASSWORD=WRONG)
    found = [each for each in json.loads(done.out)["checks"] if each["about"] == "elasticsearch"]
    assert [each["level"] for each in found] == ["fail"]
    assert "refuses the login: check ES_API_KEY, or ES_USER and ES_PASSWORD" in found[0]["said"]
    assert WRONG not in done.out + done.err


# -- what is allowed --------------------------------------------------------------------------------------


def test_with_the_documented_rights_a_day_is_harvested_noted_and_mended_where_the_counts_differ(
    prepared: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch, node: str
) -> None:
    with vendor(prepared):
        done = prepared(*DAY, **login("nightly"))
        once, hits = slice_of(prepared), loaded(admin, node)
        admin.indices.delete(index="vconf-samples-2026.11")
        again = prepared(*DAY, **login("nightly"))

    assert (done.code, again.code) == (0, 0), done.err + again.err
    assert (once["state"], once["warnings"]) == ("complete", [])
    assert {kind: each["created"] for kind, each in once["destinations"]["index"].items()} == DOCUMENTS
    assert kinds(hits) == kinds(loaded(admin, node)) == DOCUMENTS
    # Made from the templates, not from what came.
    assert admin.indices.exists_alias(name="vconf-samples", index="vconf-samples-2026.11")
    mapping = admin.indices.get_mapping(index="vconf-samples-2026.11")["vconf-samples-2026.11"]["mappings"]
    assert mapping["dynamic"] == "false"
    admin.indices.refresh(index="vconf-runs")
    assert admin.count(index="vconf-runs", query={"term": {"vconf.type": "run"}})["count"] == 2


@pytest.mark.parametrize("role", NIGHTLY)
def test_what_a_call_no_longer_has_is_removed_with_the_right_to_delete_and_named_without_it(
    prepared: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch, node: str, role: str
) -> None:
    gone = role == "nightly-delete"
    with vendor(prepared) as server:
        night = Night(prepared.data, NOW, server.url, node, more=login(role))
        assert night.harvest(DATE, into=["index"]).exit_code == 0
    sample = next(hit for hit in loaded(admin, node).values() if hit.document["vconf"]["type"] == "sample")
    older = sample.document
    older["vconf"]["harvest"]["fetched_at"] = "2026-11-19T08:00:00.000Z"
    admin.index(index=sample.index, id="of-an-older-answer", document=older)

    other = night.later(more={**login(role), "OPENTOK_BITRATE_UNIT": "kbit"})
    looked = other.replay(DATE, into=["index"], dry_run=True, diff=True).only.diffs["index"]
    ran = other.later().replay(DATE, into=["index"])

    assert [(each.type, each.id) for each in looked.named["gone"]] == [("sample", "of-an-older-answer")]
    assert {type_: found["changed"] for type_, found in looked.types.items() if found["changed"]} == DOCUMENTS
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    assert kinds(loaded(admin, node)) == {**DOCUMENTS, "sample": DOCUMENTS["sample"] + (not gone), "issue": 5}
    assert any("our user may not delete" in each for each in ran.only.warnings) is not gone


@pytest.mark.parametrize("role", NIGHTLY)
def test_what_is_odd_is_written_with_every_role_and_removed_with_the_right_to_delete(
    prepared: Shell,
    login: Callable[[str], dict[str, str]],
    admin: Elasticsearch,
    role: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def left() -> int:
        admin.indices.refresh(index="vconf-issues-*")
        return int(admin.count(index="vconf-issues-*", query={"term": {"vconf.issue.source": "anomaly"}})["count"])

    weeks = four_weeks()
    with opentok(weeks, after(WEDNESDAY), rules=UNLIMITED) as served:
        night = harvested(
            served, Night(prepared.data, after(WEDNESDAY), served.url, prepared.env["ES_HOST"], more=login(role))
        )
        harvest(served, night, WEDNESDAY, into=["index"])
        assert left() == 1
        weeks |= calls(WEDNESDAY)
        (late,) = harvest(served, night, WEDNESDAY, into=["index"], again=True)
    gone = role == "nightly-delete"
    assert (late.state, late.anomalies, left()) == ("complete", [], int(not gone))
    assert ("does not delete what is odd no longer (status 403; see README, rights)" in caplog.text) is not gone


def test_the_setups_rights_add_new_fields_to_existing_indices(
    shell: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch
) -> None:
    admin.indices.create(index="vconf-samples-2026.11", mappings={"dynamic": False, "properties": {}})

    first, second = (shell("setup", "templates", **login("setup")) for _ in range(2))

    assert first.code == second.code == 0, first.err + second.err
    assert "vconf-samples-2026.11: new fields added." in first.err
    assert "new fields" not in second.err
    fields = admin.indices.get_mapping(index="vconf-samples-2026.11")["vconf-samples-2026.11"]["mappings"]
    assert fields["properties"]["@timestamp"] == {"type": "date"}


PRUNE = ("prune", "index", "--older-than", "1d", "--yes")
MARCH = "2027-03-01T08:00:00Z"


def test_an_index_is_pruned_with_the_right_to_delete_and_whole_ones_go_with_that_to_delete_indices(
    prepared: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch, node: str
) -> None:
    with vendor(prepared):
        assert prepared(*DAY, **login("nightly")).code == 0
    indices = set(admin.indices.get_alias(index=f"{PREFIX}-*"))
    files = tree(prepared.data)
    refused = prepared(*PRUNE, VCONF_NOW=MARCH, **login("nightly"))
    assert tree(prepared.data) == files
    there = kinds(loaded(admin, node))
    looked = prepared(*PRUNE[:-1], VCONF_NOW=MARCH, **login("nightly"))
    deleted = prepared(*PRUNE, VCONF_NOW=MARCH, **login("nightly-delete"))
    left = kinds(loaded(admin, node))

    assert (refused.code, refused.out) == (1, "")
    assert "does not let our user delete documents of vconf-*: give it the right 'delete' there" in refused.err
    assert there == DOCUMENTS
    assert (looked.code, deleted.code, left) == (0, 0, {}), looked.err + deleted.err
    assert f"removed from the index: {sum(DOCUMENTS.values()) + 2} documents" in deleted.err
    assert set(admin.indices.get_alias(index=f"{PREFIX}-*")) == indices

    named = prepared("replay", "opentok", "--date", "2026-11-18", **login("nightly"))
    dropped = prepared(*PRUNE, VCONF_NOW=MARCH, **login("nightly-prune"))
    assert (named.code, dropped.code) == (0, 0), named.err + dropped.err
    assert set(admin.indices.get_alias(index=f"{PREFIX}-*")) == {f"{PREFIX}-runs"}


# -- what is refused --------------------------------------------------------------------------------------


REFUSED: dict[str, Callable[[Elasticsearch], object]] = {
    "an index template": lambda es: es.indices.put_index_template(name="vconf-mine", index_patterns=["vconf-mine-*"]),
    "a component template": lambda es: es.cluster.put_component_template(name="vconf@custom", template={}),
    "deleting an index": lambda es: es.indices.delete(index="vconf-kept-2026"),
    "deleting a template": lambda es: es.indices.delete_index_template(name="vconf-kept"),
    "changing settings": lambda es: es.indices.put_settings(index="vconf-kept-2026", settings={"refresh_interval": -1}),
    "another index": lambda es: es.index(index="other-2026", document={"a": 1}),
    "making another index": lambda es: es.indices.create(index="other-2026"),
    "reading another index": lambda es: es.search(index="other-there"),
}


@pytest.fixture
def kept(admin: Elasticsearch) -> None:
    """Something of ours and something of others."""
    admin.indices.put_index_template(name="vconf-kept", index_patterns=["vconf-kept-*"])
    admin.index(index="vconf-kept-2026", id="1", document={"a": 1}, refresh=True)
    admin.indices.create(index="other-there")


def is_refused(action: Callable[[Elasticsearch], object], client: Elasticsearch) -> bool:
    try:
        action(client)
    except AuthorizationException:
        return True
    return False


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("role", NIGHTLY)
def test_the_nightly_rights_do_not_reach_further(client: Callable[[str], Elasticsearch], role: str) -> None:
    assert {what: is_refused(action, client(role)) for what, action in REFUSED.items()} == dict.fromkeys(REFUSED, True)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("role", "status"), [("nightly", 403), ("nightly-delete", 200)])
def test_a_document_is_deleted_by_who_has_the_right_alone(
    client: Callable[[str], Elasticsearch], admin: Elasticsearch, role: str, status: int
) -> None:
    answer = client(role).bulk(operations=[{"delete": {"_index": "vconf-kept-2026", "_id": "1"}}])

    assert answer["items"][0]["delete"]["status"] == status
    assert bool(admin.exists(index="vconf-kept-2026", id="1")) is (status == 403)


def test_the_setup_with_the_nightly_rights_is_a_sentence(
    shell: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch
) -> None:
    done = shell("setup", "templates", **login("nightly"))

    assert (done.code, done.out) == (1, "")
    assert re.search(r"refuses our user a right that it needs on vconf-\*", done.err)
    assert len(done.err.splitlines()) == 1
    assert not admin.indices.exists_index_template(name="vconf-samples")


def test_without_the_right_to_manage_the_setup_cannot_add_fields(
    shell: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch, node: str
) -> None:
    admin.indices.create(index="vconf-samples-2026.11", mappings={"dynamic": False, "properties": {}})

    with pytest.raises(DestinationError, match=r"refuses our user a right that it needs on vconf-\*"):
        Night(shell.data, NOW, es_url=node, more=login("setup-new")).setup()


def test_another_prefix_than_that_of_the_role_is_refused_and_the_day_archived(
    shell: Shell, login: Callable[[str], dict[str, str]], admin: Elasticsearch, node: str
) -> None:
    whole = {"ES_USER": ADMIN.name, "ES_PASSWORD": ADMIN.password}
    other = Night(shell.data, NOW, es_url=node, prefix="other", more=whole)
    other.setup()
    with vendor(shell):
        refused = shell(*DAY, INDEX_PREFIX="other", **login("nightly"))

    assert refused.code == 1
    assert re.search(r"refuses our user (the right to write to|a right that it needs on) other-\*", refused.err)
    assert "Traceback" not in refused.err
    assert not admin.indices.get_alias(index="other-*")
    # The vendor is gone by now: what was refused was archived.
    assert other.replay(into=["index"]).counts()["created"] == sum(DOCUMENTS.values())


# -- a wrong password -------------------------------------------------------------------------------------


def assert_untold(shell: Shell, done: Done) -> None:
    """The login was refused with a sentence; the password is not in it, nor in any file."""
    assert (done.code, done.out) == (1, "")
    assert "refuses the login: check ES_API_KEY, or ES_USER and ES_PASSWORD." in done.err
    assert "Traceback" not in done.err
    told = b"\n".join([done.err.encode(), *tree(shell.folder).values()])
    for secret in (WRONG.encode(), b64encode(f"nightly:{WRONG}".encode())):
        assert secret not in told


def test_a_wrong_password_is_a_sentence_for_the_setup(shell: Shell) -> None:
    assert_untold(shell, shell("setup", "templates", "-vv", ES_USER="nightly", ES_PASSWORD=WRONG))


def test_a_wrong_password_is_a_sentence_for_a_run_and_the_right_one_loads_what_was_archived(
    prepared: Shell, accounts: dict[str, Account], admin: Elasticsearch, node: str
) -> None:
    with vendor(prepared):
        done = prepared(*DAY, "-vv", ES_USER="nightly", ES_PASSWORD=WRONG)
        nothing = loaded(admin, node)
    # The vendor is gone by now.
    right = {"ES_USER": "nightly", "ES_PASSWORD": accounts["nightly"].password}
    later = Night(prepared.data, NOW, es_url=node, more=right).replay(into=["index"])

    assert_untold(prepared, done)
    assert nothing == {}
    assert later.exit_code == 0
    assert kinds(loaded(admin, node)) == DOCUMENTS
