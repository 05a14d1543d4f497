"""`setup dashboards` and `setup all`, against a simulated Kibana over HTTP, as their user types them."""

from __future__ import annotations

import json
import re
import ssl
from typing import TYPE_CHECKING

import pytest

from harvesters.core.common_settings import kibana_host, kibana_space
from harvesters.dashboards.changes import differences
from harvesters.dashboards.shipped import shipped
from harvesters.sandbox.server import Request, Response, Server
from tests.authority import Authority
from tests.kibana_server import FakeKibana, Json, serve
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from elasticsearch import Elasticsearch

KEY, PASSWORD = "a2liYW5hOmFwaS1rZXktb2YtdGhlLXRlc3Rz", "correct-horse-battery-staple"
NUMBER = len(shipped("vconf"))
GONE = "127.0.0.1:9"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def edited(kibana: FakeKibana, key: str, change: Callable[[Json], None]) -> None:
    """As somebody would in Kibana."""
    change(kibana.objects["dashboard", f"vconf-{key}"])


# -- it works ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["8.8.0", "8.19.4", "9.0.0", "9.4.1", "9.5.2", "9.6.0-SNAPSHOT"])
def test_everything_is_there_afterwards(shell: Shell, number: str) -> None:
    kibana = FakeKibana(number)
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert (done.code, done.out) == (0, "")
    assert {key: each["attributes"] for key, each in kibana.objects.items() if key[0] != "dashboard"} == {
        (each["type"], each["id"]): each["attributes"] for each in shipped("vconf") if each["type"] != "dashboard"
    }
    assert len(kibana.objects) == NUMBER
    lines = done.err.splitlines()
    assert sum(line.endswith(": new.") for line in lines) == NUMBER
    assert "dashboard vconf-overview (How was the week?): new." in lines
    assert "data view vconf-dv-streams (vconf streams, with the quality of each): new." in lines
    assert lines[-1] == (
        f"{NUMBER} objects loaded into Kibana at 127.0.0.1:{server.url.rpartition(':')[2].strip('/')} ({number}). "
        f"Begin with {server.url.rstrip('/')}/app/dashboards#/view/vconf-overview"
    )


def test_twice_is_once(shell: Shell) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        first = shell("setup", "dashboards", KIBANA_HOST=server.url)
        there = json.dumps(sorted(kibana.objects.items()))
        second = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert (first.code, second.code) == (0, 0)
    assert json.dumps(sorted(kibana.objects.items())) == there
    assert second.err.count(": replaced.") == NUMBER


def test_the_request_is_one_that_kibana_takes(shell: Shell) -> None:
    with serve(FakeKibana()) as server:
        shell("setup", "dashboards", KIBANA_HOST=server.url)
        sent = [(each.method, each.path, each.headers.get("kbn-xsrf")) for each in server.log]

    assert sent == [
        ("GET", "/api/status", "true"),
        ("POST", "/api/saved_objects/_import?overwrite=true", "true"),
    ]


def test_a_base_path_stays(shell: Shell) -> None:
    kibana = FakeKibana(prefix="/kibana")
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=f"{server.url}/")

    assert done.code == 0, done.err
    assert len(kibana.objects) == NUMBER
    assert done.err.splitlines()[-1].endswith("/kibana/app/dashboards#/view/vconf-overview")


def test_another_prefix_has_objects_of_its_own_beside_the_usual_ones(shell: Shell) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        both = [shell("setup", "dashboards", KIBANA_HOST=server.url, INDEX_PREFIX=each) for each in ("vconf", "b")]

    assert [each.code for each in both] == [0, 0]
    assert len(kibana.objects) == 2 * NUMBER
    assert kibana.objects["index-pattern", "b-dv-streams"]["attributes"]["title"] == "b-streams-*"


@pytest.mark.parametrize(
    ("given", "users", "keys"),
    [
        ({"KIBANA_API_KEY": KEY}, {}, (KEY,)),
        ({"KIBANA_USER": "ann", "KIBANA_PASSWORD": PASSWORD}, {"ann": PASSWORD}, ()),
        ({"ES_API_KEY": KEY}, {}, (KEY,)),
        ({"ES_USER": "ann", "ES_PASSWORD": PASSWORD}, {"ann": PASSWORD}, ()),
        # Kibana's own login goes before that of Elasticsearch.
        ({"KIBANA_API_KEY": KEY, "ES_USER": "ann", "ES_PASSWORD": PASSWORD}, {}, (KEY,)),
        ({"ES_API_KEY": "b3RoZXI6a2V5", "KIBANA_USER": "ann", "KIBANA_PASSWORD": PASSWORD}, {"ann": PASSWORD}, ()),
    ],
)
def test_every_login_is_understood(
    shell: Shell, given: dict[str, str], users: dict[str, str], keys: tuple[str, ...]
) -> None:
    kibana = FakeKibana(users=users, keys=keys)
    with serve(kibana) as server:
        done = shell("setup", "dashboards", "-vv", KIBANA_HOST=server.url, **given)

    assert done.code == 0, done.err
    assert KEY not in done.err + done.out
    assert PASSWORD not in done.err + done.out


