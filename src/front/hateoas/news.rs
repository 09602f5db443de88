//! News as documents tell them (`hateoas.md` A.6).

use serde_json::{Map, Value, json};

use crate::{
    domain::{
        document::Entry,
        identifier::PartitionReference,
        news::{InstanceNews, TreeNews},
        parameters::Parameters,
        status::{PortalType, StatusReading, no_data_text},
    },
    front::date::http_date,
};

/// Who is said to have reported what nobody reported.
const MASTER: &str = "SlapOS Master";

/// What the software of an instance publishes for its monitoring, where it has one.
const MONITOR: &str = "monitor-setup-url";

/// What was last reported of something.
pub(super) fn status(reading: &StatusReading) -> Map<String, Value> {
    let mut told = Map::new();
    let mut tell = |key: &str, value: Value| told.insert(key.to_owned(), value);
    tell("portal_type", reading.portal_type.as_str().into());
    tell("reference", reading.reference.as_str().into());
    if let Some(status) = &reading.status {
        tell("user", status.user.as_str().into());
        tell("state", status.state.as_str().into());
        tell("text", status.text().into());
        tell("created_at", http_date(status.created_at).into());
        tell("since", http_date(status.since).into());
        let (ageing, old) = (reading.is_ageing(), reading.is_old());
        tell("no_data_since_5_minutes", i32::from(ageing).into());
        tell("no_data_since_15_minutes", i32::from(old).into());
    } else {
        let now = http_date(reading.read_at);
        tell("user", MASTER.into());
        tell("state", "".into());
        tell("text", no_data_text(&reading.reference).into());
        tell("created_at", now.clone().into());
        tell("since", now.into());
        tell("no_data", 1.into());
    }
    told
}

/// What is told of an instance.
pub(super) fn instance(
    portal_type: PortalType,
    reference: &str,
    connection: &Parameters,
    news: &InstanceNews,
) -> Value {
    let monitor_url = monitor_url(connection);
    let instead = |text: String, flag: Option<&str>| {
        let mut told = json!({
            "portal_type": portal_type.as_str(),
            "reference": reference,
            "user": MASTER,
            "text": text,
            "monitor_url": monitor_url.as_str(),
        });
        if let (Some(flag), Value::Object(told)) = (flag, &mut told) {
            told.insert(flag.to_owned(), 1.into());
        }
        told
    };
    match news {
        InstanceNews::Maintenance(computer) => instead(
            format!("#error Node {computer} is closed for maintenance"),
            None,
        ),
        InstanceNews::Shared => {
            instead(format!("#nodata is a slave {reference}"), Some("is_slave"))
        }
        InstanceNews::Stopped => instead(
            format!("#nodata is an stopped instance {reference}"),
            Some("is_stopped"),
        ),
        InstanceNews::Destroyed => instead(
            format!("#nodata is an destroyed instance {reference}"),
            Some("is_destroyed"),
        ),
        InstanceNews::Reported(reading) => {
            let mut told = status(reading);
            told.insert("monitor_url".to_owned(), monitor_url.into());
            told.into()
        }
    }
}

/// What is told of a tree, given what its root published.
pub(super) fn tree(entry: &Entry, connection: &Parameters, news: &TreeNews) -> Value {
    let (flag, instances) = match news {
        TreeNews::Shared => (Some("is_slave"), Vec::new()),
        TreeNews::Stopped => (Some("is_stopped"), Vec::new()),
        TreeNews::Destroyed => (Some("is_destroyed"), Vec::new()),
        TreeNews::Instances(members) => {
            let portal_type = PortalType::SoftwareInstance;
            let of = |member: &crate::domain::news::MemberNews| {
                let reference = member.reference.as_str();
                instance(portal_type, reference, &member.connection, &member.news)
            };
            (None, members.iter().map(of).collect())
        }
    };
    let mut told = json!({
        "portal_type": entry.portal_type.as_str(),
        "reference": entry.reference,
        "title": entry.title,
        "monitor_url": monitor_url(connection),
        "instance": instances,
    });
    if let (Some(flag), Value::Object(told)) = (flag, &mut told) {
        told.insert(flag.to_owned(), 1.into());
    }
    told
}

/// What is told of a computer.
///
/// Quirk: older masters told the flat status, the client of 1.26.1 reads `computer` and
/// `partition`; so both are there (`hateoas.md` A.5).
pub(super) fn computer(
    reading: &StatusReading,
    partitions: &[(PartitionReference, StatusReading)],
) -> Value {
    let own = status(reading);
    let mut told = own.clone();
    told.insert("computer".to_owned(), own.into());
    let partitions = partitions
        .iter()
        .map(|(partition, reading)| (partition.as_str().to_owned(), status(reading).into()));
    told.insert("partition".to_owned(), Value::Object(partitions.collect()));
    told.into()
}

/// Where the monitoring of an instance is: published as it is, or within a JSON object.
fn monitor_url(connection: &Parameters) -> String {
    if let Some(url) = connection.get(MONITOR) {
        return url.to_owned();
    }
    let nested: Option<Value> = connection
        .get("_")
        .and_then(|json| serde_json::from_str(json).ok());
    let url = nested
        .as_ref()
        .and_then(|nested| nested.get(MONITOR)?.as_str());
    url.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monitoring_is_found_where_it_is_published() {
        let check = |key: &str, value: &str, expected: &str| {
            let mut connection = Parameters::new();
            connection.insert(key, value);
            assert_eq!(monitor_url(&connection), expected);
        };
        check("monitor-setup-url", "https://m/", "https://m/");
        check("_", r#"{"monitor-setup-url": "https://m/"}"#, "https://m/");
        check("_", r#"{"monitor-setup-url": 1}"#, "");
        check("_", "[", "");
        check("url", "https://m/", "");
    }
}
