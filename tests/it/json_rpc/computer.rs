//! Format, bang, status, usage, certificates and the lists of a computer.

use serde_json::{Value, json};

use super::{
    call, done, formatted, guid, instance, on_computer, refused, requested, result, wanted, with,
};
use crate::support::master::{RELEASE, TestMaster};

const FORMAT: &str = "put.v0.compute_node_format";
const STATUS: &str = "get.v0.compute_node_status";
const BANG: &str = "put.v0.compute_node_bang";
const USAGE: &str = "post.v0.compute_node_usage";
const INSTANCES: &str = "allDocs.v0.compute_node_instance_list";
const SOFTWARE: &str = "allDocs.v0.compute_node_software_installation_list";

fn partitions(partitions: &Value) -> Value {
    json!({"computer_guid": "COMP-1", "compute_partition_list": partitions})
}

#[tokio::test]
async fn formatting_makes_a_computer_whose_addresses_are_told_in_one_list_each() {
    let master = TestMaster::start().await;
    let arguments = partitions(&json!([{
        "partition_id": "slappart0",
        "capability_list": ["x"],
        "ip_list": [
            {"ip-address": "10.0.7.10", "network-interface": "slaptap0", "netmask": "255.255.255.255"},
            {"ip-address": "fd00:7::10", "network-interface": "route_slaptap0",
             "netmask": "ffff::", "gateway-ip-address": "fd00:7::1", "network-address": "fd00:7::"},
            {"ip-address": "10.0.7.11"},
        ],
    }]));
    done(&master, FORMAT, &arguments, "Format handled").await;
    // A partition with a capability takes only what asks for it.
    let plain = requested(&master, &wanted("plain")).await;
    assert_eq!(plain["computer_guid"], "");
    let sla = json!({"sla_parameters": {"capability": "x"}});
    let web = requested(&master, &with(wanted("web"), sla)).await;
    assert_eq!(
        web["ip_list"],
        json!([["slaptap0", "10.0.7.10"], ["", "10.0.7.11"]])
    );
    assert_eq!(
        web["full_ip_list"],
        json!([[
            "route_slaptap0",
            "fd00:7::10",
            "fd00:7::1",
            "ffff::",
            "fd00:7::"
        ]])
    );
}

#[tokio::test]
async fn the_same_format_again_changes_nothing_and_another_only_what_differs() {
    let master = TestMaster::start().await;
    let one = json!({"partition_id": "slappart0", "ip_list": [{"ip-address": "10.0.0.1"}]});
    let two = json!({"partition_id": "slappart1"});
    let arguments = partitions(&json!([one, two]));
    done(&master, FORMAT, &arguments, "Format handled").await;
    let web = requested(&master, &wanted("web")).await;
    let before = master.dump().await;
    done(&master, FORMAT, &arguments, "Format handled").await;
    assert_eq!(master.dump().await, before);
    // Of partitions that are sent twice the last counts.
    let arguments = partitions(&json!([two, one, {"partition_id": "slappart0"}]));
    done(&master, FORMAT, &arguments, "Format handled").await;
    let after = instance(&master, guid(&web)).await;
    assert_eq!(after["ip_list"], json!([]));
    assert_eq!(after["compute_partition_id"], "slappart0");
    // Nothing that is not sent any more goes.
    done(&master, FORMAT, &partitions(&json!([])), "Format handled").await;
    assert_eq!(instance(&master, guid(&web)).await["title"], "web");
    let late = requested(&master, &wanted("late")).await;
    assert_eq!(late["compute_partition_id"], "");
}

#[tokio::test]
async fn what_cannot_be_named_is_not_formatted() {
    let master = TestMaster::start().await;
    let unnamed = json!({"computer_guid": "", "compute_partition_list": []});
    refused(&master, FORMAT, &unnamed, 404, "not-found").await;
    let unnamed = partitions(&json!([{"partition_id": ""}]));
    refused(&master, FORMAT, &unnamed, 404, "not-found").await;
    let illegal = partitions(&json!([{"partition_id": "a"}, {"partition_id": "b\u{1}"}]));
    let kind = "invalid-json-object-content";
    let title = refused(&master, FORMAT, &illegal, 400, kind).await;
    assert!(
        title.starts_with("`compute_partition_list[1].partition_id`"),
        "{title}"
    );
    let illegal = partitions(&json!([{"partition_id": "a", "ip_list": [{"ip-address": "\u{0}"}]}]));
    let title = refused(&master, FORMAT, &illegal, 400, kind).await;
    let path = "`compute_partition_list[0].ip_list[0].ip-address`";
    assert!(title.starts_with(path), "{title}");
}