# -- spaces --------------------------------------------------------------------------------------------


def test_a_space_gets_objects_with_ids_of_its_own(shell: Shell) -> None:
    """Kibana gives an id that is taken in another space away under another name, and links would lead nowhere."""
    kibana = FakeKibana(spaces={"default": {}, "school": {}})
    with serve(kibana) as server:
        usual = shell("setup", "dashboards", KIBANA_HOST=server.url)
        option = shell("setup", "dashboards", "--space", "school", KIBANA_HOST=server.url)
        setting = shell("setup", "dashboards", KIBANA_HOST=server.url, KIBANA_SPACE="school")

    assert [each.code for each in (usual, option, setting)] == [0, 0, 0]
    assert {len(each) for each in kibana.spaces.values()} == {NUMBER}
    assert not set(kibana.spaces["school"]) & set(kibana.objects)
    overview = kibana.spaces["school"]["dashboard", "vconf.school-overview"]
    assert (
        "(#/view/vconf.school-quality)"
        in json.loads(overview["attributes"]["panelsJSON"])[0]["embeddableConfig"]["savedVis"]["params"]["markdown"]
    )
    assert "/s/school/app/dashboards#/view/vconf.school-overview" in option.err


def test_the_default_space_by_its_name_is_kibanas_own(shell: Shell) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        done = shell("setup", "dashboards", "--space", "default", KIBANA_HOST=server.url)

    assert done.code == 0
    assert ("dashboard", "vconf-overview") in kibana.objects


@pytest.mark.parametrize("more", [(), ("--diff",)])
def test_a_space_that_is_not_there_is_not_made(shell: Shell, more: tuple[str, ...]) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        done = shell("setup", "dashboards", "--space", "nowhere", *more, KIBANA_HOST=server.url)

    assert done.code == 78
    assert "has no space 'nowhere': create it there, or correct --space or KIBANA_SPACE." in done.err
    assert set(kibana.spaces) == {"default"}


# -- what can be wrong ---------------------------------------------------------------------------------


def sentence(done_err: str) -> str:
    """The one line of an error."""
    (line,) = done_err.splitlines()
    return line


def test_nothing_is_configured(shell: Shell) -> None:
    done = shell("setup", "dashboards")

    assert done.code == 78
    assert re.match("error: KIBANA_HOST is not set; looked in ", sentence(done.err))


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        ("8.7.1", "update Kibana"),
        ("7.17.20", "update Kibana"),
        ("10.0.0", "look for a newer version of this program"),
    ],
)
def test_a_kibana_that_cannot_read_them_is_left_alone(shell: Shell, number: str, todo: str) -> None:
    kibana = FakeKibana(number)
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 1
    assert f" is {number}; these dashboards are for Kibana 8.8 to 9.x: {todo}." in sentence(done.err)
    assert kibana.objects == {}
    assert [each.path for each in server.log] == ["/api/status"]


def test_a_kibana_that_keeps_its_version_to_itself_is_tried(shell: Shell) -> None:
    kibana = FakeKibana(users={"ann": PASSWORD}, tells=())
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url, KIBANA_USER="ann", KIBANA_PASSWORD=PASSWORD)

    assert done.code == 0
    assert "which does not tell its version" in done.err


@pytest.mark.parametrize("level", ["unavailable", "critical"])
def test_a_kibana_that_is_not_ready_is_tried_later(shell: Shell, level: str) -> None:
    kibana = FakeKibana(level=level)
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 75
    assert "is not ready yet: try again in a minute." in sentence(done.err)
    assert kibana.objects == {}


def test_a_degraded_kibana_is_used(shell: Shell) -> None:
    with serve(FakeKibana(level="degraded")) as server:
        assert shell("setup", "dashboards", KIBANA_HOST=server.url).code == 0


