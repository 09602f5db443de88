//! The table: for each call, who may make it.

use axum::{
    body::Body,
    http::{self, Method, StatusCode, header},
};

use serde_json::Value;

use super::{
    cast::{COMPUTER_TOKEN, Caller, LEAVING, USER_TOKEN},
    json_rpc,
};
use crate::support::master::{RELEASE, configuration, dictionary, request, url_encoded};

/// A call, and what each kind of caller is answered.
pub(super) struct Row {
    /// What it is about.
    pub(super) name: &'static str,
    /// Its method.
    pub(super) method: Method,
    /// Its route.
    pub(super) route: &'static str,
    uri: String,
    body: Payload,
    token: Option<&'static str>,
    nobody: u16,
    /// The user, the other user, the computer, the other computer, the instance, the other
    /// instance.
    known: [u16; 6],
    /// Whether it is refused on an open listener too.
    refused_openly: bool,
}

enum Payload {
    Empty,
    Form(String),
    Json(String),
}

impl Row {
    /// What a caller of this kind is answered.
    pub(super) fn expected(&self, caller: Caller) -> StatusCode {
        let [
            user,
            other_user,
            computer,
            other_computer,
            instance,
            other_instance,
        ] = self.known;
        let status = match caller {
            Caller::Nobody
            | Caller::Garbage
            | Caller::Expired
            | Caller::Revoked
            | Caller::OtherAuthority => self.nobody,
            Caller::User => user,
            Caller::OtherUser => other_user,
            Caller::Computer => computer,
            Caller::OtherComputer => other_computer,
            Caller::Instance => instance,
            Caller::OtherInstance => other_instance,
        };
        StatusCode::from_u16(status).unwrap()
    }

    /// Whether an answer means that nothing may have changed.
    pub(super) fn is_refusal(status: StatusCode) -> bool {
        status.is_client_error()
    }

    /// Whether it is refused on an open listener too: only a token would let it be made, or what
    /// it asks for cannot be.
    pub(super) fn is_refused_openly(&self) -> bool {
        self.refused_openly
    }

    /// The call.
    pub(super) fn request(&self) -> http::Request<Body> {
        let mut request = request(self.method.clone(), &self.uri);
        if let Some(token) = self.token {
            request = request.header("x-access-token", token);
        }
        let (kind, body) = match &self.body {
            Payload::Empty => return request.body(Body::empty()).unwrap(),
            Payload::Form(body) => ("application/x-www-form-urlencoded", body),
            Payload::Json(body) => ("application/json", body),
        };
        let request = request.header(header::CONTENT_TYPE, kind);
        request.body(Body::from(body.clone())).unwrap()
    }
}

/// Everybody who is known.
pub(super) const ANYBODY: [u16; 6] = [200; 6];
/// Who may change COMP-1.
pub(super) const CHANGES_COMPUTER: [u16; 6] = [200, 401, 200, 401, 401, 401];
/// Who may read COMP-1.
pub(super) const READS_COMPUTER: [u16; 6] = [200, 200, 200, 401, 200, 200];
/// Who may read what software is asked for on COMP-1.
const READS_SOFTWARE: [u16; 6] = [200, 200, 200, 401, 401, 401];
/// Who may ask for software, and make computers.
pub(super) const EQUIPS: [u16; 6] = [200, 401, 401, 401, 401, 401];
/// Who may read and change the instance on slappart0 of COMP-1.
const INSTANCE: [u16; 6] = [200, 401, 200, 401, 200, 401];

/// A fault rule that is for no call of these tests.
const RULE: &str = r#"{"match": {"call": "getRunId"}, "effect": {"status": 503}}"#;

const COMPUTER: (&str, &str) = ("computer_id", "COMP-1");
const PARTITION: (&str, &str) = ("computer_partition_id", "slappart0");
pub(super) const REPORT: &str = "<?xml version=\"1.0\"?><journal><transaction type=\"Sale Packing List\">\
    <title>Resource consumptions</title><start_date></start_date>\
    <stop_date>2026-11-23 at 08:30:00</stop_date><reference>COMP-1</reference>\
    <currency></currency><payment_mode></payment_mode><category></category>\
    <arrow type=\"Administration\"><source></source><destination></destination></arrow>\
    <movement><resource>CPU Consumption</resource><title>x</title><reference>slappart0</reference>\
    <quantity>42.42</quantity><price>0.00</price><VAT>None</VAT><category></category></movement>\
    </transaction></journal>";

