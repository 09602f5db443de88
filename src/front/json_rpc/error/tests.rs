//! The table of refusals; rows cite where the answer comes from.

use super::*;
use crate::domain::{
    behaviour::Preset,
    certificate::CertificateRefused,
    identifier::{
        ComputerReference, InstanceReference, PartitionAddress, PartitionReference,
        SoftwareReleaseUri, Title,
    },
    permission::{CredentialRefused, Forbidden, Identity},
    request::BrokenRule,
};
use CallKind::{
    Computer, ComputerList, ComputerReport, Host, Instance, InstanceChange, InstanceReport,
    PartitionRead, Request, Server, Setup, SoftwareReport, Tree,
};

/// What a call of this kind is answered under `default`, `real` and `slapproxy`: status and type,
/// or that it is taken and forgotten.
fn answers(kind: CallKind, error: &MasterError) -> [String; 3] {
    [Preset::Default, Preset::Real, Preset::Slapproxy].map(|preset| {
        match verdict(kind, error, &Behaviour::preset(preset)) {
            Verdict::Refused(status, kind) => format!("{} {kind}", status.as_u16()),
            Verdict::Ignored => "ignored".to_owned(),
            Verdict::Failed => "failed".to_owned(),
        }
    })
}

#[track_caller]
fn check(source: &str, kind: CallKind, error: impl Into<MasterError>, expected: [&str; 3]) {
    let error = error.into();
    assert_eq!(
        answers(kind, &error),
        expected,
        "{source}: {kind:?}: {error}"
    );
}

fn computer() -> ComputerReference {
    ComputerReference::trusted("COMP-9".to_owned())
}

fn at() -> PartitionAddress {
    PartitionAddress {
        computer: computer(),
        partition: PartitionReference::trusted("slappart9".to_owned()),
    }
}

fn guid(text: &str) -> Missing {
    Missing::Instance(InstanceReference::trusted(text.to_owned()))
}

fn title() -> Title {
    Title::trusted("web".to_owned())
}

const NOT_FOUND: &str = "404 not-found";
const NO_INSTANCE: &str = "403 SOFTWARE-INSTANCE-NOT-FOUND";
const NO_SOFTWARE: &str = "403 SOFTWARE-INSTALLATION-NOT-FOUND";
const UNKNOWN: &str = "500 unknown-error";

#[test]
fn what_is_missing_is_answered_by_the_kind_of_call_and_the_preset() {
    let source = "json-rpc.md 7";
    let missing = || Missing::Computer(computer());
    check(
        source,
        ComputerList,
        missing(),
        [NOT_FOUND, "ignored", "403 not-found"],
    );
    check(
        source,
        PartitionRead,
        missing(),
        [NOT_FOUND, UNKNOWN, NO_INSTANCE],
    );
    for kind in [ComputerReport, SoftwareReport] {
        check(source, kind, missing(), [NOT_FOUND, NOT_FOUND, "ignored"]);
    }
    for kind in [Computer, Setup] {
        check(source, kind, missing(), [NOT_FOUND; 3]);
    }
    let partition = Missing::Partition(at());
    check(
        source,
        PartitionRead,
        partition,
        [NOT_FOUND, NOT_FOUND, NO_INSTANCE],
    );
    let nobody = Missing::InstanceOnPartition {
        at: at(),
        busy: false,
    };
    check(source, PartitionRead, nobody, [NO_INSTANCE; 3]);
    let installation = Missing::Installation {
        computer: computer(),
        release: SoftwareReleaseUri::trusted("u".to_owned()),
    };
    check(
        source,
        SoftwareReport,
        installation,
        [NO_SOFTWARE, NO_SOFTWARE, "ignored"],
    );
    check(source, Instance, guid("SOFTINST-9"), [NO_INSTANCE; 3]);
    check(
        source,
        Host,
        guid("SOFTINST-9"),
        ["403 HOST-INSTANCE-NOT-FOUND"; 3],
    );
    check(
        source,
        InstanceReport,
        guid("SOFTINST-9"),
        [NO_INSTANCE, NO_INSTANCE, "ignored"],
    );
    check(
        source,
        InstanceChange,
        guid("a___b___0"),
        [NO_INSTANCE, NO_INSTANCE, "ignored"],
    );
    check(source, InstanceChange, guid("foo"), [NO_INSTANCE; 3]);
    let tree = Missing::Tree(title());
    check(
        "json-rpc.md 5.11",
        Tree,
        tree,
        ["403 INSTANCE-TREE-NOT-FOUND"; 3],
    );
    let requester = MasterError::UnknownRequester(Missing::Partition(at()));
    check("C.9", Request, requester, [NO_INSTANCE; 3]);
}

