//! A master to test against, in process and without a socket.
//!
//! ```ignore
//! let master = TestMaster::start().await;
//! master.format("COMP-1", 2).await;
//! let answer = master.request(Request::new("web")).await.expect(200);
//! assert_eq!(answer.told("slap_computer_partition_id"), "<string>slappart0</string>");
//! ```
//!
//! Everything goes through the public surface. The clock is manual and begins at
//! 2026-11-23 08:30:00; a world's switches are those of a preset, and can be set one by one.
//! No answer may hide an internal error: one fails the test at once.

mod request;
mod serve;

use std::{fmt::Write as _, path::PathBuf};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{self, HeaderMap, HeaderName, Method, StatusCode, header},
};
use http_body_util::BodyExt as _;
use slapmaster::{
    domain::{
        behaviour::{Behaviour, Preset},
        caller::Credential,
        certificate::CertificateSerial,
        forwarding::OtherMaster,
        identifier::ComputerReference,
        secret::Secret,
        time::Timestamp,
    },
    fixture::Fixture,
    front::{
        self, AppState,
        address::{PublicAddress, Scheme},
        auth::{Access, AccessMode, PeerCertificate},
        forward::{ForwardLimits, Forwarder},
        log::{CallFacts, Interference, InternalFailure},
        worlds::{Surface, WorldLimits, Worlds},
    },
    master::{AuthoritySource, Master, WorldSettings},
    mock::clock::Clock,
    xml::marshal::{self, Value},
};
use tower::ServiceExt as _;

pub(crate) use self::{
    request::Request,
    serve::{Place, Served},
};
use super::world;

/// The release that tests ask for unless they say otherwise.
pub(crate) const RELEASE: &str = "https://sr.example.org/demo/software.cfg";
/// When every test begins: 2026-11-23 08:30:00.
const START: Timestamp = Timestamp::from_seconds(1_795_422_600);

/// A world with everything in front of it.
pub(crate) struct TestMaster {
    /// The world itself, for what no call tells.
    pub(crate) master: Master,
    /// The worlds of the process, of which this one is the default one.
    pub(crate) worlds: Worlds,
    router: Router,
    clock: Clock,
}

/// How a world shall be.
pub(crate) struct Setup {
    behaviour: Behaviour,
    default_computer: Option<ComputerReference>,
    other_masters: Vec<OtherMaster>,
    forward_limits: ForwardLimits,
    address: PublicAddress,
    control_token: Option<Secret>,
    clock: Clock,
    authority: AuthoritySource,
    limits: WorldLimits,
    database: Option<PathBuf>,
}

impl Setup {
    /// Sets one switch by its name in fixtures.
    pub(crate) fn switch(mut self, name: &str, value: &str) -> Self {
        self.behaviour.set(name, value).unwrap();
        self
    }

    /// A computer that exists without being formatted.
    pub(crate) fn default_computer(mut self, reference: &str) -> Self {
        let reference = ComputerReference::parse("default-computer", reference).unwrap();
        self.default_computer = Some(reference);
        self
    }

    /// A further master that requests can be forwarded to.
    pub(crate) fn other_master(mut self, other: OtherMaster) -> Self {
        self.other_masters.push(other);
        self
    }

    /// How long other masters are waited for.
    pub(crate) fn forward_limits(mut self, limits: ForwardLimits) -> Self {
        self.forward_limits = limits;
        self
    }

    /// What absolute URLs begin with.
    pub(crate) fn address(mut self, address: PublicAddress) -> Self {
        self.address = address;
        self
    }

    /// What the control surface asks for.
    pub(crate) fn control_token(mut self, token: &str) -> Self {
        self.control_token = Some(Secret::new(token.to_owned()));
        self
    }

    /// A clock to share with another world.
    pub(crate) fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// The certificate authority of a fixture.
    pub(crate) fn authority_of(mut self, fixture: &Fixture) -> Self {
        if let Some(authority) = fixture.authority() {
            self.authority = AuthoritySource::Given(authority.clone());
        }
        self
    }

