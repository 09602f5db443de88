//! The journal: every filter, what is waited for and verified, and what never shows.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use crate::support::master::{Answer, RELEASE, Request, TestMaster, dictionary, request};

const JOURNAL: &str = "/_mock/v1/journal";

async fn list(master: &TestMaster, query: &[(&str, &str)]) -> Value {
    read(master, "journal", query).await.expect(200).json()
}

async fn read(master: &TestMaster, what: &str, query: &[(&str, &str)]) -> Answer {
    master.get(&format!("_mock/v1/{what}"), query).await
}

/// What the entries say: an event's words, a call's line.
async fn told(master: &TestMaster, query: &[(&str, &str)]) -> Vec<String> {
    let listed = list(master, query).await;
    let entries = listed["entries"].as_array().unwrap();
    entries.iter().map(line).collect()
}

fn line(entry: &Value) -> String {
    match entry["text"].as_str() {
        Some(text) => text.to_owned(),
        None => format!(
            "{} {}",
            entry["call"].as_str().unwrap_or("?"),
            entry["status"]
        ),
    }
}

async fn ask(master: &TestMaster, what: &str, body: &Value) -> Answer {
    let call = request(Method::POST, &format!("{JOURNAL}/{what}"))
        .header(header::CONTENT_TYPE, "application/json");
    let call = call.body(Body::from(body.to_string())).unwrap();
    master.send(call).await
}

/// A computer on which `web` was started and `db` failed.
async fn lived() -> TestMaster {
    let master = TestMaster::start().await;
    master.format("COMP-1", 3).await;
    master.supply("COMP-1", RELEASE).await;
    let release = [("computer_id", "COMP-1"), ("url", RELEASE)];
    master
        .post("buildingSoftwareRelease", &release)
        .await
        .expect(200);
    master
        .post("availableSoftwareRelease", &release)
        .await
        .expect(200);
    master.request(Request::new("web")).await.expect(200);
    master.request(Request::new("db")).await.expect(200);
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let error = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", "slappart1"),
        ("error_log", "no room"),
    ];
    master
        .post("softwareInstanceError", &error)
        .await
        .expect(200);
    master
}

