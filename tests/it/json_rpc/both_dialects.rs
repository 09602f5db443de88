//! Both dialects see the same world: what is changed in one is read in the other, for every
//! operation, in both directions.

use serde_json::json;

use super::{call, done, formatted, guid, instance, on_computer, requested, result, wanted, with};
use crate::support::master::{RELEASE, Request, TestMaster, configuration, dictionary};

const AT: [(&str, &str); 2] = [
    ("computer_id", "COMP-1"),
    ("computer_partition_id", "slappart0"),
];

/// The fields of a call about `slappart0`, with one more.
fn here<'f>(name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut fields = AT.to_vec();
    fields.push((name, value));
    fields
}

async fn partition(master: &TestMaster) -> crate::support::master::Answer {
    master.partition("COMP-1", "slappart0").await.expect(200)
}

async fn status(master: &TestMaster) -> String {
    let answer = master.get("getComputerPartitionStatus", &AT).await;
    answer.expect(200).text_of("text").to_owned()
}

#[tokio::test]
async fn a_format_in_either_dialect_is_the_others() {
    let master = TestMaster::start().await;
    let format = with(
        on_computer(),
        json!({"compute_partition_list": [{"partition_id": "slappart0",
            "ip_list": [{"ip-address": "10.9.9.9", "network-interface": "tap"}]}]}),
    );
    done(
        &master,
        "put.v0.compute_node_format",
        &format,
        "Format handled",
    )
    .await;
    master.request(Request::new("web")).await.expect(200);
    let told = partition(&master).await;
    assert!(
        told.body.contains("<string>10.9.9.9</string>"),
        "{}",
        told.body
    );

    let xml = configuration("COMP-1", 1);
    let classic = "loadComputerConfigurationFromXML";
    master.post(classic, &[("xml", &xml)]).await.expect(200);
    let web = instance(&master, "SOFTINST-1").await;
    // What has another interface is not the classic format's to take away.
    assert_eq!(
        web["ip_list"],
        json!([["tap", "10.9.9.9"], ["slaptap0", "10.0.0.0"]])
    );
}

#[tokio::test]
async fn a_request_in_either_dialect_is_the_others() {
    let master = formatted(2).await;
    let parameters =
        json!({"parameters": {"size": "3"}, "sla_parameters": {"computer_guid": "COMP-1"}});
    let web = requested(&master, &with(wanted("web"), parameters)).await;
    let again = Request::new("web")
        .parameter("size", "3")
        .sla("computer_guid", "COMP-1");
    let before = master.dump().await;
    let classic = master.request(again).await.expect(200);
    assert_eq!(
        master.dump().await,
        before,
        "the same request changed something"
    );
    assert_eq!(classic.text_of("_instance_guid"), guid(&web));
    let time = web["processing_timestamp"].to_string();
    assert_eq!(classic.told("timestamp"), format!("<int>{time}</int>"));

    let db = Request::new("db").parameter("a", "b");
    let db = master.request(db).await.expect(200);
    let told = instance(&master, db.text_of("_instance_guid")).await;
    assert_eq!(told["parameters"], json!({"a": "b"}));
    let arguments = with(wanted("db"), json!({"parameters": {"a": "b"}}));
    let before = master.dump().await;
    assert_eq!(requested(&master, &arguments).await, told);
    assert_eq!(
        master.dump().await,
        before,
        "the same request changed something"
    );
}