    /// How much the worlds may take.
    pub(crate) fn limits(mut self, limits: WorldLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Where the world is kept; otherwise in a temporary database.
    pub(crate) fn database(mut self, path: &std::path::Path) -> Self {
        self.database = Some(path.to_owned());
        self
    }

    /// Opens the world.
    pub(crate) async fn start(self) -> TestMaster {
        let clock = self.clock;
        let master = Master::open(WorldSettings {
            database: self.database,
            authority: self.authority,
            behaviour: self.behaviour,
            default_computer: self.default_computer,
            other_masters: self.other_masters,
            seed: 1,
            clock: clock.clone(),
            ..WorldSettings::default()
        })
        .await
        .unwrap();
        let state = AppState {
            address: self.address,
            control_token: self.control_token,
            forwarder: Forwarder::new(self.forward_limits),
            ..AppState::new(master.clone())
        };
        let scheme = state.address.scheme;
        let worlds = Worlds::new(&state, self.limits);
        worlds.default_world().keep_baseline().await.unwrap();
        TestMaster {
            master,
            router: routed(&worlds, Access::default(), scheme),
            worlds,
            clock,
        }
    }
}

impl TestMaster {
    /// A world with the default preset.
    pub(crate) async fn start() -> Self {
        Self::preset(Preset::Default).start().await
    }

    /// A world with another preset, to be started.
    pub(crate) fn preset(preset: Preset) -> Setup {
        Setup {
            behaviour: Behaviour::preset(preset),
            default_computer: None,
            other_masters: Vec::new(),
            forward_limits: ForwardLimits::default(),
            address: PublicAddress::default(),
            control_token: None,
            clock: Clock::frozen(START),
            authority: AuthoritySource::World,
            limits: WorldLimits::default(),
            database: None,
        }
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance_micros(seconds * 1_000_000);
    }

    /// Runs one background round.
    pub(crate) async fn round(&self) {
        self.master.run_round().await.unwrap();
    }

    /// `GET /<call>?<fields>`.
    pub(crate) async fn get(&self, call: &str, fields: &[(&str, &str)]) -> Answer {
        let uri = format!("/{call}?{}", url_encoded(fields));
        self.send(request(Method::GET, &uri).body(Body::empty()).unwrap())
            .await
    }

    /// `POST /<call>` with the fields in the body, as the client sends them.
    pub(crate) async fn post(&self, call: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form(call, None, fields)).await
    }

    /// As [`Self::post`], in the name of the instance on a partition.
    pub(crate) async fn post_as(
        &self,
        partition: (&str, &str),
        call: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        self.send(form(call, Some(partition), fields)).await
    }

    /// Any request.
    pub(crate) async fn send(&self, request: http::Request<Body>) -> Answer {
        self.send_to(self.router.clone(), request).await
    }

    /// Any request, on a listener in certificate mode, with a client certificate in DER or none.
    pub(crate) async fn send_as(
        &self,
        certificate: Option<&[u8]>,
        mut request: http::Request<Body>,
    ) -> Answer {
        if let Some(der) = certificate {
            let peer = PeerCertificate::new(der.to_vec());
            request.extensions_mut().insert(peer);
        }
        self.send_to(self.certified(None), request).await
    }

    /// Any request, on a listener in certificate mode.
    pub(crate) async fn send_certified(&self, request: http::Request<Body>) -> Answer {
        self.send_to(self.certified(None), request).await
    }

    /// Any request, through a proxy that hands over who calls in this header.
    pub(crate) async fn send_by_proxy(
        &self,
        header: HeaderName,
        request: http::Request<Body>,
    ) -> Answer {
        self.send_to(self.certified(Some(header)), request).await
    }

    /// Requests an instance with a client certificate in DER.
    pub(crate) async fn request_as(&self, certificate: Option<&[u8]>, request: Request) -> Answer {
        self.send_as(certificate, request.to_http()).await
    }

    fn certified(&self, identity_header: Option<HeaderName>) -> Router {
        let access = Access {
            mode: AccessMode::Certificate,
            identity_header,
        };
        routed(&self.worlds, access, Scheme::Http)
    }

