//! Bad input, of any call: the status, the field that is named, and nothing changed.

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::support::master::{RELEASE, TestMaster, dictionary, request, url_encoded};

const SUPPLY: &str = "supplySupply";
const FORM: &str = "application/x-www-form-urlencoded";

async fn post(
    master: &TestMaster,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<Body>,
) -> crate::support::master::Answer {
    let mut call = request(Method::POST, path);
    if let Some(content_type) = content_type {
        call = call.header(header::CONTENT_TYPE, content_type);
    }
    master.send(call.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let master = TestMaster::start().await;
    let check = async |call: &str, fields: &[(&str, &str)], field: &str| {
        let answer = master.post(call, fields).await.expect(400);
        let expected = format!("`{field}`: is missing, ");
        assert!(
            answer.body.starts_with(&expected),
            "{call}: {}",
            answer.body
        );
    };
    let computer = ("computer_id", "COMP-1");
    let partition = ("computer_partition_id", "slappart0");
    check(SUPPLY, &[computer], "url").await;
    check(SUPPLY, &[("url", RELEASE)], "computer_id").await;
    check("loadComputerConfigurationFromXML", &[], "xml").await;
    check("requestComputerPartition", &[], "partition_reference").await;
    let title = ("partition_reference", "web");
    check("requestComputerPartition", &[title], "software_release").await;
    check("computerBang", &[computer], "message").await;
    check("useComputer", &[computer], "use_string").await;
    for call in [
        "buildingSoftwareRelease",
        "availableSoftwareRelease",
        "destroyedSoftwareRelease",
    ] {
        check(call, &[computer], "url").await;
    }
    let url = ("url", RELEASE);
    check("softwareReleaseError", &[computer, url], "error_log").await;
    for call in [
        "startedComputerPartition",
        "stoppedComputerPartition",
        "destroyedComputerPartition",
        "buildingComputerPartition",
        "availableComputerPartition",
        "softwareInstanceBang",
        "softwareInstanceRename",
        "setComputerPartitionConnectionXml",
        "updateComputerPartitionRelatedInstanceList",
    ] {
        check(call, &[computer], "computer_partition_id").await;
        check(call, &[partition], "computer_id").await;
    }
    let at = [computer, partition];
    check("softwareInstanceError", &at, "error_log").await;
    check("softwareInstanceBang", &at, "message").await;
    check("softwareInstanceRename", &at, "new_name").await;
    check("setComputerPartitionConnectionXml", &at, "connection_xml").await;
    let related = "updateComputerPartitionRelatedInstanceList";
    check(related, &at, "instance_reference_xml").await;
}

#[tokio::test]
async fn what_is_missing_of_a_read_is_named() {
    let master = TestMaster::start().await;
    let check = async |call: &str, fields: &[(&str, &str)], field: &str| {
        let answer = master.get(call, fields).await.expect(400);
        let expected = format!("`{field}`: is missing, ");
        assert!(
            answer.body.starts_with(&expected),
            "{call}: {}",
            answer.body
        );
    };
    let computer = ("computer_id", "COMP-1");
    check("getFullComputerInformation", &[], "computer_id").await;
    check("getComputerInformation", &[], "computer_id").await;
    check("getComputerStatus", &[], "computer_id").await;
    for call in ["getComputerPartitionStatus", "getHostingSubscriptionIpList"] {
        check(call, &[computer], "computer_partition_id").await;
    }
    check("getSoftwareInstallationStatus", &[computer], "url").await;
    let register = "registerComputerPartition";
    check(register, &[computer], "computer_reference").await;
    let reference = ("computer_reference", "COMP-1");
    check(register, &[reference], "computer_partition_reference").await;
    let products = "getSoftwareReleaseListFromSoftwareProduct";
    check(products, &[], "software_product_reference").await;
}

#[tokio::test]
async fn an_empty_title_url_or_reference_counts_as_missing() {
    let master = TestMaster::start().await;
    let check = async |call: &str, fields: &[(&str, &str)], field: &str| {
        let answer = master.post(call, fields).await.expect(400);
        let expected = format!("`{field}`: is empty, a text was expected\n");
        assert_eq!(answer.body, expected, "{call}");
    };
    check(SUPPLY, &[("computer_id", ""), ("url", "u")], "computer_id").await;
    check(SUPPLY, &[("computer_id", "c"), ("url", "")], "url").await;
    let request = "requestComputerPartition";
    let title = ("partition_reference", "");
    check(
        request,
        &[title, ("software_release", "u")],
        "partition_reference",
    )
    .await;
    let at = [("computer_id", "c"), ("computer_partition_id", "p")];
    let rename = [at[0], at[1], ("new_name", "")];
    check("softwareInstanceRename", &rename, "new_name").await;
}

#[tokio::test]
async fn a_form_is_read_strictly() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let check = async |body: &'static str, expected: &str| {
        let answer = post(&master, "/supplySupply", Some(FORM), body).await;
        assert_eq!(answer.clone().expect(400).body, expected);
    };
    check(
        "computer_id=COMP-1&url=u&url=u",
        "`url`: is repeated in the body, it was expected once\n",
    )
    .await;
    check(
        "computer_id=COMP-1&url=%zz",
        "`url`: has a broken percent-encoding: two hexadecimal digits were expected after each `%`\n",
    )
    .await;
    check(
        "computer_id=COMP-1&url=%ff",
        "`url`: is not UTF-8 from byte 0, a text in UTF-8 was expected\n",
    )
    .await;
    check(
        "computer_id=COMP-1&url=%00",
        "`url`: the character at position 0 is not allowed in XML 1.0\n",
    )
    .await;
    let information = master.information("COMP-1").await;
    assert!(
        information
            .body
            .contains("<string>_software_release_list</string><list id=\"i7\"/>"),
        "{}",
        information.body
    );
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let body = url_encoded(&[("computer_id", "COMP-1"), ("url", RELEASE)]);
    for content_type in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
    ] {
        let answer = post(&master, "/supplySupply", content_type, body.clone()).await;
        let body = answer.expect(400).body;
        assert!(body.starts_with("`Content-Type`: is "), "{body}");
    }
    // Without a body there is nothing to mistake.
    post(
        &master,
        &format!("/supplySupply?{body}"),
        None,
        Body::empty(),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn parameters_of_a_post_may_stand_in_the_query_and_the_body_wins() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let path = "/supplySupply?computer_id=COMP-1&url=query&unknown=x&unknown=y";
    post(&master, path, Some(FORM), "url=body")
        .await
        .expect(200);
    let body = master.information("COMP-1").await.body;
    assert!(body.contains("<string>body</string>"), "{body}");
    assert!(!body.contains("<string>query</string>"), "{body}");
}

