//! Between two worlds.

use insta::assert_snapshot;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::json;
use slapmaster::{
    domain::{
        behaviour::Preset,
        event::EventKind,
        forwarding::{ForwardedRequest, OtherMaster},
        identifier::Title,
        seed::Seed,
    },
    front::address::PublicAddress,
};

use super::{REMOTE, forwarding, in_json, kept, other, other_by_partition, proxy, target};
use crate::support::master::{Answer, Place, RELEASE, Request, TestMaster};

/// The answer, without the URL that differs each time.
fn shown(answer: &Answer, url: &str) -> String {
    let shown = answer.shown().replace(url, "<other master>");
    let lines = shown.lines().filter(|l| !l.starts_with("content-length"));
    lines.collect::<Vec<_>>().join("\n")
}

fn remote(title: &str) -> Request {
    Request::new(title).release(REMOTE)
}

#[tokio::test]
async fn a_listed_release_is_requested_of_the_other_master() {
    let (b, served) = target().await;
    let url = format!("{}/", served.url);
    let a = forwarding([other(&url)]).await;
    let before = a.dump().await;
    let answer = a.request(remote("web").parameter("size", "large")).await;
    assert_snapshot!("forwarded", shown(&answer, &url));
    // There it is a root with a title that says who asked; here nothing is but the pair.
    let told = b.partition("COMP-2", "slappart0").await.expect(200);
    assert_eq!(told.text_of("instance_title"), "user_web");
    assert_eq!(told.text_of("source_instance_id"), "user_web");
    assert_eq!(told.text_of("size"), "large");
    assert_eq!(kept(&a).await, [("user_web".to_owned(), url.clone())]);
    let rows = a.dump().await;
    let new: Vec<_> = rows.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!((new.len(), rows.len()), (1, before.len() + 1), "{new:?}");

    // Again: the same, and nothing more is kept.
    let again = a.request(remote("web").parameter("size", "large")).await;
    assert_eq!(again.body, answer.body);
    assert_eq!(a.dump().await, rows);
    // A change reaches it; what is not listed stays here.
    a.request(remote("web").parameter("size", "small"))
        .await
        .expect(200);
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("size"), "small");
    let here = a.request(Request::new("web")).await.expect(200);
    assert_eq!(here.text_of("slap_computer_id"), "COMP-1");
    assert!(!here.tells("_master_url"));

    // What is known here stays here, whatever its release is now.
    let known = a.request(remote("web")).await.expect(200);
    assert_eq!(known.text_of("slap_computer_id"), "COMP-1");
    let events = a.master.journal().about("user_web");
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.text.as_str()))
        .collect();
    let text = format!("instance `user_web` was requested of {url}");
    assert_eq!(told, [(EventKind::RequestForwarded, text.as_str())]);
}

#[tokio::test]
async fn the_pair_is_dropped_when_the_state_destroyed_is_requested() {
    let (b, served) = target().await;
    let a = forwarding([other(&served.url)]).await;
    let before = a.dump().await;
    a.request(remote("web")).await.expect(200);
    assert_eq!(kept(&a).await.len(), 1);
    let gone = a.request(remote("web").state("destroyed")).await;
    assert_eq!(gone.expect(200).text_of("_requested_state"), "destroyed");
    assert_eq!(a.dump().await, before);
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("_requested_state"), "destroyed");
    let told = a.master.journal().about("user_web");
    let last = told.last().map(|event| (event.kind, event.text.clone()));
    let text = format!(
        "the destruction of instance `user_web` was requested of {}",
        served.url
    );
    assert_eq!(last, Some((EventKind::DestructionForwarded, text)));
    // What was never there to be dropped is requested all the same.
    a.request(remote("never").state("destroyed"))
        .await
        .expect(200);
    assert_eq!(a.dump().await, before);
}

#[tokio::test]
async fn a_child_and_a_shared_instance_say_which_partition_asks() {
    let (b, served) = target().await;
    let a = forwarding([other(&served.url)]).await;
    a.request(Request::new("web")).await.expect(200);
    let child = remote("db").by("COMP-1", "slappart0");
    a.request(child).await.expect(200);
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("instance_title"), "slappart0_db");

    let shared = remote("site")
        .shared()
        .parameter("k", "v")
        .by_header_only("COMP-1", "slappart0");
    let answer = a.request(shared).await;
    assert_snapshot!("forwarded_shared", shown(&answer, &served.url));
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("slave_title"), "_slappart0_site");
    let titles: Vec<_> = kept(&a).await.into_iter().map(|pair| pair.0).collect();
    assert_eq!(titles, ["slappart0_db", "slappart0_site"]);
}