#[tokio::test]
async fn a_stop_and_a_destruction_in_either_dialect_are_the_others() {
    let master = formatted(2).await;
    let web = requested(&master, &wanted("web")).await;
    master
        .request(Request::new("web").state("stopped"))
        .await
        .expect(200);
    assert_eq!(instance(&master, guid(&web)).await["state"], "stopped");
    requested(&master, &with(wanted("web"), json!({"state": "started"}))).await;
    assert_eq!(
        partition(&master).await.text_of("_requested_state"),
        "started"
    );
    requested(&master, &with(wanted("web"), json!({"state": "destroyed"}))).await;
    assert_eq!(
        partition(&master).await.text_of("_requested_state"),
        "destroyed"
    );
    master
        .report("destroyedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(200);
    let gone = json!({"instance_guid": guid(&web)});
    call(&master, "get.v0.software_instance", &gone)
        .await
        .expect(403);

    master.request(Request::new("db")).await.expect(200);
    let destroyed = Request::new("db").state("destroyed");
    master.request(destroyed).await.expect(408);
    let report = json!({"instance_guid": "SOFTINST-2", "reported_state": "destroyed"});
    let method = "put.v0.software_instance_reported_state";
    done(&master, method, &report, "State reported").await;
    let listed = result(
        &master,
        "allDocs.v0.compute_node_instance_list",
        &on_computer(),
    )
    .await;
    assert_eq!(listed, json!({"result_list": []}));
    master
        .report("startedComputerPartition", "COMP-1", "slappart0")
        .await
        .expect(404);
}

#[tokio::test]
async fn a_report_in_either_dialect_is_the_others() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let method = "put.v0.software_instance_reported_state";
    for state in ["started", "stopped"] {
        let report = json!({"instance_guid": guid(&web), "reported_state": state});
        done(&master, method, &report, "State reported").await;
        assert_eq!(
            status(&master).await,
            format!("#access Instance correctly {state}")
        );
        let call = format!(
            "{}ComputerPartition",
            if state == "started" {
                "stopped"
            } else {
                "started"
            }
        );
        master
            .report(&call, "COMP-1", "slappart0")
            .await
            .expect(200);
        assert_eq!(
            instance(&master, guid(&web)).await["access_status_message"],
            status(&master).await
        );
    }
    let report = json!({"instance_guid": guid(&web), "message": "one"});
    done(
        &master,
        "put.v0.software_instance_error",
        &report,
        "Error reported",
    )
    .await;
    assert_eq!(status(&master).await, "#error while instanciating: one");
    let call = "softwareInstanceError";
    master
        .post(call, &here("error_log", "two"))
        .await
        .expect(200);
    assert_eq!(
        instance(&master, guid(&web)).await["access_status_message"],
        "#error while instanciating: two"
    );
}

#[tokio::test]
async fn a_bang_in_either_dialect_is_the_others() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let classic = async || partition(&master).await.told("timestamp").to_owned();
    let told = async || instance(&master, guid(&web)).await["processing_timestamp"].to_string();
    let bang = json!({"instance_guid": guid(&web), "message": "x"});
    let before = classic().await;
    done(
        &master,
        "put.v0.software_instance_bang",
        &bang,
        "Bang handled",
    )
    .await;
    let after = classic().await;
    assert_ne!(before, after);
    assert_eq!(format!("<int>{}</int>", told().await), after);
    let before = told().await;
    master
        .post("softwareInstanceBang", &here("message", "y"))
        .await
        .expect(200);
    assert_ne!(told().await, before);

    let computer_status = async || {
        let answer = master
            .get("getComputerStatus", &[("computer_id", "COMP-1")])
            .await;
        answer.expect(200).text_of("text").to_owned()
    };
    let bang = with(on_computer(), json!({"message": "one"}));
    done(&master, "put.v0.compute_node_bang", &bang, "Bang handled").await;
    assert_eq!(computer_status().await, "#error bang: one");
    let fields = [("computer_id", "COMP-1"), ("message", "two")];
    master.post("computerBang", &fields).await.expect(200);
    let status = result(&master, "get.v0.compute_node_status", &on_computer()).await;
    assert_eq!(status["text"], "#error bang: two");
}

#[tokio::test]
async fn what_is_published_in_either_dialect_is_read_in_the_other() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let publish = json!({"instance_guid": guid(&web), "connection_parameter_dict": {"url": "a"}});
    let method = "put.v0.software_instance_connection_parameter";
    done(&master, method, &publish, "connection parameter updated").await;
    let request = master.request(Request::new("web")).await.expect(200);
    assert_eq!(request.text_of("url"), "a");
    let connection = dictionary(&[("url", "b"), ("e", "")]);
    let call = "setComputerPartitionConnectionXml";
    master
        .post(call, &here("connection_xml", &connection))
        .await
        .expect(200);
    assert_eq!(
        instance(&master, guid(&web)).await["connection_parameters"],
        json!({"url": "b", "e": null})
    );
    let shared = with(wanted("front"), json!({"shared": true}));
    let front = requested(&master, &shared).await;
    let publish = json!({"instance_guid": guid(&front), "connection_parameter_dict": {"u": "c"}});
    done(&master, method, &publish, "connection parameter updated").await;
    let request = master
        .request(Request::new("front").shared())
        .await
        .expect(200);
    assert_eq!(request.text_of("u"), "c");
    let connection = dictionary(&[("u", "d")]);
    let mut fields = here("connection_xml", &connection);
    fields.push(("slave_reference", guid(&front)));
    master.post(call, &fields).await.expect(200);
    assert_eq!(
        instance(&master, guid(&front)).await["connection_parameters"],
        json!({"u": "d"})
    );
}

