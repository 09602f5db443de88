//! Authorities that were made with the `openssl` command and are given in a directory.

use std::{fs, path::Path};

use slapmaster::pki::{Authority, RevocationList, directory};

use super::{DAY, Sample, by_openssl::openssl, computer, der, later};

/// Makes an authority in the sample's folder, as `given/ca.crt` and `given/ca.key`.
fn make(sample: &Sample, key: &[&str], subject: &str) {
    fs::create_dir(sample.path("given")).unwrap();
    let (made, words) = openssl(
        sample,
        &[&["genpkey", "-out", "given/ca.key"], key].concat(),
    );
    assert!(made, "{words}");
    // What an authority is must not depend on the machine's own settings.
    let settings = "[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
";
    sample.write("settings", settings);
    let request = ["req", "-x509", "-new", "-config", "settings", "-sha256"];
    let files = ["-key", "given/ca.key", "-out", "given/ca.crt"];
    let fields = ["-days", "30", "-multivalue-rdn", "-subj", subject];
    let (made, words) = openssl(sample, &[&request[..], &files, &fields].concat());
    assert!(made, "{words}");
}

fn open(sample: &Sample) -> Result<Authority, directory::DirectoryError> {
    // The files were made after the sample: by the machine's clock, which may show a second more.
    directory::open(&sample.path("given"), None, later(sample.now, 60))
}

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn an_authority_made_by_openssl_is_used() {
    let kinds: [&[&str]; 3] = [
        EC,
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ];
    for key in kinds {
        let sample = Sample::new();
        make(&sample, key, "/C=FR/O=Some Company/OU=Tests/CN=Company CA");
        let before = fs::read(sample.path("given/ca.crt")).unwrap();
        let authority = open(&sample).unwrap();
        assert_eq!(fs::read(sample.path("given/ca.crt")).unwrap(), before);

        let issued = authority.issue(&computer("COMP-7"), sample.now).unwrap();
        assert_eq!(
            authority.recognise(&der(&issued.certificate_pem)),
            Some(issued.serial.clone())
        );
        assert_eq!(
            issued.validity.not_after,
            authority.validity().not_after,
            "a certificate does not outlive its authority"
        );
        let crl = authority
            .revocation_list(&RevocationList {
                number: 1,
                this_update: sample.now,
                next_update: later(sample.now, DAY),
                revoked: vec![(issued.serial.clone(), sample.now)],
            })
            .unwrap();
        sample.write("leaf.crt", issued.certificate_with_text());
        sample.write("given.pem", crl.pem);
        let verify = ["verify", "-x509_strict", "-CAfile", "given/ca.crt"];
        let (accepted, words) = openssl(&sample, &[&verify[..], &["leaf.crt"]].concat());
        assert!(accepted, "{words}");
        let by_list = ["-crl_check", "-CRLfile", "given.pem", "leaf.crt"];
        let (accepted, words) = openssl(&sample, &[&verify[..], &by_list].concat());
        assert!(
            !accepted && words.contains("certificate revoked"),
            "{words}"
        );
        assert!(
            issued
                .certificate_with_text()
                .contains("Issuer: CN=Company CA\n")
        );
    }
}

/// The directory must be refused with these words, and stay as it is.
fn check_refused(sample: &Sample, expected: &str) {
    let read = |name: &str| fs::read(Path::new(&sample.path("given")).join(name)).unwrap();
    let before = (read("ca.crt"), read("ca.key"));
    let error = open(sample).unwrap_err().to_string();
    assert!(error.contains(expected), "`{expected}` is missing: {error}");
    assert_eq!((read("ca.crt"), read("ca.key")), before);
}

#[test]
fn an_authority_whose_name_cannot_be_repeated_is_refused() {
    // rcgen keeps one value of each kind; what it signed would name an issuer that is nobody.
    let sample = Sample::new();
    make(&sample, EC, "/DC=org/DC=example/CN=Company CA");
    check_refused(&sample, "has a form that is not supported");
    let sample = Sample::new();
    make(&sample, EC, "/O=Company+OU=Tests/CN=Company CA");
    check_refused(&sample, "has a form that is not supported");
}

#[test]
fn a_key_in_another_form_is_refused() {
    for arguments in [
        &["ec", "-in", "given/ca.key", "-out", "sec1"][..],
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "given/ca.key",
            "-out",
            "sec1",
            "-passout",
            "pass:secret",
        ],
    ] {
        let sample = Sample::new();
        make(&sample, EC, "/CN=Company CA");
        let (made, words) = openssl(&sample, arguments);
        assert!(made, "{words}");
        fs::rename(sample.path("sec1"), sample.path("given/ca.key")).unwrap();
        check_refused(
            &sample,
            "it must be PKCS#8 in PEM form, without a passphrase",
        );
    }
}
