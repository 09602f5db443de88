//! Who is calling, as far as the classic wire says (`slap.md` 1.1, `semantics.md` 10.5).
//!
//! On an open listener nobody proves anything: the header says which instance calls, else the
//! call's own fields do. Whether such a partition exists is the master's question.

use axum::http::{HeaderMap, header};

use crate::domain::{
    caller::Caller,
    identifier::{ComputerReference, PartitionAddress, PartitionReference},
    request::Requester,
    text::InvalidValue,
};

use super::form::Form;

/// The scheme under which the client names the partition that calls; sent on POST only.
const SCHEME: &str = "X-SlapPartition";

/// The partition that the `Authorization` header names, if it names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallingPartition(Option<PartitionAddress>);

impl CallingPartition {
    /// No partition: where who calls has to be proven, the header says nothing.
    pub(super) const fn unnamed() -> Self {
        Self(None)
    }

    /// The partition that these headers name.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(named_partition(headers))
    }

    /// Who calls about an instance.
    pub(super) fn caller(&self) -> Caller {
        Caller::Instance(self.0.clone())
    }

    /// The partition in words, for the log.
    pub(super) fn to_text(&self) -> Option<String> {
        self.0.as_ref().map(PartitionAddress::to_string)
    }

    /// In whose name a request is made: the header wins over the form, and without both form
    /// fields it is whoever calls.
    pub(super) fn requester(&self, form: &Form) -> Result<Requester, InvalidValue> {
        if let Some(at) = &self.0 {
            return Ok(Requester::Header(at.clone()));
        }
        let computer = form.not_empty("computer_id")?;
        let partition = form.not_empty("computer_partition_id")?;
        if computer.is_some() && partition.is_some() {
            Ok(Requester::Form(form.partition()?))
        } else {
            Ok(Requester::Caller)
        }
    }
}

/// Reads `X-SlapPartition computer_id=COMP-0, computer_partition_id=slappart0`, as tolerant as
/// slapproxy: any case of the scheme, pairs in any order, others ignored, missing ones accepted.
fn named_partition(headers: &HeaderMap) -> Option<PartitionAddress> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let text = std::str::from_utf8(value).ok()?.trim();
    let (scheme, pairs) = text.split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let (mut computer, mut partition) = (None, None);
    for pair in pairs.split(',') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        match name.trim() {
            "computer_id" => computer = Some(value.trim()),
            "computer_partition_id" => partition = Some(value.trim()),
            _ => {}
        }
    }
    Some(PartitionAddress {
        computer: ComputerReference::parse(SCHEME, computer?).ok()?,
        partition: PartitionReference::parse(SCHEME, partition?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_a_partition() {
        let check = |value: &str, expected: Option<(&str, &str)>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            let named = named_partition(&headers);
            let named = named
                .as_ref()
                .map(|at| (at.computer.as_str(), at.partition.as_str()));
            assert_eq!(named, expected, "{value}");
        };
        let both = Some(("COMP-0", "slappart0"));
        check(
            "X-SlapPartition computer_id=COMP-0, computer_partition_id=slappart0",
            both,
        );
        check(
            "x-slappartition  computer_partition_id = slappart0 ,x,computer_id= COMP-0,y=1",
            both,
        );
        check(
            "X-SlapPartition computer_id=a=b, computer_partition_id=c",
            Some(("a=b", "c")),
        );
        for value in [
            "X-SlapPartition",
            "X-SlapPartition computer_id=COMP-0",
            "X-SlapPartition computer_id=, computer_partition_id=",
            "Basic computer_id=COMP-0, computer_partition_id=slappart0",
        ] {
            check(value, None);
        }
    }
}