@pytest.mark.parametrize("given", [{}, {"KIBANA_USER": "ann", "KIBANA_PASSWORD": "wrong"}, {"KIBANA_API_KEY": "wrong"}])
def test_a_login_that_is_refused(shell: Shell, given: dict[str, str]) -> None:
    with serve(FakeKibana(users={"ann": PASSWORD})) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url, **given)

    assert done.code == 77
    assert "refuses the login: check KIBANA_API_KEY, or KIBANA_USER and KIBANA_PASSWORD" in sentence(done.err)


def test_a_user_without_the_right(shell: Shell) -> None:
    kibana = FakeKibana(users={"bob": PASSWORD}, may_import=("ann",))
    with serve(kibana) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url, KIBANA_USER="bob", KIBANA_PASSWORD=PASSWORD)

    assert done.code == 77
    assert "refuses our user a right that it needs (Saved Objects Management, " in sentence(done.err)
    assert kibana.objects == {}


def page(_request: Request) -> Response:
    return Response(200, {"content-type": "text/html"}, b"<html>Welcome to nginx</html>")


def no_page(_request: Request) -> Response:
    return Response(404, {"content-type": "text/html"}, b"<html>404</html>")


def elasticsearch(_request: Request) -> Response:
    body = {"error": "no handler found for uri [/api/status] and method [GET]"}
    return Response(400, {"content-type": "application/json"}, json.dumps(body).encode())


def a_list(_request: Request) -> Response:
    return Response(200, {"content-type": "application/json"}, b"[]")


@pytest.mark.parametrize("app", [page, no_page, elasticsearch, a_list])
def test_something_else_at_that_address(shell: Shell, app: Callable[[Request], Response]) -> None:
    with Server(app) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 1
    assert "something answers there, but it is not Kibana: check KIBANA_HOST." in sentence(done.err)


def test_nobody_there(shell: Shell) -> None:
    done = shell("setup", "dashboards", "--kibana-host", GONE)

    assert done.code == 1
    assert "Kibana at 127.0.0.1:9 cannot be reached: the connection failed" in sentence(done.err)


def test_no_tls_there(shell: Shell) -> None:
    with serve(FakeKibana()) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url.replace("http://", "https://"))

    assert done.code == 1
    assert "cannot be reached: it does not speak https." in sentence(done.err)


@pytest.mark.parametrize("setting", ["KIBANA_CA_FILE", "ES_CA_FILE"])
def test_a_certificate_of_ones_own(shell: Shell, setting: str) -> None:
    authority = Authority(shell.folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.signed("kibana"))
    kibana = FakeKibana(keys=(KEY,))
    with serve(kibana) as server:
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
        given = {"KIBANA_HOST": server.url.replace("http://", "https://"), "KIBANA_API_KEY": KEY}
        refused = shell("setup", "dashboards", **given)
        asked = len(server.log)
        trusted = shell("setup", "dashboards", **given, **{setting: str(authority.file)})

    assert (refused.code, asked) == (1, 0)
    assert "cannot be reached: the certificate is not trusted" in sentence(refused.err)
    assert "KIBANA_CA_FILE" in refused.err
    assert trusted.code == 0, trusted.err
    assert len(kibana.objects) == NUMBER


def test_a_redirect_gets_no_login(shell: Shell) -> None:
    kibana = FakeKibana(users={"ann": PASSWORD})
    with serve(kibana) as other:

        def elsewhere(_request: Request) -> Response:
            return Response(302, {"location": f"{other.url}api/status"})

        with Server(elsewhere) as server:
            login = {"KIBANA_USER": "ann", "KIBANA_PASSWORD": PASSWORD}
            done = shell("setup", "dashboards", KIBANA_HOST=server.url, **login)

    assert done.code == 1
    assert "redirects to 127.0.0.1" in sentence(done.err)
    assert other.log == []


def test_a_login_does_not_travel_open(shell: Shell) -> None:
    done = shell("setup", "dashboards", KIBANA_HOST="http://kibana.test:5601", KIBANA_API_KEY=KEY)

    assert done.code == 78
    assert sentence(done.err) == (
        "error: KIBANA_HOST: http://kibana.test:5601 would carry the login where others can read it: use https://."
    )


def test_half_a_login_is_named(shell: Shell) -> None:
    done = shell("setup", "dashboards", KIBANA_HOST=GONE, KIBANA_USER="ann")

    assert done.code == 78
    assert "KIBANA_USER is set but KIBANA_PASSWORD (or KIBANA_PASSWORD_FILE) is not." in done.err