#[tokio::test]
async fn a_rename_in_either_dialect_is_the_others() {
    let master = formatted(1).await;
    let web = requested(&master, &wanted("web")).await;
    let rename = json!({"instance_guid": guid(&web), "title": "one"});
    done(
        &master,
        "put.v0.software_instance_title",
        &rename,
        "Title updated",
    )
    .await;
    assert_eq!(partition(&master).await.text_of("instance_title"), "one");
    let call = "softwareInstanceRename";
    master
        .post(call, &here("new_name", "two"))
        .await
        .expect(200);
    assert_eq!(instance(&master, guid(&web)).await["title"], "two");
    let trees = result(&master, "allDocs.v0.instance_tree_list", &json!({})).await;
    assert_eq!(trees, json!({"result_list": [{"title": "two"}]}));
}

#[tokio::test]
async fn software_in_either_dialect_is_the_others() {
    let master = formatted(1).await;
    let listed = async || {
        let method = "allDocs.v0.compute_node_software_installation_list";
        result(&master, method, &on_computer()).await["result_list"].take()
    };
    let release = with(on_computer(), json!({"software_release_uri": RELEASE}));
    let supply = "post.v0.software_installation";
    done(&master, supply, &release, "State changed").await;
    let told = master.information("COMP-1").await.expect(200);
    assert_eq!(told.text_of("_software_release"), RELEASE);
    let destroy = [
        ("computer_id", "COMP-1"),
        ("url", RELEASE),
        ("state", "destroyed"),
    ];
    master.post("supplySupply", &destroy).await.expect(200);
    assert_eq!(listed().await[0]["state"], "destroyed");
    let report = with(release.clone(), json!({"reported_state": "destroyed"}));
    let method = "put.v0.software_installation_reported_state";
    done(&master, method, &report, "State reported").await;
    assert!(
        !master
            .information("COMP-1")
            .await
            .expect(200)
            .tells("_software_release")
    );

    master.supply("COMP-1", RELEASE).await;
    let fields = [("computer_id", "COMP-1"), ("url", RELEASE)];
    let status = async || {
        let answer = master.get("getSoftwareInstallationStatus", &fields).await;
        answer.expect(200).text_of("text").to_owned()
    };
    let report = with(release.clone(), json!({"reported_state": "building"}));
    done(&master, method, &report, "State reported").await;
    assert!(status().await.starts_with("#building "));
    let withdrawn = with(release, json!({"state": "destroyed"}));
    done(&master, supply, &withdrawn, "State changed").await;
    master
        .post("destroyedSoftwareRelease", &fields)
        .await
        .expect(200);
    assert_eq!(listed().await, json!([]));
}

#[tokio::test]
async fn certificates_in_either_dialect_are_the_others() {
    let master = formatted(1).await;
    result(&master, "post.v0.compute_node_certificate", &on_computer()).await;
    let fields = [("computer_id", "COMP-1")];
    master
        .post("generateComputerCertificate", &fields)
        .await
        .expect(404);
    master
        .post("revokeComputerCertificate", &fields)
        .await
        .expect(200);
    let revoke = "remove.v0.compute_node_certificate";
    call(&master, revoke, &on_computer()).await.expect(403);
    master
        .post("generateComputerCertificate", &fields)
        .await
        .expect(200);
    done(&master, revoke, &on_computer(), "Certificate removed").await;

    let web = requested(&master, &wanted("web")).await;
    let arguments = json!({"instance_guid": guid(&web)});
    let pair = result(&master, "get.v0.software_instance_certificate", &arguments).await;
    let classic = master
        .get("getComputerPartitionCertificate", &AT)
        .await
        .expect(200);
    assert_eq!(pair["certificate"], classic.text_of("certificate"));
}

#[tokio::test]
async fn a_poll_in_either_dialect_is_seen_in_the_other() {
    let master = formatted(1).await;
    master.information("COMP-1").await.expect(200);
    let status = result(&master, "get.v0.compute_node_status", &on_computer()).await;
    assert_eq!(status["text"], "#access COMP-1");
    master.format("COMP-2", 0).await;
    let arguments = json!({"computer_guid": "COMP-2"});
    result(&master, "allDocs.v0.compute_node_instance_list", &arguments).await;
    let fields = [("computer_id", "COMP-2")];
    let classic = master.get("getComputerStatus", &fields).await.expect(200);
    assert_eq!(classic.text_of("text"), "#access COMP-2");
}
