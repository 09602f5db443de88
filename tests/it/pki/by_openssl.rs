//! The `openssl` command: what most other programs trust.

use std::process::Command;

use slapmaster::domain::time::Timestamp;

use super::{DAY, Sample, later};

/// What a person without the command is told.
const WHAT_TO_INSTALL: &str = "the tests of certificates need the `openssl` command: install it (Debian: `apt-get install \
     openssl`)";

/// What the command said and whether it was content, run where the sample's files are.
pub(super) fn openssl(sample: &Sample, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(sample.folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{WHAT_TO_INSTALL}\n{error}"));
    let words = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&words).into_owned(),
    )
}

/// `openssl verify` by the letter of the standard, with these arguments after it.
fn verify(sample: &Sample, arguments: &[&str]) -> (bool, String) {
    let strictly = ["verify", "-x509_strict", "-check_ss_sig"];
    openssl(sample, &[&strictly, arguments].concat())
}

/// Verification must succeed.
fn check_accepted(sample: &Sample, arguments: &[&str]) {
    let (accepted, words) = verify(sample, arguments);
    assert!(accepted, "{arguments:?}: {words}");
    assert!(words.trim_end().ends_with(": OK"), "{words}");
}

/// Verification must fail for this reason.
fn check_refused(sample: &Sample, arguments: &[&str], reason: &str) {
    let (accepted, words) = verify(sample, arguments);
    assert!(!accepted, "{arguments:?} was accepted: {words}");
    assert!(words.contains(reason), "`{reason}` is missing: {words}");
}

/// What `openssl x509` or `openssl crl` shows must have all of these in it.
fn check_shown(sample: &Sample, arguments: &[&str], expected: &[&str]) {
    // Names in one form, whatever the command's version.
    let (shown, words) = openssl(sample, &[arguments, &["-nameopt", "RFC2253"]].concat());
    assert!(shown, "{words}");
    for expected in expected {
        assert!(words.contains(expected), "`{expected}` is missing: {words}");
    }
}