/// A read of the classic dialect.
fn get(name: &'static str, route: &'static str, fields: &[(&str, &str)], known: [u16; 6]) -> Row {
    Row {
        name,
        method: Method::GET,
        route,
        uri: format!("{route}?{}", url_encoded(fields)),
        body: Payload::Empty,
        token: None,
        nobody: 401,
        known,
        refused_openly: false,
    }
}

/// A write of the classic dialect.
fn post(name: &'static str, route: &'static str, fields: &[(&str, &str)], known: [u16; 6]) -> Row {
    Row {
        name,
        method: Method::POST,
        route,
        uri: route.to_owned(),
        body: Payload::Form(url_encoded(fields)),
        token: None,
        nobody: 401,
        known,
        refused_openly: false,
    }
}

/// A method of the JSON-RPC dialect.
pub(super) fn method(
    name: &'static str,
    route: &'static str,
    arguments: &Value,
    known: [u16; 6],
) -> Row {
    Row {
        name,
        method: Method::POST,
        route,
        uri: route.to_owned(),
        body: Payload::Json(arguments.to_string()),
        token: None,
        nobody: 401,
        known,
        // Whatever the user, who owns everything, is refused is not a matter of rights.
        refused_openly: known[0] == 403,
    }
}

/// A call that asks nobody who they are.
fn open(method: Method, route: &'static str, uri: &str, body: Option<&str>, status: u16) -> Row {
    Row {
        name: route,
        method,
        route,
        uri: uri.to_owned(),
        body: body.map_or(Payload::Empty, |body| Payload::Json(body.to_owned())),
        token: None,
        nobody: status,
        known: [status; 6],
        refused_openly: false,
    }
}

/// Every row.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = computer_rows();
    rows.extend(software_rows());
    rows.extend(request_rows());
    rows.extend(instance_rows());
    rows.extend(certificate_rows());
    rows.extend(server_rows());
    rows.extend(control_rows());
    rows.extend(json_rpc::rows());
    rows
}

fn computer_rows() -> Vec<Row> {
    let known = configuration("COMP-1", 4);
    let unknown = configuration("COMP-9", 1);
    let format = "/loadComputerConfigurationFromXML";
    vec![
        post("format", format, &[("xml", &known)], CHANGES_COMPUTER),
        post(
            "format of a new computer",
            format,
            &[("xml", &unknown)],
            EQUIPS,
        ),
        get(
            "full information",
            "/getFullComputerInformation",
            &[COMPUTER],
            READS_COMPUTER,
        ),
        get(
            "information by the older name",
            "/getComputerInformation",
            &[COMPUTER],
            READS_COMPUTER,
        ),
        get(
            "information of an unknown computer",
            "/getFullComputerInformation",
            &[("computer_id", "COMP-9")],
            [404; 6],
        ),
        get(
            "computer status",
            "/getComputerStatus",
            &[COMPUTER],
            READS_COMPUTER,
        ),
        post(
            "computer bang",
            "/computerBang",
            &[COMPUTER, ("message", "x")],
            CHANGES_COMPUTER,
        ),
        post(
            "usage report",
            "/useComputer",
            &[COMPUTER, ("use_string", REPORT)],
            CHANGES_COMPUTER,
        ),
    ]
}

fn software_rows() -> Vec<Row> {
    let url = ("url", RELEASE);
    vec![
        post("supply", "/supplySupply", &[COMPUTER, url], EQUIPS),
        post(
            "building",
            "/buildingSoftwareRelease",
            &[COMPUTER, url],
            CHANGES_COMPUTER,
        ),
        post(
            "available",
            "/availableSoftwareRelease",
            &[COMPUTER, url],
            CHANGES_COMPUTER,
        ),
        post(
            "software error",
            "/softwareReleaseError",
            &[COMPUTER, url, ("error_log", "x")],
            CHANGES_COMPUTER,
        ),
        post(
            "software destroyed",
            "/destroyedSoftwareRelease",
            &[COMPUTER, ("url", LEAVING)],
            CHANGES_COMPUTER,
        ),
        get(
            "software status",
            "/getSoftwareInstallationStatus",
            &[COMPUTER, url],
            READS_SOFTWARE,
        ),
        get(
            "releases of a product",
            "/getSoftwareReleaseListFromSoftwareProduct",
            &[("software_product_reference", "x")],
            ANYBODY,
        ),
    ]
}