def test_a_file_that_is_refused_as_a_whole(shell: Shell) -> None:
    """As by a Kibana older than it says: status 422, for a document that is too new."""
    kibana = FakeKibana()

    def odd(request: Request) -> Response:
        if "_import" not in request.path:
            return kibana(request)
        body = {"statusCode": 422, "error": "Unprocessable Entity", "message": 'Document "x" belongs to a newer one.'}
        return Response(422, {"content-type": "application/json"}, json.dumps(body).encode())

    with Server(odd) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 1
    assert 'answers with status 422: Document "x" belongs to a newer one.' in sentence(done.err)


# -- an import that fails with status 200 --------------------------------------------------------------


def test_some_objects_fail(shell: Shell) -> None:
    with serve(FakeKibana(broken=("vconf-usage",))) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 3
    assert "error: dashboard vconf-usage (Who uses it, how much, when?): it broke." in done.err
    assert done.err.count(": new.") == NUMBER - 1


def test_a_missing_reference_spoils_all(shell: Shell) -> None:
    kibana = FakeKibana()
    lost = {"type": "missing_references", "references": [{"type": "index-pattern", "id": "vconf-dv-streams"}]}

    def odd(request: Request) -> Response:
        if "_import" not in request.path:
            return kibana(request)
        error = {"type": "dashboard", "id": "vconf-quality", "title": "", "error": lost}
        body = {"success": False, "successCount": NUMBER - 1, "errors": [error], "successResults": []}
        return Response(200, {"content-type": "application/json"}, json.dumps(body).encode())

    with Server(odd) as server:
        done = shell("setup", "dashboards", KIBANA_HOST=server.url)

    assert done.code == 1
    lines = done.err.splitlines()
    assert lines[0].endswith(": it refers to what is not there: index-pattern vconf-dv-streams.")
    assert f"wrote none of the {NUMBER} objects" in lines[1]
    assert len(lines) == 2


# -- what would change ---------------------------------------------------------------------------------


def test_before_the_first_time_all_is_new(shell: Shell) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        done = shell("setup", "dashboards", "--diff", KIBANA_HOST=server.url)

    assert (done.code, done.err) == (0, "")
    assert [line.rpartition(": ")[2] for line in done.out.splitlines()] == ["new"] * NUMBER
    assert kibana.objects == {}


def test_what_kibana_made_of_it_is_no_change(shell: Shell) -> None:
    """It keeps newer versions, and members of its own."""
    with serve(FakeKibana()) as server:
        shell("setup", "dashboards", KIBANA_HOST=server.url)
        done = shell("setup", "dashboards", "--diff", KIBANA_HOST=server.url)

    assert done.code == 0
    assert [line.rpartition(": ")[2] for line in done.out.splitlines()] == ["the same"] * NUMBER


def rename(dashboard: Json) -> None:
    dashboard["attributes"]["title"] = "Ours"


def move(dashboard: Json) -> None:
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    panels[3]["gridData"]["w"] = 5
    dashboard["attributes"]["panelsJSON"] = json.dumps(panels)


def remove(dashboard: Json) -> None:
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    dashboard["attributes"]["panelsJSON"] = json.dumps(panels[:-1])


def recount(dashboard: Json) -> None:
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    layers = panels[3]["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]
    layers["data"]["columns"]["conferences"]["operationType"] = "max"
    dashboard["attributes"]["panelsJSON"] = json.dumps(panels)


def another_form(dashboard: Json) -> None:
    del dashboard["attributes"]["panelsJSON"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (rename, "title is other"),
        (move, "place of how-many-conferences is other"),
        (remove, "panel on-which-days-was-it-poor-and-in-which-account is not there"),
        (recount, "panel how-many-conferences is other"),
        (another_form, "it is stored in a form that cannot be compared"),
    ],
)
def test_what_somebody_changed_is_named(shell: Shell, change: Callable[[Json], None], told: str) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        shell("setup", "dashboards", KIBANA_HOST=server.url)
        edited(kibana, "overview", change)
        before = json.dumps(sorted(kibana.objects.items()))
        done = shell("setup", "dashboards", "--diff", KIBANA_HOST=server.url)

    (line,) = (line for line in done.out.splitlines() if not line.endswith(": the same"))
    assert line.startswith("dashboard vconf-overview (How was the week?): would be replaced: ")
    assert told in line
    assert json.dumps(sorted(kibana.objects.items())) == before