    async fn send_to(&self, router: Router, request: http::Request<Body>) -> Answer {
        let line = format!("{} {}", request.method(), request.uri());
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let failure = parts.extensions.get::<InternalFailure>();
        assert!(failure.is_none(), "{line}: {failure:?}");
        let streams = parts.headers.get(header::CONTENT_TYPE);
        let bytes = if streams.is_some_and(|kind| kind == "text/event-stream") {
            first_of(body).await
        } else {
            to_bytes(body, usize::MAX).await.unwrap().to_vec()
        };
        Answer {
            line,
            status: parts.status,
            headers: parts.headers,
            facts: parts.extensions.get::<CallFacts>().cloned(),
            interference: parts.extensions.get::<Interference>().cloned(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
            run_id: self.master.run_id().to_owned(),
        }
    }

    /// Formats a computer with so many partitions, `slappart0` and on, each with one address.
    pub(crate) async fn format(&self, computer: &str, partitions: usize) {
        let xml = configuration(computer, partitions);
        self.post("loadComputerConfigurationFromXML", &[("xml", &xml)])
            .await
            .expect(200);
    }

    /// Asks for a release on a computer.
    pub(crate) async fn supply(&self, computer: &str, url: &str) {
        let fields = [("computer_id", computer), ("url", url)];
        self.post("supplySupply", &fields).await.expect(200);
    }

    /// Requests an instance.
    pub(crate) async fn request(&self, request: Request) -> Answer {
        self.send(request.to_http()).await
    }

    /// Fills the world from a fixture.
    pub(crate) async fn seed(&self, yaml: &str) {
        let files = [("world.yaml".into(), yaml.to_owned())];
        let fixture = Fixture::parse(&files).unwrap();
        fixture.apply(&self.master).await.unwrap();
    }

    /// The serial number of a certificate that the world issued, in DER.
    pub(crate) fn serial_of(&self, der: &[u8]) -> CertificateSerial {
        let credential = self.master.recognise(der);
        let Credential::Certificate(serial) = credential else {
            panic!("{credential:?}");
        };
        serial
    }

    /// Everything in the database but the last timestamp, which a failed call may move.
    pub(crate) async fn dump(&self) -> Vec<String> {
        world::dump_of(self.master.database_path()).await
    }

    /// A call about a partition that needs nothing else: `startedComputerPartition` and so on.
    pub(crate) async fn report(&self, call: &str, computer: &str, partition: &str) -> Answer {
        let fields = [
            ("computer_id", computer),
            ("computer_partition_id", partition),
        ];
        self.post(call, &fields).await
    }

    /// `GET /getFullComputerInformation`.
    pub(crate) async fn information(&self, computer: &str) -> Answer {
        self.get("getFullComputerInformation", &[("computer_id", computer)])
            .await
    }

    /// `GET /registerComputerPartition`.
    pub(crate) async fn partition(&self, computer: &str, partition: &str) -> Answer {
        let fields = [
            ("computer_reference", computer),
            ("computer_partition_reference", partition),
        ];
        self.get("registerComputerPartition", &fields).await
    }
}

/// Everything that is served to callers that are found out so.
fn routed(worlds: &Worlds, access: Access, scheme: Scheme) -> Router {
    let service = front::serve(worlds, Surface::Everything, access, scheme);
    Router::new().fallback_service(service)
}

/// What a body that does not end by itself begins with.
async fn first_of(mut body: Body) -> Vec<u8> {
    let first = body.frame().await.unwrap().unwrap();
    first.into_data().unwrap().to_vec()
}

/// A marshalled dictionary of texts.
pub(crate) fn dictionary<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let pairs = pairs.iter().map(|(k, v)| (k.as_ref(), v.as_ref().into()));
    marshal::write(&Value::dictionary(pairs))
}