fn request_rows() -> Vec<Row> {
    let request = "/requestComputerPartition";
    let title = ("partition_reference", "new");
    let release = ("software_release", RELEASE);
    let on_computer = dictionary(&[("computer_guid", "COMP-1")]);
    let sla = ("filter_xml", on_computer.as_str());
    vec![
        post(
            "request of one's own",
            request,
            &[title, release, sla],
            [200, 200, 404, 404, 200, 200],
        ),
        post(
            "request by the instance on a partition",
            request,
            &[title, release, sla, COMPUTER, PARTITION],
            INSTANCE,
        ),
        post(
            "request by nobody on a partition",
            request,
            &[
                title,
                release,
                sla,
                COMPUTER,
                ("computer_partition_id", "slappart3"),
            ],
            [404; 6],
        ),
        post(
            "rename",
            "/softwareInstanceRename",
            &[COMPUTER, PARTITION, ("new_name", "other name")],
            INSTANCE,
        ),
    ]
}

fn instance_rows() -> Vec<Row> {
    let here = &[COMPUTER, PARTITION];
    let at = |partition| {
        [
            ("computer_reference", "COMP-1"),
            ("computer_partition_reference", partition),
        ]
    };
    let connection = dictionary(&[("url", "http://example.org")]);
    let mut rows = vec![
        get(
            "busy partition",
            "/registerComputerPartition",
            &at("slappart0"),
            INSTANCE,
        ),
        get(
            "free partition",
            "/registerComputerPartition",
            &at("slappart3"),
            READS_COMPUTER,
        ),
        get(
            "partition status",
            "/getComputerPartitionStatus",
            here,
            INSTANCE,
        ),
        get("addresses", "/getHostingSubscriptionIpList", here, INSTANCE),
        get(
            "instance certificate",
            "/getComputerPartitionCertificate",
            here,
            INSTANCE,
        ),
        post(
            "instance error",
            "/softwareInstanceError",
            &[COMPUTER, PARTITION, ("error_log", "x")],
            INSTANCE,
        ),
        post(
            "instance bang",
            "/softwareInstanceBang",
            &[COMPUTER, PARTITION, ("message", "x")],
            INSTANCE,
        ),
        post(
            "connection parameters",
            "/setComputerPartitionConnectionXml",
            &[COMPUTER, PARTITION, ("connection_xml", &connection)],
            INSTANCE,
        ),
        post(
            "related instances",
            "/updateComputerPartitionRelatedInstanceList",
            &[
                COMPUTER,
                PARTITION,
                (
                    "instance_reference_xml",
                    "<marshal><list id=\"i2\"></list></marshal>",
                ),
            ],
            ANYBODY,
        ),
    ];
    for (name, route) in [
        ("started", "/startedComputerPartition"),
        ("stopped", "/stoppedComputerPartition"),
        ("destroyed", "/destroyedComputerPartition"),
        ("building", "/buildingComputerPartition"),
        ("available", "/availableComputerPartition"),
    ] {
        rows.push(post(name, route, here, INSTANCE));
    }
    rows
}

fn certificate_rows() -> Vec<Row> {
    let with_token = |row: Row, token| Row {
        token: Some(token),
        nobody: 200,
        known: ANYBODY,
        ..row
    };
    let without_token = |row: Row| Row {
        nobody: 403,
        known: [403; 6],
        refused_openly: true,
        ..row
    };
    let register = || {
        let title = ("title", "new");
        post("registration", "/Person_requestComputer", &[title], ANYBODY)
    };
    let configure = || {
        post(
            "person's certificate",
            "/Person_getCertificate",
            &[],
            ANYBODY,
        )
    };
    vec![
        post(
            "computer certificate while one is valid",
            "/generateComputerCertificate",
            &[COMPUTER],
            [404, 401, 404, 401, 401, 401],
        ),
        post(
            "revocation",
            "/revokeComputerCertificate",
            &[COMPUTER],
            CHANGES_COMPUTER,
        ),
        post(
            "new computer",
            "/requestComputer",
            &[("computer_title", "new")],
            EQUIPS,
        ),
        with_token(register(), COMPUTER_TOKEN),
        without_token(register()),
        with_token(configure(), USER_TOKEN),
        without_token(configure()),
        get(
            "token of a computer",
            "/hateoas/computer_module/Base_getComputerToken",
            &[],
            [200, 403, 403, 403, 403, 403],
        ),
    ]
}