def test_formulas_without_their_parts_are_the_same() -> None:
    """As Kibana from 9.2 on saves them."""
    (wanted,) = (each for each in shipped("vconf") if each["id"] == "vconf-quality")
    there = json.loads(json.dumps(wanted))
    panels = json.loads(there["attributes"]["panelsJSON"])
    for panel in panels:
        state = panel["embeddableConfig"].get("attributes", {}).get("state", {})
        for layer in state.get("datasourceStates", {}).get("formBased", {}).get("layers", {}).values():
            parts = {part for each in layer["columns"].values() for part in each.get("references", ())}
            layer["columns"] = {name: each for name, each in layer["columns"].items() if name not in parts}
            for each in layer["columns"].values():
                each.update({"references": []} if "references" in each else {})
    there["attributes"]["panelsJSON"] = json.dumps(panels)

    assert there != wanted
    assert differences(wanted, there) == []


# -- all of it -----------------------------------------------------------------------------------------


def test_all_is_templates_and_dashboards(shell: Shell, es: Elasticsearch, es_url: str, prefix: str) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        cluster = {"ES_HOST": es_url, "INDEX_PREFIX": prefix, "KIBANA_HOST": server.url}
        before = shell("setup", "all", "--diff", **cluster)
        first, second = (shell("setup", "all", **cluster) for _ in range(2))
        after = shell("setup", "all", "--diff", **cluster)

    assert [each.code for each in (before, first, second, after)] == [0, 0, 0, 0]
    assert len(es.indices.get_index_template(name=f"{prefix}-*")["index_templates"]) == 7
    assert len(kibana.objects) == NUMBER
    assert "templates loaded into" in first.err
    told, told_after = (
        [line.rpartition(": ")[2] for line in each.out.splitlines() if not line.startswith("policy ")]
        for each in (before, after)
    )
    assert set(told) == {"new"}
    assert told_after == ["the same"] * (NUMBER + 16)


def test_all_needs_both_before_it_does_anything(shell: Shell, es: Elasticsearch, es_url: str, prefix: str) -> None:
    done = shell("setup", "all", ES_HOST=es_url, INDEX_PREFIX=prefix)

    assert done.code == 78
    assert "KIBANA_HOST is not set" in done.err
    lenient = es.options(ignore_status=404)
    assert lenient.indices.get_index_template(name=f"{prefix}-*")["index_templates"] == []


def test_templates_that_differ_are_named(shell: Shell, es: Elasticsearch, es_url: str, prefix: str) -> None:
    cluster = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    shell("setup", "templates", **cluster)
    es.indices.create(index=f"{prefix}-streams-2026", mappings={"properties": {"vconf": {"type": "object"}}})
    name = f"{prefix}@streams"
    found = es.cluster.get_component_template(name=name)["component_templates"][0]["component_template"]
    del found["template"]["mappings"]["properties"]["network"]["properties"]["type"]
    es.cluster.put_component_template(name=name, body={"version": 1, "template": found["template"]})
    es.indices.create(index=f"{prefix}-streams-2025")
    done = shell("setup", "templates", "--diff", **cluster)

    assert (done.code, done.err) == (0, "")
    lines = dict(line.split(": ", 1) for line in done.out.splitlines())
    assert "network.type.type" in lines[f"template {name}"]
    assert lines[f"index {prefix}-streams-2025"] == "would get network.type"
    assert lines[f"template {prefix}@samples"] == "the same"
    version = es.cluster.get_component_template(name=name)["component_templates"][0]["component_template"]["version"]
    assert version == 1


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kibana", "http://kibana:5601"),
        ("kibana:80", "http://kibana:80"),
        ("https://kibana.test", "https://kibana.test:443"),
        ("https://kibana.test/base/", "https://kibana.test:443/base"),
        ("[::1]:5601", "http://[::1]:5601"),
    ],
)
def test_an_address_of_kibana(text: str, address: str) -> None:
    assert kibana_host(text) == address


@pytest.mark.parametrize("text", ["ftp://kibana", "http://ann:pw@kibana", "https://kibana?x=1", "a b"])
def test_no_address_of_kibana(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as problem:
        kibana_host(text)
    assert "Elasticsearch" not in str(problem.value)


def test_the_id_of_a_space() -> None:
    assert kibana_space("school_a-1") == "school_a-1"
    for text in ("School", "a/b", "a b"):
        with pytest.raises(ValueError, match="the space's id"):
            kibana_space(text)
