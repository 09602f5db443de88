//! Who is calling, in the protocol's dialects (`slap.md` 1.1, `json-rpc.md` 3.1, `semantics.md`
//! 10.5).
//!
//! On an open listener nobody proves anything: the header says which instance calls, else the
//! call's own fields do. Where a proof is asked for, nothing of that counts. Whether such a
//! partition exists is the master's question.

use axum::http::{HeaderMap, header, request::Parts};

use crate::{
    domain::{
        caller::Caller,
        identifier::{ComputerReference, PartitionAddress, PartitionReference},
    },
    master::Master,
};

use super::{AppState, auth::Authentication};

/// The scheme under which the client names the partition that calls; sent on POST only.
const SCHEME: &str = "X-SlapPartition";

/// What a request says and proves of who makes it.
#[derive(Debug)]
pub(super) struct Calling {
    auth: Authentication,
    /// The partition that the header names, where that counts.
    partition: Option<PartitionAddress>,
}

impl Calling {
    /// Of the request with this head.
    pub(super) fn of(app: &AppState, parts: &Parts) -> Self {
        let auth = Authentication::of(app, &parts.extensions, &parts.headers);
        let partition = auth
            .is_open()
            .then(|| named_partition(&parts.headers))
            .flatten();
        Self { auth, partition }
    }

    /// The partition that the header names, where that counts.
    pub(super) const fn partition(&self) -> Option<&PartitionAddress> {
        self.partition.as_ref()
    }

    /// Who calls about an instance: on an open listener the one that the header names, else the
    /// one that the call is about.
    pub(super) fn about_instance(&self) -> Caller {
        self.auth.caller(Caller::Instance(self.partition.clone()))
    }

    /// Who calls about a computer: on an open listener the computer that the call names.
    pub(super) fn about_computer(&self, computer: &ComputerReference) -> Caller {
        match &self.auth {
            Authentication::Open => Caller::Computer(computer.clone()),
            Authentication::Certificate(credential) => Caller::Certified(credential.clone()),
        }
    }

    /// Who makes any other call: on an open listener the default user.
    pub(super) fn of_itself(&self) -> Caller {
        self.auth.caller(Caller::DefaultUser)
    }

    /// Who it is in words, for the log, as far as that costs nothing.
    pub(super) fn in_words(&self, master: &Master) -> Option<String> {
        match &self.auth {
            Authentication::Open => self.partition.as_ref().map(PartitionAddress::to_string),
            Authentication::Certificate(_) => master.remembered(&self.of_itself()),
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