fn server_rows() -> Vec<Row> {
    vec![
        get("hateoas url", "/getHateoasUrl", &[], ANYBODY),
        open(Method::GET, "/getRunId", "/getRunId", None, 200),
        post("ingestion", "/ingestData", &[], [404; 6]),
        get("root document", "/hateoas", &[], ANYBODY),
        get("root document with a slash", "/hateoas/", &[], ANYBODY),
        get(
            "root document by its script",
            "/hateoas/ERP5Document_getHateoas",
            &[],
            ANYBODY,
        ),
    ]
}

/// The control surface is the test's own: it asks for no certificate.
fn control_rows() -> Vec<Row> {
    let list = "/_mock/v1/certificates";
    let one = "/_mock/v1/certificates/{serial}";
    let revoke = "/_mock/v1/certificates/revoke";
    let tokens = "/_mock/v1/tokens";
    let (live, ready) = ("/_mock/health/live", "/_mock/health/ready");
    let document = "/_mock/openapi.json";
    let (journal, follow) = ("/_mock/v1/journal", "/_mock/v1/journal/follow");
    let (wait, verify) = ("/_mock/v1/journal/wait", "/_mock/v1/journal/verify");
    let fixture = "/_mock/v1/fixture";
    let schema = "/_mock/fixture.schema.json";
    let computers = "/_mock/v1/computers";
    let reset = "/_mock/v1/reset";
    let (snapshots, snapshot) = ("/_mock/v1/snapshots", "/_mock/v1/snapshots/{name}");
    let restore = "/_mock/v1/snapshots/{name}/restore";
    let difference = "/_mock/v1/snapshots/{name}/difference";
    let (worlds, world) = ("/_mock/v1/worlds", "/_mock/v1/worlds/{name}");
    let (faults, fault) = ("/_mock/v1/faults", "/_mock/v1/faults/{name}");
    let (clock, advance) = ("/_mock/v1/clock", "/_mock/v1/clock/advance");
    let background = "/_mock/v1/background";
    let (round, settle) = ("/_mock/v1/background/round", "/_mock/v1/background/settle");
    let manual = Some(r#"{"mode": "manual"}"#);
    vec![
        open(Method::GET, live, live, None, 200),
        // Nothing tells a test's world that its fixtures are in.
        open(Method::GET, ready, ready, None, 503),
        open(Method::GET, document, document, None, 200),
        open(
            Method::GET,
            "/_mock/v1/ca.pem",
            "/_mock/v1/ca.pem",
            None,
            200,
        ),
        open(
            Method::GET,
            "/_mock/v1/crl.pem",
            "/_mock/v1/crl.pem",
            None,
            200,
        ),
        open(
            Method::GET,
            "/_mock/v1/crl.der",
            "/_mock/v1/crl.der",
            None,
            200,
        ),
        open(Method::GET, list, list, None, 200),
        open(Method::GET, one, "/_mock/v1/certificates/ab", None, 404),
        open(Method::POST, list, list, Some(r#"{"user": "bob"}"#), 201),
        open(
            Method::POST,
            revoke,
            revoke,
            Some(r#"{"computer": "COMP-1"}"#),
            200,
        ),
        open(Method::GET, "/_mock/metrics", "/_mock/metrics", None, 200),
        open(Method::GET, journal, journal, None, 200),
        open(Method::DELETE, journal, journal, None, 200),
        open(Method::GET, follow, follow, None, 200),
        open(
            Method::POST,
            wait,
            wait,
            Some(r#"{"state": {"is": "nothing_waiting"}, "timeout_s": 0}"#),
            200,
        ),
        open(
            Method::POST,
            verify,
            verify,
            Some(r#"{"at_least": 0}"#),
            200,
        ),
        open(Method::GET, tokens, tokens, None, 200),
        open(
            Method::POST,
            tokens,
            tokens,
            Some(r#"{"purpose": "user"}"#),
            201,
        ),
        open(Method::GET, schema, schema, None, 200),
        open(Method::GET, fixture, fixture, None, 200),
        open(Method::POST, fixture, fixture, Some("{}"), 200),
        open(
            Method::POST,
            "/_mock/v1/fixture/check",
            "/_mock/v1/fixture/check",
            Some(r#"{"users": ["known-to-nobody"]}"#),
            200,
        ),
        open(Method::GET, computers, computers, None, 200),
        open(
            Method::POST,
            computers,
            computers,
            Some(r#"{"reference": "COMP-77", "simulate": "healthy"}"#),
            201,
        ),
        open(
            Method::POST,
            "/_mock/v1/computers/scale",
            "/_mock/v1/computers/scale",
            Some(r#"{"prefix": "ROW-", "count": 1}"#),
            200,
        ),
        open(
            Method::GET,
            "/_mock/v1/computers/{reference}",
            "/_mock/v1/computers/COMP-1",
            None,
            200,
        ),
        simulated(Method::GET, "simulate", None, 404),
        simulated(Method::PUT, "simulate", Some(r#"{"profile": "slow"}"#), 404),
        simulated(Method::DELETE, "simulate", None, 404),
        simulated(Method::POST, "hold", Some("{}"), 404),
        simulated(Method::POST, "release", Some("{}"), 404),
        simulated(Method::POST, "fail", Some("{}"), 404),
        simulated(Method::POST, "recover", Some("{}"), 404),
        open(Method::GET, clock, clock, None, 200),
        open(
            Method::PUT,
            clock,
            clock,
            Some(r#"{"mode": "frozen"}"#),
            200,
        ),
        open(
            Method::POST,
            advance,
            advance,
            Some(r#"{"seconds": 0}"#),
            200,
        ),
        open(Method::GET, background, background, None, 200),
        open(Method::PUT, background, background, manual, 200),
        open(Method::POST, round, round, Some("{}"), 200),
        open(Method::POST, settle, settle, Some("{}"), 200),
        open(Method::GET, "/_mock/v1/trees", "/_mock/v1/trees", None, 200),
        open(Method::GET, faults, faults, None, 200),
        open(Method::POST, faults, faults, Some(RULE), 201),
        open(Method::DELETE, faults, faults, None, 200),
        open(Method::GET, fault, "/_mock/v1/faults/one", None, 404),
        open(Method::PUT, fault, "/_mock/v1/faults/one", Some(RULE), 200),
        open(Method::DELETE, fault, "/_mock/v1/faults/one", None, 404),
        open(Method::POST, reset, reset, Some("{}"), 200),
        open(Method::GET, snapshots, snapshots, None, 200),
        open(Method::GET, snapshot, "/_mock/v1/snapshots/s", None, 404),
        open(
            Method::PUT,
            snapshot,
            "/_mock/v1/snapshots/s",
            Some("{}"),
            200,
        ),
        open(Method::DELETE, snapshot, "/_mock/v1/snapshots/s", None, 404),
        open(
            Method::POST,
            restore,
            "/_mock/v1/snapshots/s/restore",
            Some("{}"),
            404,
        ),
        open(
            Method::GET,
            difference,
            "/_mock/v1/snapshots/s/difference",
            None,
            404,
        ),
        open(Method::GET, worlds, worlds, None, 200),
        open(Method::GET, world, "/_mock/v1/worlds/default", None, 200),
        open(Method::PUT, world, "/_mock/v1/worlds/a", Some("{}"), 201),
        open(Method::DELETE, world, "/_mock/v1/worlds/a", None, 404),
    ]
}

/// A call about a simulated computer, of one that is not there.
fn simulated(method: Method, what: &str, body: Option<&'static str>, status: u16) -> Row {
    let (path, asked): (&'static str, &'static str) = match what {
        "simulate" => (
            "/_mock/v1/computers/{reference}/simulate",
            "/_mock/v1/computers/COMP-78/simulate",
        ),
        "hold" => (
            "/_mock/v1/computers/{reference}/hold",
            "/_mock/v1/computers/COMP-78/hold",
        ),
        "release" => (
            "/_mock/v1/computers/{reference}/release",
            "/_mock/v1/computers/COMP-78/release",
        ),
        "fail" => (
            "/_mock/v1/computers/{reference}/fail",
            "/_mock/v1/computers/COMP-78/fail",
        ),
        _ => (
            "/_mock/v1/computers/{reference}/recover",
            "/_mock/v1/computers/COMP-78/recover",
        ),
    };
    open(method, path, asked, body, status)
}
