//! What was issued, issuing more, revoking, and what verifies all that.

use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use crate::support::{
    certificates::redacted,
    master::{Request, TestMaster},
};

const CERTIFICATES: &str = "/_mock/v1/certificates";
const REVOKE: &str = "/_mock/v1/certificates/revoke";

async fn with_computer() -> TestMaster {
    let setup = TestMaster::preset(Preset::Default).default_computer("COMP-1");
    setup.start().await
}

async fn listed(master: &TestMaster, query: &str) -> Vec<Value> {
    let path = format!("{CERTIFICATES}{query}");
    let told = master.read(&path, &[]).await.expect(200).json();
    told["certificates"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_authority_and_its_revocation_list_are_public() {
    let master = with_computer().await;
    let pem = Some("application/x-pem-file");
    let authority = master.read("/_mock/v1/ca.pem", &[]).await.expect(200);
    assert_eq!(authority.header("content-type"), pem);
    assert_eq!(redacted(&authority.body), "<certificate>\n");
    let list = master.read("/_mock/v1/crl.pem", &[]).await.expect(200);
    assert_eq!(list.header("content-type"), pem);
    assert_eq!(redacted(&list.body), "<x509 crl>\n");
    let der = master.read("/_mock/v1/crl.der", &[]).await.expect(200);
    assert_eq!(der.header("content-type"), Some("application/pkix-crl"));
    // A sequence of more than 127 bytes.
    assert_eq!(der.bytes[0], 0x30);
    assert!(der.bytes[1] >= 0x81);
    let certificate = master.issue(("computer", "COMP-1")).await;
    let body = json!({ "serial": certificate.serial });
    master.post_json(REVOKE, &body).await.expect(200);
    let longer = master.read("/_mock/v1/crl.der", &[]).await.expect(200);
    assert!(longer.bytes.len() > der.bytes.len());
}

#[tokio::test]
async fn an_issued_certificate_is_told_with_its_key_once() {
    let master = with_computer().await;
    let body = json!({ "computer": "COMP-1" });
    let answer = master.post_json(CERTIFICATES, &body).await.expect(201);
    let told = answer.json();
    let serial = told["serial"].as_str().unwrap();
    let location = format!("{CERTIFICATES}/{serial}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(told["kind"], "computer");
    assert_eq!(told["common_name"], "COMP-1");
    let certificate = told["certificate"].as_str().unwrap();
    assert!(
        certificate.contains("Subject: CN=COMP-1/email"),
        "{certificate}"
    );
    assert_eq!(redacted(told["key"].as_str().unwrap()), "<private key>\n");
    let shown = master.read(&location, &[]).await.expect(200);
    assert!(!shown.body.contains("PRIVATE KEY"));
    let shown = shown.json();
    assert!(certificate.ends_with(shown["pem"].as_str().unwrap()));
    assert_eq!(shown["status"], "valid");
    assert_eq!(shown["issued_at"], "2026-11-23T08:30:00Z");
    assert_eq!(shown["revoked_at"], Value::Null);
    for key in ["not_before", "not_after"] {
        assert_eq!(shown[key], told[key]);
        assert!(shown[key].as_str().unwrap().ends_with('Z'));
    }
}

#[tokio::test]
async fn a_second_certificate_is_a_conflict_but_for_persons() {
    let master = with_computer().await;
    master.request(Request::new("web")).await.expect(408);
    master.format("COMP-1", 1).await;
    let told = master.request(Request::new("web")).await.expect(200);
    let instance = told.text_of("_instance_guid").to_owned();
    master.issue(("computer", "COMP-1")).await;
    for body in [
        json!({ "computer": "COMP-1" }),
        json!({ "instance": instance }),
    ] {
        let answer = master.post_json(CERTIFICATES, &body).await.expect(409);
        assert_eq!(answer.json()["detail"], "Certificate still active.");
    }
    for _ in 0..2 {
        master.issue(("user", "default-user")).await;
    }
    let persons = listed(&master, "?user=default-user").await;
    assert_eq!(persons.len(), 2);
}

#[tokio::test]
async fn nobody_unknown_gets_a_certificate_or_loses_one() {
    let master = with_computer().await;
    for (key, detail) in [
        ("computer", "computer `x` is not known"),
        (
            "instance",
            "software instance `x` is not known, or it ended",
        ),
        ("user", "user `x` is not known"),
    ] {
        for path in [CERTIFICATES, REVOKE] {
            let answer = master.post_json(path, &json!({ key: "x" })).await;
            assert_eq!(answer.expect(404).json()["detail"], detail);
        }
    }
    let answer = master
        .post_json(REVOKE, &json!({ "serial": "abcdef" }))
        .await;
    assert_eq!(
        answer.expect(404).json()["detail"],
        "certificate `abcdef` is not known"
    );
}

#[tokio::test]
async fn a_subject_is_named_in_one_way() {
    let master = with_computer().await;
    let check = async |path: &str, body: Value, detail: &str| {
        let answer = master.post_json(path, &body).await.expect(400);
        assert_eq!(answer.json()["detail"], detail);
    };
    let nobody = "`body`: names nothing, one of `computer`, `instance`, `user` was expected";
    check(CERTIFICATES, json!({}), nobody).await;
    check(CERTIFICATES, json!({ "computer": null }), nobody).await;
    let two = json!({ "computer": "COMP-1", "user": "default-user" });
    let detail = "`user`: was given with `computer`, one of the two was expected";
    check(CERTIFICATES, two, detail).await;
    let nobody =
        "`body`: names nothing, one of `serial`, `computer`, `instance`, `user` was expected";
    check(REVOKE, json!({}), nobody).await;
    let two = json!({ "serial": "ab", "computer": "COMP-1" });
    let detail = "`computer`: was given with `serial`, one of the two was expected";
    check(REVOKE, two, detail).await;
    let detail = "`serial`: is no serial number: at most 40 hexadecimal digits were expected";
    check(REVOKE, json!({ "serial": "x" }), detail).await;
    let detail = "`computer`: is a number that does not fit, a text was expected";
    check(CERTIFICATES, json!({ "computer": 1 }), detail).await;
    let detail = "`computr`: is not known here, perhaps `computer` was meant; \
                  expected were: `computer`, `instance`, `user`";
    check(CERTIFICATES, json!({ "computr": "COMP-1" }), detail).await;
    assert_eq!(listed(&master, "?computer=COMP-1").await.len(), 0);
}

#[tokio::test]
async fn a_certificate_is_found_by_its_serial_number_as_tools_print_it() {
    let master = with_computer().await;
    let serial = master.issue(("computer", "COMP-1")).await.serial;
    let pairs: Vec<&str> = (0..serial.len())
        .step_by(2)
        .map(|at| &serial[at..at + 2])
        .collect();
    for form in [
        serial.clone(),
        serial.to_uppercase(),
        format!("0x{serial}"),
        pairs.join(":"),
        format!("00{serial}"),
    ] {
        let answer = master.read(&format!("{CERTIFICATES}/{form}"), &[]).await;
        assert_eq!(answer.expect(200).json()["serial"], serial, "{form}");
    }
    let unknown = master.read(&format!("{CERTIFICATES}/abcdef"), &[]).await;
    assert_eq!(
        unknown.expect(404).json()["detail"],
        "certificate `abcdef` is not known"
    );
    for garbage in ["xyz", "%ff", "revok"] {
        let answer = master.read(&format!("{CERTIFICATES}/{garbage}"), &[]).await;
        let answer = answer.expect(400);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{garbage}"
        );
    }
}

#[tokio::test]
async fn certificates_are_listed_by_subject_and_by_status() {
    let master = with_computer().await;
    master.format("COMP-2", 0).await;
    let first = master.issue(("computer", "COMP-1")).await;
    let body = json!({ "computer": "COMP-1" });
    master.post_json(REVOKE, &body).await.expect(200);
    let second = master.issue(("computer", "COMP-1")).await;
    let other = master.issue(("computer", "COMP-2")).await;
    let serials = async |query: &str| -> Vec<Value> {
        let listed = listed(&master, query).await;
        listed.iter().map(|one| one["serial"].clone()).collect()
    };
    assert_eq!(
        serials("?computer=COMP-1").await,
        [first.serial.as_str(), &second.serial]
    );
    assert_eq!(serials("?computer=COMP-2").await, [other.serial.as_str()]);
    assert_eq!(serials("?user=COMP-1").await, [""; 0]);
    assert_eq!(serials("?status=revoked").await, [first.serial.as_str()]);
    assert_eq!(
        serials("?computer=COMP-1&status=valid").await,
        [second.serial.as_str()]
    );
    assert_eq!(
        serials("").await,
        [first.serial.as_str(), &second.serial, &other.serial]
    );
    // Ten years and a day.
    master.advance(3651 * 86_400);
    assert_eq!(
        serials("?status=expired").await,
        [second.serial.as_str(), &other.serial]
    );
    assert_eq!(serials("?status=not_yet_valid").await, [""; 0]);
}

#[tokio::test]
async fn a_filter_that_is_not_known_is_refused() {
    let master = with_computer().await;
    let check = async |query: &str, detail: &str| {
        let answer = master.read(&format!("{CERTIFICATES}?{query}"), &[]).await;
        assert_eq!(answer.expect(400).json()["detail"], detail);
    };
    check(
        "compter=COMP-1",
        "`compter`: is not known here, perhaps `computer` was meant; \
         expected were: `computer`, `instance`, `user`, `status`",
    )
    .await;
    check(
        "status=revokd",
        "`status`: is `revokd`, perhaps `revoked` was meant; expected was one of `valid`, \
         `not yet valid`, `expired`, `revoked`",
    )
    .await;
    check(
        "computer=a&user=b",
        "`user`: was given with `computer`, one of the two was expected",
    )
    .await;
    check("computer=", "`computer`: is empty, a text was expected").await;
    check(
        "status=valid&status=valid",
        "`status`: is repeated in the query string, it was expected once",
    )
    .await;
}

#[tokio::test]
async fn revoking_tells_what_is_revoked_also_when_repeated() {
    let master = with_computer().await;
    let computer = master.issue(("computer", "COMP-1")).await;
    for _ in 0..2 {
        master.issue(("user", "default-user")).await;
    }
    let revoked = async |body: Value| -> Vec<Value> {
        let told = master.post_json(REVOKE, &body).await.expect(200).json();
        told["revoked"].as_array().unwrap().clone()
    };
    let first = revoked(json!({ "serial": computer.serial })).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["serial"], computer.serial);
    assert_eq!(first[0]["status"], "revoked");
    assert_eq!(first[0]["revoked_at"], "2026-11-23T08:30:00Z");
    master.advance(60);
    let again = revoked(json!({ "serial": computer.serial })).await;
    assert_eq!(again, first);
    assert_eq!(revoked(json!({ "user": "default-user" })).await.len(), 2);
    assert_eq!(revoked(json!({ "user": "default-user" })).await.len(), 0);
}