/// What slapformat sends of a computer with so many partitions, as far as a master reads it.
pub(crate) fn configuration(computer: &str, partitions: usize) -> String {
    let partition = |number: usize| {
        let address = Value::dictionary([
            ("addr", format!("10.0.0.{number}").into()),
            ("netmask", "255.255.255.255".into()),
        ]);
        Value::dictionary([
            ("reference", format!("slappart{number}").into()),
            ("address_list", Value::List(vec![address])),
            (
                "tap",
                Value::dictionary([("name", format!("slaptap{number}").into())]),
            ),
        ])
    };
    marshal::write(&Value::dictionary([
        ("reference", computer.into()),
        ("address", "10.0.0.100".into()),
        ("netmask", "255.255.255.255".into()),
        (
            "partition_list",
            Value::list((0..partitions).map(partition)),
        ),
    ]))
}

/// What a call was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    line: String,
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body; what is no UTF-8 is in `bytes` alone.
    pub(crate) body: String,
    /// Its body as it was sent.
    pub(crate) bytes: Vec<u8>,
    /// What the log line says of the call.
    pub(crate) facts: Option<CallFacts>,
    /// What a fault rule did.
    pub(crate) interference: Option<Interference>,
    run_id: String,
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.line, self.body);
        self
    }

    /// The body, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.line, self.body))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The plain value after a key, as it is on the wire: `<string>x</string>`, `<int>0</int>`,
    /// `<none/>`; of the first such key.
    #[track_caller]
    pub(crate) fn told(&self, key: &str) -> &str {
        let start = format!("<string>{key}</string>");
        let Some((_, rest)) = self.body.split_once(&start) else {
            panic!("{}: no `{key}` in {}", self.line, self.body);
        };
        let name = rest[1..].split(['>', '/', ' ']).next().unwrap();
        let end = format!("</{name}>");
        let empty = format!("<{name}/>");
        if rest.starts_with(&empty) {
            &rest[..empty.len()]
        } else {
            &rest[..rest.find(&end).unwrap() + end.len()]
        }
    }

    /// The text after a key, as it is on the wire.
    #[track_caller]
    pub(crate) fn text_of(&self, key: &str) -> &str {
        let value = self.told(key);
        let text = value.strip_prefix("<string>");
        let text = text.and_then(|rest| rest.strip_suffix("</string>"));
        text.unwrap_or_else(|| panic!("{}: `{key}` is {value}", self.line))
    }

    /// Whether a key is told.
    pub(crate) fn tells(&self, key: &str) -> bool {
        self.body.contains(&format!("<string>{key}</string>"))
    }

    /// Status, headers and body, for a snapshot, without the one text that is random.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            let value = value.to_str().unwrap();
            writeln!(shown, "{name}: {value}").unwrap();
        }
        shown.push('\n');
        shown.push_str(&self.body.replace(&self.run_id, "<run id>"));
        shown
    }
}

/// A request as a client begins it.
pub(crate) fn request(method: Method, uri: &str) -> http::request::Builder {
    http::Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "master.example.org")
}

/// A call as the classic client makes it, in the name of a partition or in nobody's.
pub(crate) fn form(
    call: &str,
    partition: Option<(&str, &str)>,
    fields: &[(&str, &str)],
) -> http::Request<Body> {
    let mut request = request(Method::POST, &format!("/{call}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some((computer, partition)) = partition {
        let identity =
            format!("X-SlapPartition computer_id={computer}, computer_partition_id={partition}");
        request = request.header(header::AUTHORIZATION, identity);
    }
    request.body(Body::from(url_encoded(fields))).unwrap()
}

/// Fields as Python's `urlencode` writes them.
pub(crate) fn url_encoded(fields: &[(&str, &str)]) -> String {
    let mut encoded = String::new();
    for (name, value) in fields {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        for (text, end) in [(name, "="), (value, "")] {
            for byte in text.bytes() {
                match byte {
                    b' ' => encoded.push('+'),
                    b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                        encoded.push(char::from(byte));
                    }
                    _ => write!(encoded, "%{byte:02X}").unwrap(),
                }
            }
            encoded.push_str(end);
        }
    }
    encoded
}
