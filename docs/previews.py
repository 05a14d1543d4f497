"""Draws every dashboard with the tests' demo month into build/previews: `make previews`, which starts an Elasticsearch.

The pages are an approximation, made from the same definitions and questions as what Kibana gets.
"""

import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harvesters import all_fields  # noqa: E402
from harvesters.core.fields import by_name  # noqa: E402
from harvesters.dashboards.panels import Names  # noqa: E402
from harvesters.dashboards.preview import Source, page  # noqa: E402
from harvesters.dashboards.question import Search, Window  # noqa: E402
from harvesters.dashboards.shown import DASHBOARDS  # noqa: E402
from tests import demo_month  # noqa: E402
from tests.conftest import own_prefix  # noqa: E402

TARGET = ROOT / "build" / "previews"
MONTH = Window(demo_month.START, demo_month.END)
WEEK = Window(demo_month.END - timedelta(days=8), demo_month.END)
SEVERAL = 4
Json = dict[str, Any]


def choice_of(es: Elasticsearch, prefix: str, key: str) -> Json:
    """What is chosen on a dashboard: a call with several people and troubles, the most frequent person, else all."""
    if key == "call":
        wanted = [{"term": {"vconf.verdict.code": "mixed"}}, {"range": {"vconf.participants.count": {"gte": SEVERAL}}}]
        found = es.search(index=f"{prefix}-conferences", query={"bool": {"filter": wanted}}, size=1)["hits"]["hits"]
        return {"term": {"vconf.conference.id": found[0]["_id"]}}
    if key == "person":
        people = es.search(index=f"{prefix}-participants", aggs={"who": {"terms": {"field": "user.id"}}}, size=0)
        return {"term": {"user.id": people["aggregations"]["who"]["buckets"][0]["key"]}}
    return {"match_all": {}}


def main() -> None:
    """Draw them all."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        Elasticsearch(os.environ["ES_TEST_URL"], request_timeout=60) as es,
        own_prefix(es) as prefix,
        tempfile.TemporaryDirectory() as folder,
    ):
        demo_month.set_up(Path(folder), os.environ["ES_TEST_URL"], prefix)
        demo_month.harvest(Path(folder), es, prefix)
        search: Search = lambda index, body: es.search(index=index, body=body).body  # noqa: E731 - typed as it is used
        names = Names(prefix, tuple(by_name(all_fields()).values()))
        for each in DASHBOARDS:
            window = WEEK if each.since == "now-7d/d" and each.key != "call" else MONTH
            source = Source(names, window, search, choice_of(es, prefix, each.key))
            path = TARGET / f"vconf-{each.key}.html"
            path.write_text(page(each, DASHBOARDS, source).replace(f"{prefix}-", "vconf-"), "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
