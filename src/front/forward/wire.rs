//! What is said to another master, and what it answers, in the classic protocol.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;

use crate::{
    domain::{
        forwarding::{OtherMaster, SOURCE_INSTANCE_ID},
        identifier::SoftwareReleaseUri,
        state::InstanceKind,
    },
    master::UnknownRequest,
    xml::marshal::{self, Class, Object, Value},
};

use super::error::{Failure, ForwardError};

/// What of a request is passed on as the caller said it.
#[derive(Debug)]
pub(in crate::front) struct Words {
    /// The software type.
    pub(in crate::front) software_type: String,
    /// The parameters, a dictionary.
    pub(in crate::front) parameters: Value<'static>,
    /// The SLA, a dictionary.
    pub(in crate::front) sla: Value<'static>,
    /// The state's word, or none.
    pub(in crate::front) state: Option<String>,
}

/// The instance that another master answered, as slapproxy passes it on: a partition with
/// everything that the other master said of the instance.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::front) struct Told(BTreeMap<Cow<'static, str>, Value<'static>>);

/// The request to another master.
pub(super) fn request(
    other: &OtherMaster,
    unknown: &UnknownRequest,
    kind: InstanceKind,
    release: &SoftwareReleaseUri,
    words: &Words,
) -> Result<Request<Bytes>, Failure> {
    let title = unknown.title_sent.as_str();
    let mut sla = words.sla.clone();
    if other.requester.is_none()
        && let Value::Dictionary(pairs) = &mut sla
    {
        pairs.retain(|(key, _)| key.as_text() != Some(SOURCE_INSTANCE_ID));
        pairs.push((SOURCE_INSTANCE_ID.into(), title.to_owned().into()));
    }
    let is_shared = match kind {
        InstanceKind::Software => false,
        InstanceKind::Shared => true,
    };
    let mut form = Form::default();
    if let Some(at) = &other.requester {
        form.add("computer_id", at.computer.as_str());
        form.add("computer_partition_id", at.partition.as_str());
    }
    form.add("software_release", release.as_str());
    form.add("software_type", &words.software_type);
    form.add("partition_reference", title);
    form.add("shared_xml", &marshal::write(&is_shared.into()));
    form.add(
        "partition_parameter_xml",
        &marshal::write(&words.parameters),
    );
    form.add("filter_xml", &marshal::write(&sla));
    let state = words.state.as_deref();
    form.add("state", &marshal::write(&state.into()));

    let mut request = Request::new(Bytes::from(form.0));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/requestComputerPartition");
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let agent = concat!("slapmaster/", env!("CARGO_PKG_VERSION"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Some(at) = &other.requester {
        let (computer, partition) = (&at.computer, &at.partition);
        let caller =
            format!("X-SlapPartition computer_id={computer}, computer_partition_id={partition}");
        let caller = caller.parse().map_err(|_| Failure::Requester)?;
        headers.insert(header::AUTHORIZATION, caller);
    }
    Ok(request)
}

/// Fields as a browser writes them.
#[derive(Default)]
struct Form(String);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            match byte {
                b' ' => self.0.push('+'),
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                    self.0.push(char::from(byte));
                }
                _ => {
                    // Writing to a text cannot fail.
                    let _ = write!(self.0, "%{byte:02X}");
                }
            }
        }
    }
}

/// What every instance has, and the client's library looks for.
const COMPUTER: &str = "slap_computer_id";
const PARTITION: &str = "slap_computer_partition_id";
const CONNECTION: &str = "_connection_dict";
const PARAMETERS: &str = "_parameter_dict";

/// The instance in the answer of the master at `url` to a request for a release.
pub(super) fn read(
    url: &str,
    release: &SoftwareReleaseUri,
    kind: InstanceKind,
    answer: &Response<Bytes>,
) -> Result<Told, ForwardError> {
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::REQUEST_TIMEOUT => return Err(ForwardError::NotReady),
        other => return Err(ForwardError::failed(url, Failure::Status(other))),
    }
    instance(answer.body())
        .map(|instance| Told::of(instance, url, release, kind))
        .map_err(|failure| ForwardError::failed(url, failure))
}

/// The instance in an answer, which has everything that an instance has.
fn instance(body: &[u8]) -> Result<Object<'static>, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::NotUtf8)?;
    let value = marshal::read_answer(text).map_err(Failure::Marshal)?;
    let kind = value.kind();
    let Value::Object(instance) = value else {
        return Err(Failure::NotAnInstance(kind));
    };
    let of = |name: &str| {
        let mut attributes = instance.attributes.iter();
        attributes.find_map(|(other, value)| (other == name).then_some(value))
    };
    for name in [COMPUTER, PARTITION] {
        of(name)
            .and_then(Value::as_text)
            .ok_or(Failure::Lacks(name))?;
    }
    for name in [CONNECTION, PARAMETERS] {
        if !matches!(of(name), Some(Value::Dictionary(_))) {
            return Err(Failure::Lacks(name));
        }
    }
    Ok(*instance)
}

impl Told {
    /// What slapproxy makes of an instance (seen with 1.26.1): the object that the client's library
    /// made of the answer, marshalled with all that is set on it.
    fn of(
        instance: Object<'static>,
        url: &str,
        release: &SoftwareReleaseUri,
        kind: InstanceKind,
    ) -> Self {
        let answered: BTreeMap<_, _> = instance.attributes.into_iter().collect();
        let of = |name: &str| answered.get(name).cloned().unwrap_or_default();
        let (computer, partition) = match (instance.class, instance.arguments.as_slice()) {
            // What its constructor would set. An invented frontend has other names in the answer.
            (Class::ComputerPartition, [computer, partition, ..]) => {
                (computer.clone(), partition.clone())
            }
            _ => (of(COMPUTER), of(PARTITION)),
        };
        let mut told: BTreeMap<Cow<'static, str>, Value<'static>> = BTreeMap::from([
            (Cow::Borrowed("_computer_id"), computer),
            (Cow::Borrowed("_partition_id"), partition),
            (Cow::Borrowed("_hateoas_navigator"), Value::None),
        ]);
        told.extend(answered);
        told.extend([
            (Cow::Borrowed("_request_dict"), Value::None),
            (Cow::Borrowed("_connection_helper"), Value::None),
            (Cow::Borrowed("_master_url"), url.to_owned().into()),
            (
                Cow::Borrowed("_software_release_document"),
                release.as_str().to_owned().into(),
            ),
        ]);
        if kind == InstanceKind::Shared {
            told.insert(Cow::Borrowed("_synced"), true.into());
        }
        Self(told)
    }

    /// A thing that was told; nothing if it was not.
    fn of_name(&self, name: &str) -> Value<'_> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// The computer.
    pub(in crate::front) fn computer(&self) -> Value<'_> {
        self.of_name("_computer_id")
    }

    /// The partition.
    pub(in crate::front) fn partition(&self) -> Value<'_> {
        self.of_name("_partition_id")
    }

    /// What the instance publishes, a dictionary.
    pub(in crate::front) fn connection(&self) -> Value<'_> {
        self.of_name(CONNECTION)
    }

    /// All of it, as an object of the client's library.
    pub(in crate::front) fn object(&self) -> Value<'_> {
        let attributes = self.0.iter().map(|(name, value)| (&**name, value.clone()));
        Value::object(
            Class::ComputerPartition,
            [self.computer(), self.partition(), Value::None],
            attributes,
        )
    }
}
