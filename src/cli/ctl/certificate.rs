//! `slapmaster ctl certificate`: what was issued, issuing more, and revoking.

use super::{
    ask::{Ask, Object, Plan, Show},
    declare::{Argument, Line, Topic, Verb, needed, perhaps, switch, value, word},
    show::Column,
};

/// Whose a certificate is.
const OWNER: &[Argument] = &[
    value("computer", "REF", "Of this computer"),
    value("instance", "REF", "Of this instance"),
    value("user", "REF", "Of this user"),
];
const COLUMNS: &[Column] = &[
    ("serial", "serial"),
    ("kind", "kind"),
    ("common name", "common_name"),
    ("status", "status"),
    ("not before", "not_before"),
    ("not after", "not_after"),
    ("revoked at", "revoked_at"),
];

/// The topic.
pub(super) const TOPIC: Topic = Topic {
    name: "certificate",
    about: "Certificates of computers, instances and users",
    verbs: &[
        Verb {
            name: "list",
            about: "What was issued, oldest first",
            more: "",
            takes: &[
                OWNER,
                &[word(
                    "status",
                    &["valid", "not_yet_valid", "expired", "revoked"],
                    "That stand so by the world's clock",
                )],
            ],
            plan: |line| {
                let ask = ["computer", "instance", "user", "status"]
                    .iter()
                    .fold(Ask::get(&["v1", "certificates"]), |ask, key| {
                        ask.query(key, line.text(key))
                    });
                let show = Show::Table("certificates", COLUMNS, "no such certificate was issued");
                Ok(Plan::new(ask, show))
            },
        },
        Verb {
            name: "show",
            about: "One certificate, with its PEM text",
            more: "",
            takes: &[&[needed("SERIAL", "Its serial number")]],
            plan: |line| {
                let path = ["v1", "certificates", line.needed("SERIAL")];
                Ok(Plan::new(Ask::get(&path), Show::Facts))
            },
        },
        Verb {
            name: "issue",
            about: "Issue a certificate; its key is told once",
            more: "\
What is written to a file is not printed; the key's file is for its owner alone.

Example:
  slapmaster ctl certificate issue --computer COMP-1 --certificate c.crt --key c.key",
            takes: &[
                OWNER,
                &[
                    value("certificate", "FILE", "Write the certificate to this file"),
                    value("key", "FILE", "Write its key to this file"),
                ],
            ],
            plan: |line| {
                let ask = Ask::post(&["v1", "certificates"], owner(line));
                let file = |key| line.text(key).map(|path| (key, path.to_owned()));
                Ok(Plan {
                    save: ["certificate", "key"]
                        .into_iter()
                        .filter_map(file)
                        .collect(),
                    ..Plan::new(ask, Show::Facts)
                })
            },
        },
        Verb {
            name: "revoke",
            about: "Revoke a certificate, or all of someone",
            more: "",
            takes: &[&[perhaps("SERIAL", "Its serial number")], OWNER],
            plan: |line| {
                let body = owner(line).put("serial", line.text("SERIAL"));
                let ask = Ask::post(&["v1", "certificates", "revoke"], body);
                let none = "there was none to revoke";
                Ok(Plan::new(ask, Show::Table("revoked", COLUMNS, none)))
            },
        },
        Verb {
            name: "ca",
            about: "The certificate of the world's authority, in PEM",
            more: "",
            takes: &[],
            plan: |_| Ok(Plan::new(Ask::get(&["v1", "ca.pem"]), Show::Raw)),
        },
        Verb {
            name: "crl",
            about: "What is revoked, in PEM",
            more: "",
            takes: &[&[switch("der", "In DER")]],
            plan: |line| {
                let file = if line.is_set("der") {
                    "crl.der"
                } else {
                    "crl.pem"
                };
                Ok(Plan::new(Ask::get(&["v1", file]), Show::Raw))
            },
        },
    ],
};

fn owner(line: Line<'_>) -> Object {
    ["computer", "instance", "user"]
        .into_iter()
        .fold(Object::default(), |owner, key| {
            owner.put(key, line.text(key))
        })
}