#[tokio::test]
async fn hostile_xml_is_refused_by_the_name_of_its_field() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let check = async |xml: &str, reason: &str| {
        let fields = [
            ("partition_reference", "web"),
            ("software_release", RELEASE),
            ("partition_parameter_xml", xml),
        ];
        let body = master
            .post("requestComputerPartition", &fields)
            .await
            .expect(400)
            .body;
        assert!(body.starts_with("`partition_parameter_xml`: "), "{body}");
        assert!(body.contains(reason), "{xml}: {body}");
    };
    check("", "").await;
    check("<marshal>", "").await;
    check("<marshal><foo/></marshal>", "foo").await;
    check(
        "<marshal><string>a</string></marshal>",
        "is a text, a dictionary was expected",
    )
    .await;
    check(
        "<!DOCTYPE x [<!ENTITY a \"b\">]><marshal><string>&a;</string></marshal>",
        "",
    )
    .await;
    check(
        "<marshal><object id=\"i2\" module=\"os\" class=\"system\"><tuple/><dictionary/></object></marshal>",
        "`object`",
    )
    .await;
    check(
        "<marshal><dictionary id=\"i2\"><int>1</int><string>a</string></dictionary></marshal>",
        "a key is an integer",
    )
    .await;
    let deep = format!(
        "<marshal>{}{}</marshal>",
        "<list>".repeat(101),
        "</list>".repeat(101)
    );
    check(&deep, "nested").await;
    let answer = master.partition("COMP-1", "slappart0").await;
    assert_eq!(answer.told("_need_modification"), "<int>0</int>");
}

#[tokio::test]
async fn a_field_beyond_8_mib_is_too_large() {
    let master = TestMaster::start().await;
    let large = dictionary(&[("a", "x".repeat(8 * 1024 * 1024))]);
    let fields = [
        ("partition_reference", "web"),
        ("software_release", RELEASE),
        ("partition_parameter_xml", large.as_str()),
    ];
    let answer = master
        .post("requestComputerPartition", &fields)
        .await
        .expect(413);
    assert!(
        answer.body.starts_with("`partition_parameter_xml`: "),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_body_beyond_32_mib_is_too_large() {
    let master = TestMaster::start().await;
    let body = "x".repeat(32 * 1024 * 1024 + 1);
    let answer = post(&master, "/supplySupply", Some(FORM), body).await;
    assert_eq!(
        answer.expect(413).body,
        "`body`: is larger than 33554432 bytes, which is the most that is read\n"
    );
    // Announced so, it is not read at all.
    let call = request(Method::POST, "/supplySupply")
        .header(header::CONTENT_TYPE, FORM)
        .header(header::CONTENT_LENGTH, "33554433")
        .body(Body::empty())
        .unwrap();
    master.send(call).await.expect(413);
}