#[tokio::test]
async fn json_rpc_tells_what_was_asked_and_where_it_is() {
    let (b, served) = target().await;
    let a = forwarding([other(&served.url)]).await;
    a.request(Request::new("web")).await.expect(200);
    let more = json!({"parameters": {"n": 1, "deep": {"a": [true]}}, "state": "stopped"});
    let answer = a
        .send(in_json("db", &more, Some(("COMP-1", "slappart0"))))
        .await
        .expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "title": "db",
            "instance_guid": "db___web___0",
            "software_release_uri": REMOTE,
            "software_type": "default",
            "state": "stopped",
            "connection_parameters": {},
            "parameters": {"n": 1, "deep": {"a": [true]}},
            "shared": false,
            "root_instance_title": "web",
            "ip_list": [],
            "full_ip_list": [],
            "sla_parameters": {},
            "computer_guid": "COMP-2",
            "compute_partition_id": "slappart0",
            "processing_timestamp": 0,
            "access_status_message": "",
        })
    );
    // Values travel as they were sent; the other master makes texts of them, as each does.
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("instance_title"), "slappart0_db");
    assert_eq!(told.text_of("deep"), "{'a': [True]}");
    assert_eq!(told.text_of("_requested_state"), "stopped");

    let publishes = [
        ("computer_id", "COMP-2"),
        ("computer_partition_id", "slappart0"),
        (
            "connection_xml",
            "<marshal><dictionary><string>url</string><string>u</string></dictionary></marshal>",
        ),
    ];
    b.post("setComputerPartitionConnectionXml", &publishes)
        .await
        .expect(200);
    let again = a
        .send(in_json("db", &more, Some(("COMP-1", "slappart0"))))
        .await;
    assert_eq!(again.json()["connection_parameters"], json!({"url": "u"}));
    let untyped = json!({"software_type": ""});
    let root = a.send(in_json("alone", &untyped, None)).await.expect(200);
    let root = root.json();
    assert_eq!(root["software_type"], "");
    assert_eq!(root["instance_guid"], "alone______0");
    assert_eq!(root["root_instance_title"], "alone");
    assert_eq!(root["state"], "started");
}

#[tokio::test]
async fn in_the_name_of_a_partition_there_it_is_a_child_there() {
    // As production answers: no key of slapproxy's own is in the SLA then.
    let b = TestMaster::start().await;
    b.format("COMP-2", 2).await;
    b.request(Request::new("host")).await.expect(200);
    let served = b.serve(Place::free("http"));
    let a = forwarding([other_by_partition(&served.url)]).await;
    let answer = a.request(remote("web")).await.expect(200);
    assert_eq!(
        answer.text_of("slap_computer_partition_id"),
        "slappart1",
        "{}",
        answer.body
    );
    let told = b.partition("COMP-2", "slappart1").await;
    assert_eq!(told.text_of("instance_title"), "user_web");
    assert_eq!(told.text_of("root_instance_title"), "host");
    assert!(!told.tells("source_instance_id"));
    // Its requester is gone: the other master refuses, and nothing more is kept here.
    let before = a.dump().await;
    b.request(Request::new("host").state("destroyed"))
        .await
        .expect(408);
    b.report("destroyedComputerPartition", "COMP-2", "slappart0")
        .await
        .expect(200);
    let refused = a.request(remote("second")).await.expect(500);
    assert!(refused.body.contains("it answered 404"), "{}", refused.body);
    assert_eq!(a.dump().await, before);
}

