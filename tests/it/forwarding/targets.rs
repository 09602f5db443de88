//! Targets that are down, slow, or no master: each has slapproxy's status, and nothing is kept.

use std::time::{Duration, Instant};

use serde_json::json;
use slapmaster::{domain::forwarding::OtherMaster, front::forward::ForwardLimits};

use super::{
    REMOTE, in_json, kept, other, other_by_partition, proxy,
    stub::{Behave, Stub, http},
    target,
};
use crate::support::{
    master::{Request, TestMaster},
    tls::Pair,
};

fn remote() -> Request {
    Request::new("web").release(REMOTE)
}

async fn calling(other: OtherMaster, limits: ForwardLimits) -> TestMaster {
    let setup = proxy().other_master(other).forward_limits(limits);
    let master = setup.start().await;
    master.format("COMP-1", 1).await;
    master
}

/// Both dialects answer with this status, say so much, and change nothing.
async fn check(master: &TestMaster, status: u16, says: &str) {
    let before = master.dump().await;
    let answer = master.request(remote()).await.expect(status);
    assert!(answer.body.contains(says), "{says}: {}", answer.body);
    let answer = master.send(in_json("web", &json!({}), None)).await;
    let told = answer.expect(status).json();
    assert_eq!(told["status"], status);
    let phrase = if status == 523 {
        "Unknown Error"
    } else {
        "Internal Server Error"
    };
    assert_eq!(told["type"], phrase);
    assert!(told["title"].as_str().unwrap().contains(says), "{told}");
    assert_eq!(master.dump().await, before);
}

const PAIR: &str = "<string>_connection_dict</string><dictionary id='i4'/>\
    <string>_parameter_dict</string><dictionary id='i5'/>";

fn instance(attributes: &str) -> Vec<u8> {
    let object = format!(
        "<marshal><object id='i2' module='slapos.slap.slap' class='SoftwareInstance'><tuple/>\
         <dictionary id='i3'>{attributes}</dictionary></object></marshal>"
    );
    http("200 OK", &object)
}

fn place(computer: &str, partition: &str) -> String {
    format!(
        "<string>slap_computer_id</string>{computer}\
         <string>slap_computer_partition_id</string>{partition}"
    )
}

// The statuses were seen with slapproxy 1.26.1, asked to forward to a server that answers so.
#[tokio::test]
async fn what_a_target_answers_has_slapproxys_status() {
    let stub = Stub::start().await;
    let master = calling(other(&stub.url), ForwardLimits::default()).await;
    let text = "<string>x</string>";
    let huge = http("200 OK", &"x".repeat(32 * 1024 * 1024 + 1));
    for (behave, status, says) in [
        (Behave::Close, 523, "without an answer"),
        (
            Behave::Say(b"hello\r\n\r\n".to_vec()),
            523,
            "without an answer",
        ),
        (
            Behave::Say(http("404 Not Found", "")),
            500,
            "it answered 404",
        ),
        (
            Behave::Say(http("401 Unauthorized", "")),
            500,
            "it answered 401",
        ),
        (Behave::Say(http("500 Broken", "")), 500, "it answered 500"),
        (Behave::Say(http("523 Down", "")), 500, "it answered 523"),
        (Behave::Say(http("302 Found", "")), 500, "it answered 302"),
        (Behave::Say(http("999 What", "")), 500, "it answered 999"),
        (Behave::Say(http("200 OK", "hello")), 500, "no marshalled"),
        (Behave::Say(http("200 OK", "")), 500, "no marshalled"),
        (
            Behave::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xff".to_vec()),
            500,
            "UTF-8",
        ),
        (
            Behave::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<marshal>".to_vec()),
            500,
            "not complete",
        ),
        (Behave::Say(huge), 500, "more than"),
        (
            Behave::Say(http("200 OK", "<marshal><string>x</string></marshal>")),
            500,
            "a text, an instance was expected",
        ),
        (
            Behave::Say(http(
                "200 OK",
                "<marshal><object module='os' class='system'><tuple/></object></marshal>",
            )),
            500,
            "os.system",
        ),
        (Behave::Say(instance(PAIR)), 500, "no slap_computer_id"),
        (
            Behave::Say(instance(&(place("<none/>", text) + PAIR))),
            500,
            "no slap_computer_id",
        ),
        (
            Behave::Say(instance(&place(text, text))),
            500,
            "no _connection_dict",
        ),
    ] {
        stub.behave(behave);
        check(&master, status, says).await;
    }
    stub.behave(Behave::Say(instance(&(place(text, text) + PAIR))));
    let told = master.request(remote()).await.expect(200);
    assert_eq!(told.text_of("_computer_id"), "x");
    assert_eq!(kept(&master).await.len(), 1);
}

