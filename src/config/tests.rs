//! What each setting takes, and what is refused with which words.

use super::*;

fn raw(name: &'static str, values: &[&str], source: Source) -> Raw {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Raw::from([(name, Given { values, source })])
}

#[test]
fn variables_are_the_flags_in_upper_case() {
    for setting in SETTINGS {
        let expected = setting.name.to_uppercase().replace('-', "_");
        assert_eq!(setting.variable, format!("{VARIABLE_PREFIX}{expected}"));
    }
}

#[test]
fn every_default_is_a_value_that_its_setting_takes() {
    for setting in SETTINGS
        .iter()
        .filter(|setting| !setting.default.is_empty())
    {
        Settings::resolve(&raw(setting.name, &[setting.default], Source::Default)).unwrap();
    }
}

#[test]
fn a_refused_value_is_shown_with_where_it_came_from_and_what_was_expected() {
    for (name, value, source, expected) in [
        (
            "preset",
            "slapproxi",
            Source::Flag,
            "--preset: `slapproxi`: expected one of `default`, `real`, `slapproxy`, \
             perhaps `slapproxy`",
        ),
        (
            "seed",
            "-1",
            Source::Variable,
            "SLAPMASTER_SEED: `-1`: expected a whole number from 0 to 18446744073709551615",
        ),
        (
            "trust-forwarded",
            "maybe",
            Source::Variable,
            "SLAPMASTER_TRUST_FORWARDED: `maybe`: expected `true` or `false`",
        ),
        (
            "log-level",
            "warning",
            Source::Flag,
            "--log-level: `warning`: expected one of `off`, `error`, `warn`, `info`, `debug`, \
             `trace`, perhaps `warn`",
        ),
        (
            "log-format",
            "xml",
            Source::Flag,
            "--log-format: `xml`: expected one of `text`, `json`",
        ),
        (
            "database",
            "",
            Source::Variable,
            "SLAPMASTER_DATABASE: ``: is empty: leave the setting out instead",
        ),
        (
            "external-url",
            "slap.example",
            Source::Flag,
            "--external-url: `slap.example`: expected `http://HOST[:PORT][/PATH]` or the same \
             with https",
        ),
        (
            "external-url",
            "http://slap.example/?a",
            Source::Flag,
            "--external-url: `http://slap.example/?a`: only a host, a port and a path",
        ),
        (
            "tls-name",
            "https://slap.example",
            Source::Flag,
            "--tls-name: `https://slap.example`: only the name: no `https://`, no port and no \
             path",
        ),
        (
            "client-certificate",
            "require",
            Source::Flag,
            "--client-certificate: `require`: expected one of `optional`, `required`, perhaps \
             `required`",
        ),
        (
            "access",
            "cert",
            Source::Flag,
            "--access: `cert`: expected one of `by-listener`, `open`, `certificate`, perhaps \
             `certificate`",
        ),
        (
            "trust-identity-header",
            "X Name",
            Source::Flag,
            "--trust-identity-header: `X Name`: expected the name of a header: letters, digits \
             and hyphens, as in `X-Client-Name`",
        ),
        (
            "control-token",
            "two words",
            Source::Variable,
            "SLAPMASTER_CONTROL_TOKEN: `[secret]`: expected visible ASCII characters without \
             blanks",
        ),
    ] {
        let refused = Settings::resolve(&raw(name, &[value], source)).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}

#[test]
fn the_external_url_loses_its_final_slash() {
    let settings = Settings::resolve(&raw(
        "external-url",
        &["https://slap.example/a/"],
        Source::Flag,
    ));
    assert_eq!(
        settings.unwrap().external_url.unwrap().as_str(),
        "https://slap.example/a"
    );
}

fn given(settings: &[(&'static str, &str)]) -> Result<Settings, SettingError> {
    let mut all = raw("listen", &["http://127.0.0.1:5000"], Source::Default);
    for (name, value) in settings {
        all.extend(raw(name, &[value], Source::Flag));
    }
    Settings::resolve(&all)
}

const HTTPS: (&str, &str) = ("listen", "https://127.0.0.1:5443");

#[test]
fn callers_prove_who_they_are_where_the_settings_say_so() {
    let header = ("trust-identity-header", "X-Name");
    for (settings, on_http, on_https) in [
        (&[][..], false, true),
        (&[("access", "by-listener")], false, true),
        (&[("access", "open")], false, false),
        (&[("access", "certificate")], true, true),
        // The proxy that sets the header speaks plain HTTP to us.
        (&[header], true, true),
        (&[header, ("access", "open")], false, false),
    ] {
        let settings = given(settings).unwrap();
        for (endpoint, demanded) in [
            ("http://127.0.0.1:5000", on_http),
            ("unix:/run/slap.sock", on_http),
            ("https://127.0.0.1:5443", on_https),
        ] {
            let endpoint = endpoint.parse().unwrap();
            assert_eq!(settings.demands_certificates(&endpoint), demanded);
        }
    }
}

#[test]
fn settings_of_tls_that_would_do_nothing_are_refused() {
    let (certificate, key) = (("tls-cert", "/c.pem"), ("tls-key", "/k.pem"));
    let refused = |settings: &[_]| given(settings).unwrap_err().to_string();
    assert_eq!(
        refused(&[HTTPS, certificate]),
        "--tls-cert needs --tls-key: give both or none"
    );
    assert_eq!(
        refused(&[HTTPS, key]),
        "--tls-key needs --tls-cert: give both or none"
    );
    assert_eq!(
        refused(&[HTTPS, certificate, key, ("tls-name", "a.example")]),
        "--tls-name has no effect with --tls-cert, which says its own names: give one of them"
    );
    for (settings, name) in [
        (&[certificate, key][..], "tls-cert"),
        (&[("tls-name", "a.example")], "tls-name"),
        (&[("client-certificate", "required")], "client-certificate"),
    ] {
        assert_eq!(
            refused(settings),
            format!(
                "--{name} has no effect without an https listener: add --listen \
                 https://127.0.0.1:5443"
            )
        );
    }
    given(&[HTTPS, certificate, key]).unwrap();
    given(&[("control-listen", HTTPS.1), ("tls-name", "a.example")]).unwrap();
    given(&[HTTPS, ("client-certificate", "required")]).unwrap();
}

#[test]
fn the_control_token_is_never_shown() {
    let raw = raw("control-token", &["hunter2"], Source::Flag);
    let settings = Settings::resolve(&raw).unwrap();
    assert_eq!(settings.control_token.as_ref().unwrap().expose(), "hunter2");
    let shown = format!("{raw:?} {settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn two_listeners_may_share_port_zero_but_no_other() {
    let listen = |one: &str| Settings::resolve(&raw("listen", &[one, one], Source::Flag));
    listen("http://127.0.0.1:0").unwrap();
    let refused = listen("http://127.0.0.1:5000").unwrap_err();
    assert_eq!(
        refused,
        SettingError::Twice("http://127.0.0.1:5000".parse().unwrap())
    );
}
