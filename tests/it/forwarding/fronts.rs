//! What slapproxy does besides, and what becomes of it where requests are forwarded: invented
//! frontends (`slap.md` 9.2), and the URLs by which a master is known behind a proxy.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::json;
use slapmaster::{
    domain::{behaviour::Preset, forwarding::OtherMaster, identifier::SoftwareReleaseUri},
    front::address::PublicAddress,
};

use super::{forwarding, in_json, kept, other, target};
use crate::support::master::{Place, Request, TestMaster, request};

const WEB: &str =
    "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg";

fn frontend(title: &str) -> Request {
    Request::new(title)
        .shared()
        .release(WEB)
        .parameter("url", "http://[2001:db8::1]:8080/x")
}

#[tokio::test]
async fn a_frontend_that_is_forwarded_is_invented_by_nobody_but_the_other_master() {
    let (b, served) = target().await;
    let listing = |url: &str| OtherMaster {
        releases: vec![SoftwareReleaseUri::trusted(WEB.to_owned())],
        ..other(url)
    };
    let a = forwarding([listing(&served.url)]).await;
    // There it is invented, and told as such through both.
    let answer = a.request(frontend("site")).await.expect(200);
    assert_eq!(answer.text_of("_master_url"), served.url);
    assert_eq!(
        answer.text_of("secure_access"),
        "http://[2001:db8::1]:8080/x"
    );
    let name = "Fake frontend for http://[2001:db8::1]:8080/x";
    assert_eq!(answer.text_of("_partition_id"), name);
    assert_eq!(answer.text_of("slap_computer_partition_id"), "");
    let more = json!({
        "software_release_uri": WEB, "shared": true,
        "parameters": {"url": "http://[2001:db8::1]:8080/x"},
    });
    let told = a.send(in_json("site", &more, None)).await.expect(200);
    assert_eq!(told.json()["compute_partition_id"], name);
    assert_eq!(kept(&a).await.len(), 1);

    // A master that knows no invented frontends has no host.
    let plain = TestMaster::preset(Preset::Slapproxy)
        .switch("shared.fake_frontend", "off")
        .default_computer("COMP-2")
        .start()
        .await;
    plain.format("COMP-2", 1).await;
    let served = plain.serve(Place::free("http"));
    let a = forwarding([listing(&served.url)]).await;
    a.request(frontend("site")).await.expect(500);
    assert_eq!(kept(&a).await, []);
    // In an SLA likewise; and one that leads back here is invented here.
    let a = forwarding([other(&served.url)]).await;
    let named = frontend("site").sla("master_url", &served.url);
    a.request(named).await.expect(500);
    let own = frontend("site").sla("master_url", "http://master.example.org/");
    let invented = a.request(own).await.expect(200);
    assert!(!invented.tells("_master_url"));
    a.request(frontend("site")).await.expect(200);
    drop(b);
}

#[tokio::test]
async fn a_frontend_is_invented_for_who_is_there() {
    let a = TestMaster::preset(Preset::Slapproxy)
        .default_computer("COMP-1")
        .start()
        .await;
    a.format("COMP-1", 2).await;
    a.request(Request::new("web")).await.expect(200);
    let more = json!({
        "software_release_uri": WEB, "shared": true, "state": "stopped",
        "parameters": {"url": "http://a.example/", "n": 1},
    });
    let by = |partition| in_json("site", &more, Some(("COMP-1", partition)));
    let told = a.send(by("slappart0")).await.expect(200).json();
    assert_eq!(told["instance_guid"], "site___web___1");
    assert_eq!(told["root_instance_title"], "web");
    assert_eq!(told["state"], "stopped");
    assert_eq!(
        told["parameters"],
        json!({"url": "http://a.example/", "n": 1})
    );
    a.send(by("slappart9")).await.expect(400);
    let unknown = frontend("site").by_header_only("COMP-1", "slappart9");
    a.request(unknown).await.expect(400);
}

#[tokio::test]
async fn urls_are_those_of_a_trusted_proxy() {
    for (trust_forwarded, expected) in [
        (true, "https://master.example.org/m/hateoas"),
        (false, "http://master.example.org/hateoas"),
    ] {
        let setup = TestMaster::preset(Preset::Slapproxy).address(PublicAddress {
            trust_forwarded,
            ..PublicAddress::default()
        });
        let master = setup.start().await;
        let behind = [("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/m")];
        let told = master.read("/getHateoasUrl", &behind).await.expect(200);
        assert_eq!(told.body, expected);
        let mut call = request(Method::POST, "/slapos.get.v0.hateoas_url")
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in behind {
            call = call.header(name, value);
        }
        let told = master.send(call.body(Body::from("{}")).unwrap()).await;
        // As slapproxy spells it in this dialect.
        let expected = format!("{expected}/");
        assert_eq!(told.expect(200).json()["hateoas_url"], expected);
    }
}