/// A date as the command shows it.
fn shown(sample: &Sample, at: Timestamp) -> String {
    let date = format!("@{}", at.as_seconds());
    let output = Command::new("date")
        .args(["-u", "-d", &date, "+%b %e %H:%M:%S %Y GMT"])
        .env("LC_ALL", "C")
        .current_dir(sample.folder.path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn openssl_verifies_each_kind_for_its_use_alone() {
    let sample = Sample::new();
    check_accepted(&sample, &["-CAfile", "ca.crt", "ca.crt"]);
    for name in ["computer", "instance", "user", "odd", "revoked"] {
        let file = format!("{name}.crt");
        check_accepted(
            &sample,
            &["-purpose", "sslclient", "-CAfile", "ca.crt", &file],
        );
        let as_server = ["-purpose", "sslserver", "-CAfile", "ca.crt", &file];
        check_refused(&sample, &as_server, "urpose");
    }
    let server = ["-purpose", "sslserver", "-CAfile", "ca.crt", "server.crt"];
    for name in [
        ["-verify_hostname", "localhost"],
        ["-verify_hostname", "master.example.org"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        check_accepted(&sample, &[&name, &server[..]].concat());
    }
    let elsewhere = ["-verify_hostname", "elsewhere"];
    check_refused(
        &sample,
        &[&elsewhere, &server[..]].concat(),
        "ostname mismatch",
    );
    let as_client = ["-purpose", "sslclient", "-CAfile", "ca.crt", "server.crt"];
    check_refused(&sample, &as_client, "urpose");
}

#[test]
fn openssl_refuses_the_certificate_of_another_authority() {
    let sample = Sample::new();
    for (ca, file) in [("other.crt", "computer.crt"), ("ca.crt", "foreign.crt")] {
        let arguments = ["-CAfile", ca, file];
        check_refused(&sample, &arguments, "verification failed");
    }
    check_accepted(&sample, &["-CAfile", "other.crt", "foreign.crt"]);
}

#[test]
fn openssl_refuses_what_the_revocation_list_names() {
    let sample = Sample::new();
    let by_list = ["-crl_check", "-CRLfile", "crl.pem", "-CAfile", "ca.crt"];
    for file in ["computer.crt", "instance.crt", "user.crt", "server.crt"] {
        check_accepted(&sample, &[&by_list[..], &[file]].concat());
    }
    let revoked = [&by_list[..], &["revoked.crt"]].concat();
    check_refused(&sample, &revoked, "certificate revoked");
    // It is the list that says so, not the certificate.
    check_accepted(&sample, &["-CAfile", "ca.crt", "revoked.crt"]);

    let over = later(sample.now, DAY + 1).as_seconds().to_string();
    let late = [&["-attime", over.as_str()], &by_list[..], &["computer.crt"]].concat();
    check_refused(&sample, &late, "CRL has expired");
    let (verified, words) = openssl(
        &sample,
        &[
            "crl", "-in", "crl.der", "-inform", "DER", "-CAfile", "ca.crt", "-noout",
        ],
    );
    assert!(verified && words.contains("verify OK"), "{words}");
    let (_, words) = openssl(
        &sample,
        &["crl", "-in", "crl.pem", "-CAfile", "other.crt", "-noout"],
    );
    assert!(words.contains("verify failure"), "{words}");
}

#[test]
fn openssl_counts_the_first_and_the_last_second() {
    // Clocks at 1975, just before and after dates take another form in 2050, and now.
    let worlds = [157_766_400, 2_208_988_800, 2_840_140_800]
        .map(|seconds| Sample::at(Timestamp::from_seconds(seconds)));
    for sample in worlds.iter().chain([&Sample::new()]) {
        let validity = sample.issued("computer").validity;
        let at = |at: Timestamp| at.as_seconds().to_string();
        let leaf = ["-CAfile", "ca.crt", "computer.crt"];
        // OpenSSL takes the last second itself for over, against RFC 5280 4.1.2.5.
        let last = later(validity.not_after, -1);
        for second in [validity.not_before, sample.now, last] {
            check_accepted(sample, &[&["-attime", &at(second)], &leaf[..]].concat());
        }
        let late = at(later(validity.not_after, 1));
        let arguments = [&["-attime", late.as_str()], &leaf[..]].concat();
        check_refused(sample, &arguments, "certificate has expired");
        let early = at(later(validity.not_before, -1));
        let arguments = [&["-attime", early.as_str()], &leaf[..]].concat();
        check_refused(sample, &arguments, "not yet valid");
    }
}

#[test]
fn openssl_shows_the_authoritys_fields() {
    let sample = Sample::new();
    let validity = sample.authority.validity();
    check_shown(
        &sample,
        &["x509", "-in", "ca.crt", "-noout", "-text"],
        &[
            "Version: 3 (0x2)",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Issuer: CN=Mock SlapOS CA,O=slapmaster\\, for tests only",
            "Subject: CN=Mock SlapOS CA,O=slapmaster\\, for tests only",
            &format!("Not Before: {}", shown(&sample, validity.not_before)),
            &format!("Not After : {}", shown(&sample, validity.not_after)),
            "NIST CURVE: P-256",
            "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
            "X509v3 Subject Key Identifier:",
        ],
    );
    let serial = format!(
        "serial={}",
        sample.authority.serial().as_str().to_uppercase()
    );
    check_shown(
        &sample,
        &["x509", "-in", "ca.crt", "-noout", "-serial"],
        &[&serial],
    );
}

#[test]
fn openssl_shows_the_fields_of_each_kind() {
    let sample = Sample::new();
    let clients = [
        ("computer", "COMP-7", "TLS Web Client Authentication"),
        ("instance", "SOFTINST-4", "TLS Web Client Authentication"),
        ("user", "PERS-1", "TLS Web Client Authentication"),
        ("server", "localhost", "TLS Web Server Authentication"),
    ];
    for (name, common_name, usage) in clients {
        let issued = sample.issued(name);
        let file = format!("{name}.crt");
        check_shown(
            &sample,
            &["x509", "-in", &file, "-noout", "-text"],
            &[
                "Version: 3 (0x2)",
                "Signature Algorithm: ecdsa-with-SHA256",
                "Issuer: CN=Mock SlapOS CA,O=slapmaster\\, for tests only",
                &format!("Subject: CN={common_name},O=slapmaster\\, for tests only"),
                &format!("Not Before: {}", shown(&sample, issued.validity.not_before)),
                &format!("Not After : {}", shown(&sample, issued.validity.not_after)),
                "NIST CURVE: P-256",
                "X509v3 Basic Constraints: critical\n                CA:FALSE",
                "X509v3 Key Usage: critical\n                Digital Signature\n",
                &format!("X509v3 Extended Key Usage: \n                {usage}\n"),
                "X509v3 Subject Key Identifier:",
                "X509v3 Authority Key Identifier:",
            ],
        );
        let serial = format!("serial={}", issued.serial.as_str().to_uppercase());
        check_shown(
            &sample,
            &["x509", "-in", &file, "-noout", "-serial"],
            &[&serial],
        );
    }
    check_shown(
        &sample,
        &["x509", "-in", "server.crt", "-noout", "-text"],
        &[
            "X509v3 Subject Alternative Name:",
            "DNS:localhost, DNS:*.example.org, IP Address:127.0.0.1, \
             IP Address:0:0:0:0:0:0:0:1",
        ],
    );
}

#[test]
fn openssl_says_when_a_certificate_is_about_to_end() {
    let sample = Sample::new();
    let left = 3650 * DAY;
    for (seconds, lasts) in [(left - DAY, true), (left + DAY, false)] {
        let seconds = seconds.to_string();
        let arguments = ["x509", "-in", "user.crt", "-noout", "-checkend", &seconds];
        let (found, words) = openssl(&sample, &arguments);
        assert_eq!(found, lasts, "{words}");
    }
}

#[test]
fn openssl_shows_what_the_revocation_list_says() {
    let sample = Sample::new();
    let serial = sample.issued("revoked").serial.as_str().to_uppercase();
    check_shown(
        &sample,
        &["crl", "-in", "crl.pem", "-noout", "-text"],
        &[
            "Version 2 (0x1)",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Issuer: CN=Mock SlapOS CA,O=slapmaster\\, for tests only",
            &format!("Last Update: {}", shown(&sample, sample.now)),
            &format!("Next Update: {}", shown(&sample, later(sample.now, DAY))),
            "X509v3 Authority Key Identifier:",
            "X509v3 CRL Number: \n                3\n",
            &format!("Serial Number: {serial}\n"),
            &format!("Revocation Date: {}", shown(&sample, sample.now)),
        ],
    );
}

#[test]
fn openssl_pairs_each_key_with_its_certificate() {
    let sample = Sample::new();
    for (name, _) in &sample.issued {
        let (file, key) = (format!("{name}.crt"), format!("{name}.key"));
        let (read, of_certificate) = openssl(&sample, &["x509", "-in", &file, "-noout", "-pubkey"]);
        assert!(read, "{of_certificate}");
        let (read, of_key) = openssl(&sample, &["pkey", "-in", &key, "-pubout"]);
        assert!(read, "{of_key}");
        assert_eq!(of_certificate, of_key, "{name}");
    }
}
