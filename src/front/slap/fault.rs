//! How fault rules see the classic calls.

use axum::{body::Bytes, http::HeaderValue, http::request::Parts};

use crate::{
    domain::{call::Dialect, instance::InstanceName},
    front::faults::{Forms, Named},
};

use super::{answer, form::Form};

/// Calls that a computer makes about itself, where nobody proves anything (`semantics.md` 10.5).
const OF_COMPUTERS: [&str; 9] = [
    "loadComputerConfigurationFromXML",
    "getFullComputerInformation",
    "getComputerInformation",
    "computerBang",
    "useComputer",
    "buildingSoftwareRelease",
    "availableSoftwareRelease",
    "softwareReleaseError",
    "destroyedSoftwareRelease",
];

/// The dialect's forms.
pub(in crate::front) static FORMS: Forms = Forms {
    dialect: Dialect::Slap,
    named,
    not_ready: answer::not_ready,
    refusal: |status, sentence| answer::plain(status, format!("{sentence}\n")),
    content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
};

/// What a call names; nothing, if it cannot be read.
fn named(call: &str, parts: &Parts, body: &Bytes) -> Named {
    let Ok(form) = Form::of_bytes(parts, body) else {
        return Named::default();
    };
    let field = |name: &str| form.not_empty(name).ok().flatten().map(str::to_owned);
    let mut named = Named {
        computer: field("computer_id").or_else(|| field("computer_reference")),
        partition: field("computer_partition_id").or_else(|| field("computer_partition_reference")),
        by_computer: OF_COMPUTERS.contains(&call),
        ..Named::default()
    };
    match call {
        "requestComputerPartition" => named.title = field("partition_reference"),
        "loadComputerConfigurationFromXML" => named.computer = formatted(&form),
        _ => {
            let at = named.at();
            named.instance = at.map(|at| InstanceName::on(at, field("slave_reference")));
        }
    }
    named
}

/// The computer that a format describes.
fn formatted(form: &Form) -> Option<String> {
    let value = form.value("xml").ok().flatten()?;
    value.get("reference")?.as_text().map(str::to_owned)
}