#[tokio::test]
async fn a_target_that_is_down_or_slow_is_unreachable_within_the_time() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let master = calling(other(&dead), ForwardLimits::default()).await;
    check(&master, 523, "cannot be reached").await;
    let master = calling(other("http://nobody.invalid/"), ForwardLimits::default()).await;
    check(&master, 523, "cannot be reached").await;

    let stub = Stub::start().await;
    let slow = ForwardLimits {
        request_time: Duration::from_millis(200),
        ..ForwardLimits::default()
    };
    let master = calling(other(&stub.url), slow).await;
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<marshal>",
    ] {
        stub.behave(Behave::Stall(bytes.to_vec()));
        let began = Instant::now();
        check(&master, 523, "no answer within 200 ms").await;
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    // A question that is not answered does not hold up the request for long.
    let asked = ForwardLimits {
        question_time: Duration::from_millis(50),
        ..slow
    };
    let master = calling(other(&stub.url), asked).await;
    let began = Instant::now();
    let named = Request::new("x").sla("master_url", &stub.url);
    master.request(named).await.expect(523);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_target_that_does_not_speak_tls_is_unreachable() {
    let (_plain, served) = target().await;
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::made_out_to(&["a"]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let over_tls = OtherMaster {
        certificate: Some(file("cert", &pair.certificate)),
        key: Some(file("key", &pair.key)),
        ..other(&served.url.replace("http", "https"))
    };
    let master = calling(over_tls.clone(), ForwardLimits::default()).await;
    check(&master, 523, "cannot be reached").await;
    let mismatched = OtherMaster {
        key: Some(file("other", &Pair::made_out_to(&["b"]).key)),
        ..over_tls
    };
    let master = calling(mismatched, ForwardLimits::default()).await;
    check(&master, 500, "does not belong to the certificate").await;
    let no_url = OtherMaster {
        url: "nonsense".to_owned(),
        ..other("")
    };
    let master = calling(no_url, ForwardLimits::default()).await;
    check(&master, 500, "no URL of a master").await;
}

#[tokio::test]
async fn no_more_are_under_way_than_there_may_be() {
    let stub = Stub::start().await;
    let one = ForwardLimits {
        under_way: 1,
        ..ForwardLimits::default()
    };
    let master = calling(other(&stub.url), one).await;
    stub.behave(Behave::Hold(http("408 Not Ready", "")));
    let held = master.request(remote());
    let meanwhile = async {
        stub.called().await;
        check(&master, 500, "too many").await;
        stub.release();
    };
    let (held, ()) = tokio::join!(held, meanwhile);
    held.expect(408);
    stub.behave(Behave::Say(http("408 Not Ready", "")));
    master.request(remote()).await.expect(408);
}

#[tokio::test]
async fn a_client_that_goes_away_changes_nothing_of_what_is_kept() {
    let stub = Stub::start().await;
    let master = calling(other(&stub.url), ForwardLimits::default()).await;
    stub.behave(Behave::Hold(http("408 Not Ready", "")));
    {
        let mut request = Box::pin(master.request(remote()));
        tokio::select! {
            _ = &mut request => panic!("answered too early"),
            () = stub.called() => {}
        }
    }
    assert_eq!(kept(&master).await, []);
    stub.release();
    let noted = async {
        while kept(&master).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noted)
        .await
        .expect("what the other master was asked for is not kept");
}

#[tokio::test]
async fn the_request_is_the_slap_librarys() {
    let stub = Stub::start().await;
    let master = calling(other(&stub.url), ForwardLimits::default()).await;
    stub.behave(Behave::Say(http("408 Not Ready", "")));
    let request = remote()
        .software_type("x y")
        .parameter("é", "a&b=c")
        .sla("computer_guid", "COMP-9")
        .shared()
        .state("stopped");
    master.request(request).await.expect(408);
    let sent = stub.calls().pop().unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /requestComputerPartition HTTP/1.1\r\n"));
    let head = head.to_ascii_lowercase();
    for header in [
        format!(
            "host: {}",
            stub.url.trim_start_matches("http://").trim_end_matches('/')
        ),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        format!(
            "via: 1.1 slapmaster-{}",
            master.master.run_id().to_ascii_lowercase()
        ),
        "connection: close".to_owned(),
    ] {
        assert!(head.lines().any(|line| line == header), "{header}: {head}");
    }
    assert!(!head.contains("authorization"), "{head}");
    let dictionary = |inside: &str| format!("<marshal>{inside}</marshal>");
    let fields: Vec<_> = [
        ("software_release", REMOTE.to_owned()),
        ("software_type", "x y".to_owned()),
        ("partition_reference", "user_web".to_owned()),
        ("shared_xml", dictionary("<bool>1</bool>")),
        (
            "partition_parameter_xml",
            dictionary("<dictionary id=\"i2\"><string>&#233;</string><string>a&amp;amp;b=c</string></dictionary>"),
        ),
        (
            "filter_xml",
            dictionary(
                "<dictionary id=\"i2\"><string>computer_guid</string><string>COMP-9</string>\
                 <string>source_instance_id</string><string>user_web</string></dictionary>",
            ),
        ),
        ("state", dictionary("<string>stopped</string>")),
    ]
    .into_iter()
    .collect();
    let borrowed: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(body, crate::support::master::url_encoded(&borrowed));

    // In the name of a partition there.
    let master = calling(
        other_by_partition(&format!("{}w/x", stub.url)),
        ForwardLimits::default(),
    )
    .await;
    master.request(remote()).await.expect(408);
    let sent = stub.calls().pop().unwrap();
    assert!(sent.starts_with("POST /w/x/requestComputerPartition HTTP/1.1\r\n"));
    let caller = "X-SlapPartition computer_id=COMP-2, computer_partition_id=slappart0";
    assert!(sent.contains(caller), "{sent}");
    assert!(sent.contains("\r\n\r\ncomputer_id=COMP-2&computer_partition_id=slappart0&"));
    assert!(!sent.contains("source_instance_id"), "{sent}");
    assert!(sent.ends_with("state=%3Cmarshal%3E%3Cnone%2F%3E%3C%2Fmarshal%3E"));
}