#[tokio::test]
async fn what_happened_is_told_in_words_and_facts() {
    let master = lived().await;
    let events = told(&master, &[("kind", "event")]).await;
    let serials: Vec<&String> = events
        .iter()
        .filter(|text| text.starts_with("certificate"))
        .collect();
    assert_eq!(serials.len(), 2, "{events:?}");
    let events: Vec<String> = events
        .iter()
        .filter(|text| !serials.contains(text))
        .cloned()
        .collect();
    assert_eq!(
        events,
        [
            "computer COMP-1 was made".to_owned(),
            "computer COMP-1 was formatted with 3 partitions".to_owned(),
            format!("software {RELEASE} is asked to be available on COMP-1"),
            format!("software {RELEASE} is being built on COMP-1"),
            format!("software {RELEASE} is available on COMP-1"),
            "instance tree `web` was made".to_owned(),
            "instance `web` was requested".to_owned(),
            "instance `web` was allocated to COMP-1/slappart0".to_owned(),
            "instance tree `db` was made".to_owned(),
            "instance `db` was requested".to_owned(),
            "instance `db` was allocated to COMP-1/slappart1".to_owned(),
            "instance `web` reported started on COMP-1/slappart0".to_owned(),
            "instance `db` reported an error on COMP-1/slappart1: no room".to_owned(),
        ]
    );
    let started = list(&master, &[("event", "instance_started")]).await;
    let entry = &started["entries"][0];
    for (key, value) in [
        ("kind", "event"),
        ("at", "2026-11-23T08:30:00Z"),
        ("subject", "SOFTINST-1"),
        ("computer", "COMP-1"),
        ("partition", "slappart0"),
        ("instance", "SOFTINST-1"),
        ("title", "web"),
        ("tree", "HOSTSUBS-1"),
        ("release", RELEASE),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
}

#[tokio::test]
async fn a_call_is_told_as_it_was_made() {
    let master = lived().await;
    let calls = told(&master, &[("kind", "call")]).await;
    assert_eq!(
        calls,
        [
            "loadComputerConfigurationFromXML 200",
            "supplySupply 200",
            "buildingSoftwareRelease 200",
            "availableSoftwareRelease 200",
            "requestComputerPartition 200",
            "requestComputerPartition 200",
            "startedComputerPartition 200",
            "softwareInstanceError 200",
        ]
    );
    let listed = list(&master, &[("call", "softwareInstanceError")]).await;
    let entry = &listed["entries"][0];
    for (key, value) in [
        ("method", "POST"),
        ("path", "/softwareInstanceError"),
        ("dialect", "slap"),
        ("computer", "COMP-1"),
        ("partition", "slappart1"),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    let sent = &entry["request_body"];
    assert_eq!(sent["media_type"], "application/x-www-form-urlencoded");
    assert!(
        sent["text"].as_str().unwrap().contains("error_log=no+room"),
        "{sent}"
    );
    assert_eq!(
        (&sent["is_cut"], &sent["bytes"]),
        (&json!(false), &json!(sent["text"].as_str().unwrap().len()))
    );
    assert!(entry["duration_ms"].is_number());
}

#[tokio::test]
async fn each_filter_admits_what_it_says() {
    let master = lived().await;
    master
        .post_as(("COMP-1", "slappart0"), "requestComputerPartition", &[])
        .await
        .expect(400);
    master.advance(60);
    master.information("COMP-1").await.expect(200);
    let start = "2026-11-23T08:30:30Z";
    for (filters, expected) in [
        (
            &[("kind", "call"), ("status", "4xx")][..],
            &["requestComputerPartition 400"][..],
        ),
        (&[("status", "400")], &["requestComputerPartition 400"]),
        (&[("status", "5xx")], &[]),
        (&[("status", "none")], &[]),
        (
            &[("caller", "slappart0 on COMP-1")],
            &["requestComputerPartition 400"],
        ),
        (&[("dialect", "json-rpc")], &[]),
        (
            &[("call", "getFullComputerInformation")],
            &["getFullComputerInformation 200"],
        ),
        (
            &[("since", start)],
            &[
                "computer COMP-1 asked for the first time",
                "getFullComputerInformation 200",
            ],
        ),
        (
            &[("until", start), ("call", "getFullComputerInformation")],
            &[],
        ),
        (
            &[
                ("computer", "COMP-1"),
                ("partition", "slappart1"),
                ("kind", "call"),
            ],
            &["softwareInstanceError 200"],
        ),
        (
            &[("instance", "web"), ("kind", "call")],
            &["requestComputerPartition 200"],
        ),
        (
            &[("instance", "web"), ("event", "instance_started")],
            &["instance `web` reported started on COMP-1/slappart0"],
        ),
        (
            &[("instance", "SOFTINST-2"), ("event", "instance_error")],
            &["instance `db` reported an error on COMP-1/slappart1: no room"],
        ),
        (
            &[("subject", "HOSTSUBS-2")],
            &["instance tree `db` was made"],
        ),
        (
            &[
                ("release", RELEASE),
                ("event", "instance_requested"),
                ("instance", "db"),
            ],
            &["instance `db` was requested"],
        ),
        (&[("rule", "slow")], &[]),
        (
            &[("text", "no room"), ("kind", "event")],
            &["instance `db` reported an error on COMP-1/slappart1: no room"],
        ),
        (&[("text", "error_log=no")], &["softwareInstanceError 200"]),
    ] {
        assert_eq!(told(&master, filters).await, expected, "{filters:?}");
    }
}

#[tokio::test]
async fn entries_are_read_in_pages_from_either_end() {
    let master = lived().await;
    let all = list(&master, &[]).await;
    assert_eq!(all["next"], Value::Null);
    let all = all["entries"].as_array().unwrap();
    for (order, from) in [("oldest", "after"), ("newest", "before")] {
        let mut pages: Vec<Value> = Vec::new();
        let mut next = String::new();
        loop {
            let mut query = vec![("order", order), ("limit", "4")];
            if !next.is_empty() {
                query.push((from, &next));
            }
            let page = list(&master, &query).await;
            pages.extend(page["entries"].as_array().unwrap().iter().cloned());
            match page["next"].as_u64() {
                Some(number) => next = number.to_string(),
                None => break,
            }
        }
        if order == "newest" {
            pages.reverse();
        }
        assert_eq!(&pages, all, "{order}");
    }
}

#[tokio::test]
async fn an_unknown_filter_or_value_is_refused_with_a_suggestion() {
    let master = TestMaster::start().await;
    for (query, expected) in [
        (
            ("computr", "x"),
            "`computr`: is not known here, perhaps `computer` was meant; ",
        ),
        (
            ("event", "instance_start"),
            "`event`: is `instance_start`, perhaps `instance_started` was meant; ",
        ),
        (("status", "4x"), "`status`: is `4x`, a status like "),
        (
            ("limit", "0"),
            "`limit`: is 0, a whole number from 1 to 1000 was expected",
        ),
        (
            ("limit", "many"),
            "`limit`: is `many`, a whole number was expected",
        ),
        (("after", "-1"), "`after`: is -1, "),
        (("since", "now"), "`since`: is `now`, a time like "),
        (
            ("order", "random"),
            "`order`: is `random`; expected was one of `oldest`, `newest`",
        ),
    ] {
        for path in ["journal", "journal/follow"] {
            let answer = read(&master, path, &[query]).await.expect(400);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            let followed = path != "journal" && ["limit", "order"].contains(&query.0);
            assert!(followed || detail.starts_with(expected), "{path}: {detail}");
        }
    }
    for what in ["wait", "verify"] {
        for (body, expected) in [
            (
                json!({"entry": {"computr": "x"}}),
                "`entry.computr`: is not known here, perhaps ",
            ),
            (json!({"entry": {"event": "x"}}), "`entry.event`: is `x`"),
            (
                json!({"entry": {"computer": 7}}),
                "`entry.computer`: is a number that does not fit, a text was expected",
            ),
            (
                json!({"entry": "x"}),
                "`entry`: is a text, an object was expected",
            ),
            (
                json!({"entri": {}}),
                "`entri`: is not known here, perhaps `entry` was meant",
            ),
        ] {
            let answer = ask(&master, what, &body).await.expect(400);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with(expected), "{what} {body}: {detail}");
        }
    }
}

#[tokio::test]
async fn emptying_it_leaves_nothing_and_the_numbers_go_on() {
    let master = lived().await;
    let last = list(&master, &[]).await["last"].as_u64().unwrap();
    let delete = || {
        request(Method::DELETE, JOURNAL)
            .body(Body::empty())
            .unwrap()
    };
    let cleared = master.send(delete()).await.expect(200).json();
    assert_eq!(cleared, json!({ "last": last }));
    let listed = list(&master, &[]).await;
    assert_eq!(
        (&listed["entries"], &listed["kept"]),
        (&json!([]), &json!(0))
    );
    master
        .report("stoppedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let listed = list(&master, &[("after", &last.to_string())]).await;
    assert_eq!(listed["entries"][0]["sequence"], last + 1);
    assert_eq!(listed["entries"][0]["event"], "instance_stopped");
}

#[tokio::test]
async fn what_was_counted_right_is_verified() {
    let master = lived().await;
    for (count, entry) in [
        (
            json!({"exactly": 2}),
            json!({"event": "instance_allocated"}),
        ),
        (
            json!({"at_least": 1}),
            json!({"instance": "web", "event": "instance_started"}),
        ),
        (json!({"at_most": 1}), json!({"call": "supplySupply"})),
        (
            json!({"none": true}),
            json!({"kind": "call", "status": "5xx"}),
        ),
        (json!({"exactly": 8}), json!({"status": 200})),
        (json!({}), json!({"event": "instance_error"})),
    ] {
        let mut body = count.clone();
        body["entry"] = entry;
        let answer = ask(&master, "verify", &body).await.expect(200).json();
        let entries = answer["entries"].as_array().unwrap().len();
        assert_eq!(answer["matched"], entries, "{body}");
    }
    let last = list(&master, &[]).await["last"].clone();
    let body = json!({"entry": {"event": "instance_allocated"}, "none": true, "after": last});
    ask(&master, "verify", &body).await.expect(200);
}

#[tokio::test]
async fn what_was_counted_wrong_is_told_with_what_came_near() {
    let master = lived().await;
    let body = json!({"entry": {"event": "instance_stopped", "instance": "web"}, "exactly": 1});
    let answer = ask(&master, "verify", &body).await.expect(409).json();
    assert_eq!(answer["status"], 409);
    assert_eq!(
        (&answer["matched"], &answer["entries"]),
        (&json!(0), &json!([]))
    );
    let near = answer["near_misses"].as_array().unwrap();
    let kinds: Vec<&Value> = near.iter().map(|near| &near["actual"]).collect();
    let newest_first = [
        "instance_started",
        "instance_allocated",
        "instance_requested",
        "tree_made",
    ];
    assert_eq!(kinds, newest_first);
    assert_eq!(near[0]["differs_in"], "event");
    assert_eq!(near[0]["expected"], "instance_stopped");
    assert_eq!(near[0]["entry"]["title"], "web");
    let detail = answer["detail"].as_str().unwrap();
    let expected = "expected exactly 1 of an entry with event `instance_stopped`, instance `web`, found 0; near misses: #";
    assert!(detail.starts_with(expected), "{detail}");
    assert!(
        detail.contains(
            "(instance `web` reported started on COMP-1/slappart0): `event` is `instance_started`"
        ),
        "{detail}"
    );

    let body = json!({"entry": {"event": "instance_allocated"}, "at_most": 1});
    let answer = ask(&master, "verify", &body).await.expect(409).json();
    assert_eq!(answer["entries"].as_array().unwrap().len(), 2);
    let body = json!({"entry": {"call": "supplysupply"}});
    let answer = ask(&master, "verify", &body).await.expect(409).json();
    assert_eq!(answer["near_misses"][0]["actual"], "supplySupply");
    for (body, key) in [
        (
            json!({"exactly": 1, "none": true}),
            "`none`: was given with `exactly`",
        ),
        (json!({"at_least": -1}), "`at_least`: is -1"),
    ] {
        let answer = ask(&master, "verify", &body).await.expect(400).json();
        assert!(
            answer["detail"].as_str().unwrap().starts_with(key),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_wait_is_answered_as_soon_as_it_happened_often_enough() {
    let master = lived().await;
    // What was there before counts, unless it is asked from now.
    let body = json!({"entry": {"event": "instance_allocated"}, "count": 2, "timeout_s": 0});
    let answer = ask(&master, "wait", &body).await.expect(200).json();
    assert_eq!(answer["matched"], 2);
    assert_eq!(answer["last"], answer["entries"][1]["sequence"]);
    let body = json!({"entry": {"event": "instance_stopped"}, "from_now": true});
    let stop = async || {
        master
            .report("stoppedComputerPartition", "COMP-1", "slappart0")
            .await
            .expect(200)
    };
    let (answer, _) = tokio::join!(ask(&master, "wait", &body), stop());
    let answer = answer.expect(200).json();
    assert_eq!(answer["entries"][0]["title"], "web");
    // Of the next one, not of the one before.
    let body = json!({"entry": {"event": "instance_stopped"}, "after": answer["last"]});
    let (answer, _) = tokio::join!(ask(&master, "wait", &body), stop());
    answer.expect(200);
}

#[tokio::test]
async fn a_wait_that_cannot_succeed_ends_with_what_was_seen() {
    let master = lived().await;
    let body = json!({"entry": {"event": "instance_started"}, "count": 2, "timeout_s": 0});
    let answer = ask(&master, "wait", &body).await.expect(408).json();
    assert_eq!(
        (
            &answer["matched"],
            answer["entries"].as_array().unwrap().len()
        ),
        (&json!(1), 1)
    );
    let detail = answer["detail"].as_str().unwrap();
    let expected =
        "did not happen within 0 s: 1 of 2 of an entry with event `instance_started` happened; ";
    assert!(detail.starts_with(expected), "{detail}");
    for (body, expected) in [
        (json!({}), "`body`: names not one thing to wait for"),
        (
            json!({"entry": {}, "state": {}}),
            "`body`: names not one thing to wait for",
        ),
        (
            json!({"entry": {}, "timeout_s": 301}),
            "`timeout_s`: is 301, a whole number from 0 to 300 was expected",
        ),
        (json!({"entry": {}, "count": 0}), "`count`: is 0"),
        (
            json!({"entry": {}, "after": 1, "from_now": true}),
            "`from_now`: was given with `after`",
        ),
        (
            json!({"state": {"is": "nothing_waiting"}, "count": 1}),
            "`count`: is for `entry`",
        ),
        (
            json!({"state": {"instance": "web"}}),
            "`state.is`: is missing, how an instance stands was expected",
        ),
        (
            json!({"state": {"instance": "web", "is": "available"}}),
            "`state.is`: is `available`, how an instance stands",
        ),
        (
            json!({"state": {"instance": "web", "is": "startd"}}),
            "`state.is`: is `startd`, perhaps `started` was meant",
        ),
        (
            json!({"state": {"computer": "COMP-1"}}),
            "`state.is`: is missing, how a computer stands",
        ),
        (
            json!({"state": {"computer": "COMP-1", "release": "x", "is": "seen"}}),
            "`state.is`: is `seen`, how software stands",
        ),
        (
            json!({"state": {"release": "x", "is": "available"}}),
            "`state.instance`: and what is beside it name nothing",
        ),
        (
            json!({"state": {"computer": "COMP-1", "is": "seen", "connection": {"a": "b"}}}),
            "`state.connection`: is what an instance publishes",
        ),
        (
            json!({"state": {"instance": "web", "connection": {"a": 7}}}),
            "`state.connection.a`: is a number that does not fit, a text was expected",
        ),
    ] {
        let answer = ask(&master, "wait", &body).await.expect(400).json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with(expected), "{body}: {detail}");
    }
}

#[tokio::test]
async fn a_state_that_holds_is_told_and_one_that_does_not_is_waited_for() {
    let master = lived().await;
    let holds = async |state: &Value| {
        let body = json!({"state": state, "timeout_s": 0});
        let answer = ask(&master, "wait", &body).await;
        assert!(
            [200, 408].contains(&answer.status.as_u16()),
            "{}",
            answer.body
        );
        answer.status == 200
    };
    let web = |is: &str| json!({"instance": "web", "is": is});
    let software = |is: &str| json!({"computer": "COMP-1", "release": RELEASE, "is": is});
    for (state, expected) in [
        (web("allocated"), true),
        (web("started"), true),
        (web("stopped"), false),
        (web("error"), false),
        (web("destroyed"), false),
        (json!({"instance": "SOFTINST-2", "is": "error"}), true),
        (json!({"instance": "nobody", "is": "allocated"}), false),
        (json!({"instance": "nobody", "is": "destroyed"}), false),
        (software("available"), true),
        (software("building"), false),
        (software("error"), false),
        (software("destroyed"), false),
        (json!({"computer": "COMP-1", "is": "seen"}), false),
        (json!({"computer": "COMP-9", "is": "seen"}), false),
        (json!({"is": "nothing_waiting"}), true),
    ] {
        assert_eq!(holds(&state).await, expected, "{state}");
    }
    let wait = async |state: Value| {
        let answer = ask(&master, "wait", &json!({ "state": state }))
            .await
            .expect(200);
        answer.json()["seen"].clone()
    };
    let (seen, _) = tokio::join!(wait(json!({"computer": "COMP-1", "is": "seen"})), async {
        master.information("COMP-1").await.expect(200)
    });
    assert_eq!(seen, json!(["computer COMP-1 was seen"]));
    let published = json!({"instance": "web", "connection": {"url": "http://[::1]/", "empty": ""}});
    assert!(!holds(&published).await);
    let (seen, _) = tokio::join!(wait(published), async {
        let xml = dictionary(&[
            ("url", "http://[::1]/"),
            ("password", "hunter2"),
            ("empty", ""),
        ]);
        publish(&master, "slappart0", &xml).await
    });
    assert!(!seen.to_string().contains("hunter2"), "{seen}");
    let (_, _) = tokio::join!(wait(web("destroyed")), async {
        master
            .request(Request::new("web").state("destroyed"))
            .await
            .expect(408);
        master
            .report("destroyedComputerPartition", "COMP-1", "slappart0")
            .await
            .expect(200)
    });
    let release = [
        ("computer_id", "COMP-1"),
        ("url", RELEASE),
        ("state", "destroyed"),
    ];
    master.post("supplySupply", &release).await.expect(200);
    let (_, _) = tokio::join!(wait(software("destroyed")), async {
        master
            .post("destroyedSoftwareRelease", &release)
            .await
            .expect(200)
    });
    for title in ["a", "b"] {
        master.request(Request::new(title)).await.expect(200);
    }
    master.request(Request::new("c")).await.expect(408);
    assert!(!holds(&json!({"is": "nothing_waiting"})).await);
    let (seen, ()) = tokio::join!(
        wait(json!({"is": "nothing_waiting"})),
        master.format("COMP-2", 1)
    );
    assert_eq!(seen, json!([]));
    let waiting = told(&master, &[("event", "instance_waiting")]).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
}

async fn publish(master: &TestMaster, partition: &str, xml: &str) -> Answer {
    let fields = [
        ("computer_id", "COMP-1"),
        ("computer_partition_id", partition),
        ("connection_xml", xml),
    ];
    master
        .post("setComputerPartitionConnectionXml", &fields)
        .await
        .expect(200)
}

#[tokio::test]
async fn waits_end_when_the_world_closes() {
    let master = lived().await;
    for body in [
        json!({"entry": {"text": "never"}, "timeout_s": 300}),
        json!({"state": {"instance": "web", "is": "stopped"}, "timeout_s": 300}),
    ] {
        let wait = ask(&master, "wait", &body);
        let end = async { master.master.journal().end() };
        let (answer, ()) = tokio::join!(wait, end);
        assert!(answer.expect(503).body.contains("The world closes"));
    }
}

#[tokio::test]
async fn what_asks_the_journal_leaves_no_trace_in_it_and_what_changes_the_world_does() {
    let master = TestMaster::start().await;
    list(&master, &[]).await;
    ask(&master, "verify", &json!({"none": true}))
        .await
        .expect(200);
    ask(&master, "wait", &json!({"entry": {}, "timeout_s": 0}))
        .await
        .expect(408);
    master.read("/_mock/v1/tokens", &[]).await.expect(200);
    master.read("/_mock/health/live", &[]).await.expect(200);
    assert_eq!(list(&master, &[]).await["last"], 0);
    let call = request(Method::POST, "/_mock/v1/tokens")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            r#"{"purpose": "user", "value": "hunter2hunter2"}"#,
        ));
    master.send(call.unwrap()).await.expect(201);
    let listed = list(&master, &[]).await;
    assert_eq!(listed["entries"][0]["event"], "token_made");
    let call = &listed["entries"][1];
    assert_eq!(
        (&call["dialect"], &call["status"]),
        (&json!("control"), &json!(201))
    );
    assert_eq!(
        call["request_body"]["text"],
        r#"{"purpose": "user", "value": "(redacted)"}"#
    );
    assert!(!listed.to_string().contains("hunter2"), "{listed}");
    // Not by looking for it either.
    assert_eq!(told(&master, &[("text", "hunter2")]).await, [""; 0]);
}

#[tokio::test]
async fn a_long_body_is_cut_and_the_call_of_many_polls_shares_one() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 200).await;
    master.information("COMP-1").await.expect(200);
    let before = list(&master, &[]).await["kept_bytes"].as_u64().unwrap();
    for _ in 0..100 {
        master.information("COMP-1").await.expect(200);
    }
    let listed = list(&master, &[("call", "getFullComputerInformation")]).await;
    let body = &listed["entries"][0]["response_body"];
    assert_eq!(body["is_cut"], true);
    assert!(body["bytes"].as_u64().unwrap() > 16 * 1024, "{body}");
    assert_eq!(body["text"].as_str().unwrap().len(), 16 * 1024);
    let grown = listed["kept_bytes"].as_u64().unwrap() - before;
    assert!(grown < 100 * 1024, "{grown} bytes for 100 polls");
}