#[tokio::test]
async fn the_sla_names_the_master() {
    let (b, served) = target().await;
    let a = forwarding([OtherMaster {
        releases: Vec::new(),
        ..other(&served.url)
    }])
    .await;
    let named = |title: &str, url: &str| Request::new(title).sla("master_url", url);
    let answer = a.request(named("web", &served.url)).await.expect(200);
    assert_eq!(answer.text_of("_master_url"), served.url);
    assert_eq!(answer.text_of("_software_release_document"), RELEASE);
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("master_url"), served.url);

    let before = a.dump().await;
    let unlisted = "http://127.0.0.1:1/";
    let refused = a.request(named("x", unlisted)).await.expect(404);
    assert_eq!(
        refused.body,
        format!(
            "the SLA names the master `{unlisted}`, to which nothing is forwarded: it is not \
             listed\n"
        )
    );
    let sla = json!({"software_release_uri": RELEASE, "sla_parameters": {"master_url": unlisted}});
    let refused = a.send(in_json("x", &sla, None)).await.expect(500).json();
    assert_eq!(refused["type"], "Internal Server Error");
    assert_eq!(a.dump().await, before);

    // Ourselves: by the address of the request, and by whatever leads here.
    let own = a.serve(Place::free("http"));
    let alias = format!("{}/", own.url.replace("127.0.0.1", "localhost"));
    for (title, url) in [
        ("one", "http://master.example.org/"),
        ("two", alias.as_str()),
    ] {
        let here = a.request(named(title, url)).await.expect(200);
        assert_eq!(here.text_of("slap_computer_id"), "COMP-1", "{url}");
    }
}