#[test]
fn what_a_rule_or_a_value_refuses_has_a_type_or_is_productions_500() {
    let refused = |kind| [kind, UNKNOWN, kind];
    let source = "C.53, json-rpc.md 2.3";
    let cycle = BrokenRule::Cycle(title());
    check(source, Request, cycle, refused("403 REQUEST-REFUSED"));
    let requester = Missing::Requester(computer());
    check(
        "json-rpc.md 5.17",
        Request,
        requester,
        refused("403 REQUEST-REFUSED"),
    );
    let project = Missing::ProjectGuess;
    check(
        "json-rpc.md 5.17",
        Request,
        project,
        refused("403 REQUEST-REFUSED"),
    );
    let source = "C.54, json-rpc.md 2.3";
    let root = RefusedValue::RootOfTree(title());
    check(source, Request, root, refused("403 REQUEST-REFUSED"));
    for taken in [
        RefusedValue::TitleInTree(title()),
        RefusedValue::TitleOfTree(title()),
    ] {
        check(source, InstanceChange, taken, refused("403 TITLE-TAKEN"));
    }
    let active = CertificateRefused::StillActive(computer());
    check(
        source,
        Computer,
        active,
        refused("403 CERTIFICATE-STILL-ACTIVE"),
    );
    let none = CertificateRefused::NoneActive(computer());
    check(source, Computer, none, refused("403 NO-CERTIFICATE"));
    let unasked = RefusedValue::NotAskedToBeDestroyed(SoftwareReleaseUri::trusted("u".to_owned()));
    let expected = ["403 SOFTWARE-INSTALLATION-DESTROY-NOT-REQUESTED"; 3];
    check("C.16", SoftwareReport, unasked, expected);
}

#[test]
fn the_other_errors_are_answered_alike_by_every_call() {
    let full = MasterError::NothingFree("full".to_owned());
    check("C.19", Request, full, ["403 REQUEST-REFUSED"; 3]);
    let invalid = InvalidValue::new("title", "is empty");
    let expected = ["400 invalid-json-object-content"; 3];
    check("json-rpc.md 2.3", Request, invalid, expected);
    let unauthorized = ["401 unauthorized"; 3];
    check(
        "json-rpc.md 2.2",
        Server,
        CredentialRefused::Missing,
        unauthorized,
    );
    let identity = Identity::Computer {
        id: 1,
        reference: computer(),
    };
    let forbidden = Forbidden::new(&identity, "read computer `COMP-1`");
    check("C.6", Computer, forbidden, unauthorized);
}

#[test]
fn slapproxys_words_are_its_own() {
    let says = |kind, missing: Missing, expected: &str| {
        let said = as_slapproxy_says(kind, &missing.into());
        assert_eq!(said.as_deref(), Some(expected));
    };
    says(
        ComputerList,
        Missing::Computer(computer()),
        "COMP-9 is not registered.",
    );
    says(Instance, guid("foo"), "instance_guid foo not handled.");
    says(
        Host,
        guid("a______0"),
        "No software instance a______0 found.",
    );
    says(Tree, Missing::Tree(title()), "No instance tree web found.");
}

#[test]
fn a_long_text_is_clipped() {
    let text = clipped("é".repeat(MAX_TEXT_BYTES));
    assert_eq!(text.len(), MAX_TEXT_BYTES + "…".len());
    assert_eq!(clipped("short".to_owned()), "short");
}
