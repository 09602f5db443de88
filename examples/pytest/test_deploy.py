"""What an orchestrator has to bear, made happen on purpose."""

import pytest
import requests
import slapos.slap

from deploy import NotDeployed, deploy

RELEASE = "https://example.org/web/software.cfg"


@pytest.mark.parametrize("port", range(8080, 8096))
def test_a_service_comes_up_where_it_was_asked_to(slap, port):
    # The same title sixteen times: each test has the world for itself.
    assert deploy(slap, RELEASE, "web", port=str(port))["url"].endswith(":%d/" % port)
    assert slap.registerOpenOrder().request(RELEASE, "web").getId() == "slappart0"


def test_a_master_that_is_not_ready_is_asked_again(world, slap):
    world.fault("requestComputerPartition", {"not_ready": True}, name="busy", count=3)
    deploy(slap, RELEASE, "web", computer="COMP-1")
    world.verify(entry={"call": "requestComputerPartition", "rule": "busy"}, exactly=3)


def test_an_answer_that_is_lost_makes_no_second_service(world, slap):
    world.fault("requestComputerPartition", {"drop": True}, when="after", count=1)
    deploy(slap, RELEASE, "web", computer="COMP-1")
    world.verify(entry={"event": "tree_made"}, exactly=1)
    world.verify(entry={"event": "instance_allocated"}, exactly=1)


def test_a_service_that_never_comes_up_is_told_of(world, slap):
    world.call("POST", "computers/COMP-1/hold", {})
    with pytest.raises(NotDeployed):
        deploy(slap, RELEASE, "web", computer="COMP-1", attempts=3)
    world.call("POST", "computers/COMP-1/release", {})
    assert deploy(slap, RELEASE, "web", computer="COMP-1")["url"]


def test_a_slow_computer_is_waited_for_without_waiting(world, slap):
    world.call("PUT", "clock", {"mode": "frozen"})
    with pytest.raises(NotDeployed):
        deploy(slap, RELEASE, "web", computer="COMP-2", attempts=2)
    world.verify(entry={"event": "instance_started"}, none=True)
    world.advance(seconds=3600)
    world.verify(entry={"event": "instance_started", "instance": "web"}, at_least=1)


def test_an_outage_ends_by_the_clock(world, slap):
    now = world.call("PUT", "clock", {"mode": "frozen", "now": "2027-01-01T00:00:00Z"})["now"]
    assert now.startswith("2027-01-01T00:00:00")
    world.fault("*", {"status": 503}, until="2027-01-01T00:05:00Z")
    with pytest.raises(NotDeployed):
        deploy(slap, RELEASE, "web", attempts=2)
    world.advance(seconds=300)
    assert deploy(slap, RELEASE, "web", computer="COMP-1")


def test_a_certificate_expires(world, tmp_path):
    issued = world.call("POST", "certificates", {"user": "default-user"})
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    key.write_text(issued["key"])
    certificate.write_text(issued["certificate"])

    library = slapos.slap.slap()
    library.initializeConnection(world.tls_url, key_file=str(key), cert_file=str(certificate))
    assert deploy(library, RELEASE, "web", computer="COMP-1")
    world.advance(seconds=100 * 365 * 86400)
    with pytest.raises(requests.HTTPError, match="401"):
        library.registerOpenOrder().request(RELEASE, "web")