#[tokio::test]
async fn without_other_masters_nobody_is_called() {
    // Where SLA keys are slapproxy's, another master is refused; elsewhere the key blocks.
    let a = proxy().start().await;
    a.format("COMP-1", 2).await;
    let stub = super::stub::Stub::start().await;
    let named = Request::new("web").sla("master_url", &stub.url);
    let before = a.dump().await;
    a.request(named.clone()).await.expect(404);
    assert_eq!(a.dump().await, before);
    let own = Request::new("web").sla("master_url", "http://master.example.org");
    a.request(own).await.expect(200);
    // Known here by now.
    a.request(named.clone()).await.expect(200);
    let plain = TestMaster::start().await;
    plain.format("COMP-1", 1).await;
    plain.request(named).await.expect(408);
    assert_eq!(stub.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn an_own_url_is_the_one_by_which_a_trusted_proxy_is_reached() {
    let (_b, served) = target().await;
    let setup = proxy().other_master(other(&served.url));
    let a = setup
        .address(PublicAddress {
            trust_forwarded: true,
            ..PublicAddress::default()
        })
        .start()
        .await;
    a.format("COMP-1", 1).await;
    let own = "https://slap.example.org/base/";
    let request = Request::new("web").sla("master_url", own);
    let mut call = request.to_http();
    for (name, value) in [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "slap.example.org"),
        ("x-forwarded-prefix", "/base"),
    ] {
        call.headers_mut().insert(name, value.parse().unwrap());
    }
    a.send(call).await.expect(200);
    // The same words without the proxy's name another master.
    let untrusted = Request::new("other").sla("master_url", own);
    a.request(untrusted).await.expect(404);
}

#[tokio::test]
async fn what_is_not_ready_there_is_not_ready_here() {
    let b = TestMaster::start().await;
    b.format("COMP-2", 1).await;
    b.request(Request::new("host")).await.expect(200);
    let served = b.serve(Place::free("http"));
    let a = forwarding([other_by_partition(&served.url)]).await;
    a.request(remote("web")).await.expect(408);
    let json = a.send(in_json("web", &json!({}), None)).await.expect(200);
    assert_eq!(json.json()["name"], "SoftwareInstanceNotReady");
    assert_eq!(kept(&a).await.len(), 1);
    b.format("COMP-2", 2).await;
    a.request(remote("web")).await.expect(200);
    assert_eq!(kept(&a).await.len(), 1);
}

#[tokio::test]
async fn over_https_it_calls_with_its_certificate() {
    let b = TestMaster::preset(Preset::Slapproxy)
        .default_computer("COMP-2")
        .start()
        .await;
    b.format("COMP-2", 2).await;
    let served = b.serve(Place::free("https"));
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert"), folder.path().join("key"));
    let owner = json!({"user": "default-user"});
    let issued = b.post_json("/_mock/v1/certificates", &owner).await;
    let issued = issued.expect(201).json();
    let text = |key: &str| issued[key].as_str().unwrap().to_owned();
    std::fs::write(&certificate, text("certificate")).unwrap();
    std::fs::write(&key, text("key")).unwrap();
    let with = |certificate: Option<&std::path::Path>| OtherMaster {
        certificate: certificate.map(Into::into),
        key: Some(key.clone()),
        ..other(&served.url)
    };
    let a = forwarding([with(Some(&certificate))]).await;
    let answer = a.request(remote("web")).await.expect(200);
    assert_eq!(answer.text_of("slap_computer_id"), "COMP-2");
    assert_eq!(kept(&a).await.len(), 1);

    // No certificate, no call.
    let without = forwarding([with(None)]).await;
    let refused = without.request(remote("web")).await.expect(404);
    assert!(
        refused.body.contains("no certificate with its key"),
        "{}",
        refused.body
    );
    let json = without.send(in_json("web", &json!({}), None)).await;
    json.expect(500);
    // The other master does not believe it any more.
    let revoked = json!({"user": "default-user"});
    b.post_json("/_mock/v1/certificates/revoke", &revoked)
        .await
        .expect(200);
    let refused = a.request(remote("second")).await.expect(500);
    assert!(refused.body.contains("it answered 401"), "{}", refused.body);
    // Files that hold nothing of use.
    for (content, expected) in [("", "no certificate"), ("junk", "no certificate")] {
        std::fs::write(&certificate, content).unwrap();
        let failed = a.request(remote("second")).await.expect(500);
        assert!(failed.body.contains(expected), "{}", failed.body);
    }
    std::fs::remove_file(&certificate).unwrap();
    let failed = a.request(remote("second")).await.expect(500);
    assert!(failed.body.contains("cannot read"), "{}", failed.body);
    for master in [&a, &without] {
        let titles: Vec<_> = kept(master).await.into_iter().map(|pair| pair.0).collect();
        assert!(!titles.contains(&"user_second".to_owned()), "{titles:?}");
    }
}

#[tokio::test]
async fn what_would_be_refused_here_is_not_forwarded() {
    let stub = super::stub::Stub::start().await;
    let a = forwarding([other(&stub.url)]).await;
    let before = a.dump().await;
    a.request(remote("web").state("foo")).await.expect(404);
    let unknown = remote("web").by_header_only("COMP-9", "slappart0");
    a.request(unknown).await.expect(400);
    // Nobody, and a computer, on a listener that asks who calls.
    let computer = a.issue(("computer", "COMP-1")).await;
    a.request_as(None, remote("web")).await.expect(401);
    let request = remote("web").to_http();
    a.send_with(&computer, request).await.expect(404);
    assert_eq!(stub.calls(), Vec::<String>::new());
    assert_eq!(kept(&a).await, []);
    let rows = a.dump().await;
    let new: Vec<_> = rows.iter().filter(|row| !before.contains(row)).collect();
    assert!(new.iter().all(|row| row.contains("certificate")), "{new:?}");
}

#[tokio::test]
async fn who_proves_to_be_an_instance_asks_for_its_partition() {
    let (b, served) = target().await;
    let a = forwarding([other(&served.url)]).await;
    a.request(Request::new("one")).await.expect(200);
    let two = a.request(Request::new("two")).await.expect(200);
    assert_eq!(two.text_of("slap_computer_partition_id"), "slappart1");
    let place = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart1"),
    ];
    let pair = a.get("getComputerPartitionCertificate", &place).await;
    let pem = pair.text_of("certificate").as_bytes();
    let der = CertificateDer::from_pem_slice(pem).unwrap();
    a.request_as(Some(&der), remote("db")).await.expect(200);
    let told = b.partition("COMP-2", "slappart0").await;
    assert_eq!(told.text_of("instance_title"), "slappart1_db");
}

#[tokio::test]
async fn a_seed_brings_what_was_forwarded_before() {
    let a = proxy().start().await;
    let request = |title: &str, url: &str| ForwardedRequest {
        title: Title::trusted(title.to_owned()),
        master_url: url.to_owned(),
    };
    assert!(a.master.is_untouched().await.unwrap());
    let seed = Seed {
        forwarded: vec![
            request("user_web", "http://b/"),
            request("slappart0_db", "http://c/"),
            request("user_web", "http://b/"),
        ],
        ..Seed::default()
    };
    a.master.seed(seed).await.unwrap();
    let pair = |title: &str, url: &str| (title.to_owned(), url.to_owned());
    assert_eq!(
        kept(&a).await,
        [
            pair("slappart0_db", "http://c/"),
            pair("user_web", "http://b/")
        ]
    );
    assert!(!a.master.is_untouched().await.unwrap());
}