#[tokio::test]
async fn a_node_that_lists_is_seen_and_a_bang_is_its_status() {
    let master = formatted(1).await;
    let status = async || result(&master, STATUS, &on_computer()).await;
    let unseen = status().await;
    assert_eq!(unseen["no_data"], 1);
    assert_eq!(unseen["user"], "SlapOS Master");
    assert_eq!(unseen["portal_type"], "Compute Node");
    result(&master, INSTANCES, &on_computer()).await;
    let seen = status().await;
    assert_eq!(
        seen,
        json!({
            "reference": "COMP-1",
            "portal_type": "Compute Node",
            "user": "COMP-1",
            "created_at": "Mon, 23 Nov 2026 08:30:00 GMT",
            "since": "Mon, 23 Nov 2026 08:30:00 GMT",
            "state": "",
            "text": "#access COMP-1",
            "no_data_since_15_minutes": 0,
            "no_data_since_5_minutes": 0,
        })
    );
    let web = requested(&master, &wanted("web")).await;
    let message = with(on_computer(), json!({"message": "disk full"}));
    done(&master, BANG, &message, "Bang handled").await;
    assert_eq!(status().await["text"], "#error bang: disk full");
    let banged = instance(&master, guid(&web)).await;
    assert!(banged["processing_timestamp"].as_i64() > web["processing_timestamp"].as_i64());
    master.advance(500);
    assert_eq!(status().await["no_data_since_15_minutes"], 1);
}

#[tokio::test]
async fn an_unknown_computer_is_not_found() {
    let master = TestMaster::start().await;
    for (method, more) in [
        (STATUS, json!({})),
        (BANG, json!({"message": "x"})),
        (INSTANCES, json!({})),
        (SOFTWARE, json!({})),
        ("post.v0.compute_node_certificate", json!({})),
        ("remove.v0.compute_node_certificate", json!({})),
        (USAGE, json!({"tioxml": report("1.0")})),
        (
            "post.v0.software_installation",
            json!({"software_release_uri": "u"}),
        ),
        (
            "put.v0.software_installation_error",
            json!({"software_release_uri": "u", "message": ""}),
        ),
        (
            "get.v0.compute_partition",
            json!({"compute_partition_id": "slappart0"}),
        ),
    ] {
        for computer in ["COMP-9", "", "a\u{0}"] {
            let arguments = with(json!({"computer_guid": computer}), more.clone());
            refused(&master, method, &arguments, 404, "not-found").await;
        }
    }
}

#[tokio::test]
async fn a_computer_lists_its_instances_and_its_software() {
    let master = formatted(2).await;
    master.supply("COMP-1", RELEASE).await;
    assert_eq!(
        result(&master, INSTANCES, &on_computer()).await,
        json!({"result_list": []})
    );
    requested(&master, &wanted("web")).await;
    let shared = with(wanted("front"), json!({"shared": true}));
    requested(&master, &shared).await;
    requested(&master, &with(wanted("db"), json!({"state": "stopped"}))).await;
    let row = |title: &str, guid: &str, state: &str, partition: &str| {
        json!({
            "title": title,
            "instance_guid": guid,
            "state": state,
            "compute_partition_id": partition,
            "software_release_uri": RELEASE,
        })
    };
    assert_eq!(
        result(&master, INSTANCES, &on_computer()).await,
        json!({"result_list": [
            row("web", "SOFTINST-1", "started", "slappart0"),
            row("db", "SOFTINST-3", "stopped", "slappart1"),
        ]})
    );
    // Asked to be destroyed and not yet reported gone, it is still listed.
    let destroyed = with(wanted("db"), json!({"state": "destroyed"}));
    assert_eq!(requested(&master, &destroyed).await, super::not_ready());
    let listed = result(&master, INSTANCES, &on_computer()).await;
    assert_eq!(
        listed["result_list"][1],
        row("db", "SOFTINST-3", "destroyed", "slappart1")
    );
    assert_eq!(
        result(&master, SOFTWARE, &on_computer()).await,
        json!({"result_list": [{"software_release_uri": RELEASE, "state": "available"}]})
    );
    master.format("COMP-10", 0).await;
    master.format("COMP-2", 0).await;
    let computers = "allDocs.WIP.compute_node_list";
    assert_eq!(
        result(&master, computers, &json!({})).await,
        json!({"result_list": [
            {"computer_guid": "COMP-1"}, {"computer_guid": "COMP-2"}, {"computer_guid": "COMP-10"},
        ]})
    );
}

