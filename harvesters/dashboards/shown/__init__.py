"""The dashboards that are shipped, one module each; `DASHBOARDS` has them in the order of the row of links."""

from harvesters.dashboards.shown.call import CALL
from harvesters.dashboards.shown.clients import CLIENTS
from harvesters.dashboards.shown.harvest import HARVEST
from harvesters.dashboards.shown.overview import OVERVIEW
from harvesters.dashboards.shown.person import PERSON_DASHBOARD
from harvesters.dashboards.shown.quality import QUALITY
from harvesters.dashboards.shown.reliability import RELIABILITY
from harvesters.dashboards.shown.usage import USAGE

DASHBOARDS = (OVERVIEW, QUALITY, CALL, PERSON_DASHBOARD, RELIABILITY, USAGE, CLIENTS, HARVEST)
