"""A small orchestrator, the program under test here: it deploys a service and says where it is."""

import time

import requests
from slapos.slap import ConnectionError as SlapConnectionError
from slapos.slap import ResourceNotReady, ServerError


class NotDeployed(Exception):
    """The service did not come up."""


def deploy(slap, release, title, computer=None, attempts=50, pause_s=0.05, **parameters):
    """Requests a service until it publishes where it is; returns its connection parameters.

    A master that is busy, is not ready yet or loses an answer is asked again: a request names what is
    wanted, so it may be repeated.
    """
    last = None
    for _ in range(attempts):
        try:
            instance = slap.registerOpenOrder().request(
                release, title, partition_parameter_kw=parameters, filter_kw={"computer_guid": computer} if computer else {}
            )
            published = instance.getConnectionParameterDict()
            if published.get("url"):
                return published
            last = "nothing is published yet"
        except (ResourceNotReady, ServerError, SlapConnectionError, requests.ConnectionError) as error:
            last = repr(error)
        time.sleep(pause_s)
    raise NotDeployed("%s did not come up: %s" % (title, last))