fn report(quantity: &str) -> String {
    format!(
        "<journal><transaction type=\"Sale Packing List\"><title>t</title>\
         <start_date>2026-11-23</start_date><stop_date>2026-11-24</stop_date>\
         <reference>r</reference><currency>EUR</currency><payment_mode/><category/>\
         <arrow type=\"Destination\"/><movement><resource>cpu</resource>\
         <reference>COMP-1</reference><quantity>{quantity}</quantity><price>0.0</price><VAT/>\
         <category/></movement></transaction></journal>"
    )
}

#[tokio::test]
async fn a_usage_report_is_checked_and_kept() {
    let master = formatted(1).await;
    let arguments = |tioxml: &str| with(on_computer(), json!({"tioxml": tioxml}));
    for broken in ["", "<journal/>", "<journal"] {
        refused(&master, USAGE, &arguments(broken), 400, "INVALIDATE_TIOXML").await;
    }
    let good = report("1.5");
    done(&master, USAGE, &arguments(&good), "Usage reported").await;
    let kept = master
        .master
        .usage_reports("TIOCONS-COMP-1-r")
        .await
        .unwrap();
    assert_eq!(kept, [(1, good)]);
}

#[tokio::test]
async fn a_computer_has_one_certificate_at_a_time() {
    let master = formatted(1).await;
    let issue = "post.v0.compute_node_certificate";
    let revoke = "remove.v0.compute_node_certificate";
    refused(&master, revoke, &on_computer(), 403, "NO-CERTIFICATE").await;
    let issued = result(&master, issue, &on_computer()).await;
    let certificate = issued["certificate"].as_str().unwrap();
    assert!(
        certificate.contains("Subject: CN=COMP-1/emailAddress="),
        "no text form"
    );
    assert!(certificate.contains("-----BEGIN CERTIFICATE-----"));
    assert!(
        issued["key"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    assert_eq!(issued.as_object().unwrap().len(), 2);
    let kind = "CERTIFICATE-STILL-ACTIVE";
    refused(&master, issue, &on_computer(), 403, kind).await;
    done(&master, revoke, &on_computer(), "Certificate removed").await;
    result(&master, issue, &on_computer()).await;
}

#[tokio::test]
async fn the_hateoas_url_is_that_of_the_classic_dialect() {
    let master = TestMaster::start().await;
    let told = result(&master, "get.v0.hateoas_url", &json!({})).await;
    let classic = master.get("getHateoasUrl", &[]).await.expect(200).body;
    assert_eq!(told, json!({"hateoas_url": classic}));
    let off = TestMaster::preset(slapmaster::domain::behaviour::Preset::Default)
        .switch("hateoas.url", "off")
        .start()
        .await;
    let kind = "HATEOAS-URL-NOT-FOUND";
    refused(&off, "get.v0.hateoas_url", &json!({}), 403, kind).await;
}

#[tokio::test]
async fn no_answer_may_be_kept() {
    let master = formatted(1).await;
    let answer = call(&master, STATUS, &on_computer()).await.expect(200);
    for header in ["etag", "last-modified", "cache-control", "vary"] {
        assert_eq!(answer.header(header), None, "{header}");
    }
}
