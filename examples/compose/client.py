"""Requests an instance and waits until it says where it is."""

import json
import os
import urllib.request

import slapos.slap

MASTER_URL = os.environ["MASTER_URL"]
RELEASE = "https://example.org/web/software.cfg"

slap = slapos.slap.slap()
slap.initializeConnection(MASTER_URL)
slap.registerOpenOrder().request(RELEASE, "web")

# Instead of asking again and again: the journal answers when it is so.
urllib.request.urlopen(
    urllib.request.Request(
        MASTER_URL + "/_mock/v1/journal/wait",
        json.dumps({"state": {"instance": "web", "is": "started"}}).encode(),
        {"Content-Type": "application/json"},
    )
).close()
print(slap.registerOpenOrder().request(RELEASE, "web").getConnectionParameterDict()["url"])
