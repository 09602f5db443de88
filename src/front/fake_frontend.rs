//! Slapproxy's invented frontends: two well-known releases whose shared instances are answered
//! without any host (`slap.md` 9.2, C.32).

use crate::domain::{
    behaviour::{Behaviour, FakeFrontend},
    parameters::Parameters,
    request::RequestInstance,
    state::InstanceKind,
};

const WEB: &str =
    "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg";
const WEB_TYPES: [&str; 2] = ["default", "RootSoftwareInstance"];
const KVM: &str = "http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/tags/slapos-0.92:/software/kvm/software.cfg";
const KVM_TYPE: &str = "frontend";

/// A frontend that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invented {
    /// What stands for its partition.
    pub(super) partition: String,
    /// What it is said to publish.
    pub(super) connection: Parameters,
}

/// What is answered in place of an instance, if the request is for one of the two and the switch
/// is on. Nothing is stored. One that lacks the parameters that the answer is made of is looked for
/// a host like any other.
///
/// Slapproxy points to its own forwarding address when it is reached by https; this master does
/// not forward, and answers the URL itself.
pub(super) fn invented(request: &RequestInstance, behaviour: &Behaviour) -> Option<Invented> {
    if behaviour.fake_frontend == FakeFrontend::Off || request.kind == InstanceKind::Software {
        return None;
    }
    let software_type = request.software_type.as_str();
    match request.release.as_str() {
        WEB if WEB_TYPES.contains(&software_type) => web(&request.parameters),
        KVM if software_type == KVM_TYPE => kvm(&request.parameters),
        _ => None,
    }
}

fn web(parameters: &Parameters) -> Option<Invented> {
    let url = parameters.get("url")?;
    let domain = host_and_port(url).to_owned();
    Some(frontend(
        format!("Fake frontend for {url}"),
        [("secure_access", url.to_owned()), ("domain", domain)],
    ))
}

fn kvm(parameters: &Parameters) -> Option<Invented> {
    let port = parameters.get("port")?;
    let host = parameters.get("host")?;
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let url = format!("https://{host}:{port}/");
    Some(frontend(
        format!("Fake KVM VNC frontend for {url}"),
        [
            ("url", url),
            ("domainname", host),
            ("port", port.to_owned()),
            ("path", "/".to_owned()),
        ],
    ))
}

fn host_and_port(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn frontend(
    partition: String,
    connection: impl IntoIterator<Item = (&'static str, String)>,
) -> Invented {
    Invented {
        partition,
        connection: connection
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_stands_between_slashes() {
        let check = |url, expected| assert_eq!(host_and_port(url), expected, "{url}");
        check("https://a.example:8080/x?y", "a.example:8080");
        check("https://[2001:db8::1]:80", "[2001:db8::1]:80");
        check("http://a.example?x", "a.example");
        check("a.example/x", "a.example");
    }
}
