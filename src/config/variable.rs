//! Environment variables: which of them are ours, and how one holds several values.

use crate::domain::text::nearest;

use super::{CTL_VARIABLES, SETTINGS, SettingError, VARIABLE_PREFIX};

/// Refuses variables (names and values) with our prefix that are no setting and not of `ctl`, since a misspelt one
/// would silently do nothing.
pub fn check_variables<'v>(
    variables: impl IntoIterator<Item = (&'v str, &'v str)>,
) -> Result<(), SettingError> {
    let settings = || SETTINGS.iter().map(|setting| setting.variable);
    let known = || settings().chain(CTL_VARIABLES);
    for (name, value) in variables {
        if name.starts_with(VARIABLE_PREFIX)
            && !known().any(|variable| variable == name)
            && !is_service_link(name, value)
        {
            return Err(SettingError::UnknownVariable {
                name: name.to_owned(),
                suggestion: nearest(
                    name.trim_start_matches(VARIABLE_PREFIX),
                    known().map(|variable| variable.trim_start_matches(VARIABLE_PREFIX)),
                )
                .and_then(|near| {
                    known().find(|variable| variable.trim_start_matches(VARIABLE_PREFIX) == near)
                }),
            });
        }
    }
    Ok(())
}

/// Whether Kubernetes (or a Docker link) made the variable for a service called `slapmaster`.
fn is_service_link(name: &str, value: &str) -> bool {
    let rest = name.trim_start_matches(VARIABLE_PREFIX);
    rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.starts_with("PORT_")
        || (rest == "PORT" && value.contains("://"))
}

/// The words of a variable that holds several values.
pub fn split_values(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variable_of_ours_is_an_error_and_others_are_not_our_business() {
        let check = |names: &[&'static str]| check_variables(names.iter().map(|name| (*name, "1")));
        check(&["PATH", "SLAPMASTER_SEED", "SLAPMASTER_URL", "SLAPOS_X"]).unwrap();
        let refused = check(&["SLAPMASTER_PRESETS"]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "there is no setting `SLAPMASTER_PRESETS`, perhaps `SLAPMASTER_PRESET`"
        );
        // Not SLAPMASTER_EXTERNAL_URL, which ends so too.
        let refused = check(&["SLAPMASTER_URLS"]).unwrap_err().to_string();
        assert!(refused.ends_with("perhaps `SLAPMASTER_URL`"), "{refused}");
        let refused = check(&["SLAPMASTER_QQ"]).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("`slapmaster config` lists those that exist")
        );
    }

    // In a cluster with a service of our name, every container would refuse to start.
    #[test]
    fn variables_that_kubernetes_makes_for_a_service_of_our_name_are_not_ours() {
        check_variables([
            ("SLAPMASTER_SERVICE_HOST", "10.0.0.1"),
            ("SLAPMASTER_SERVICE_PORT_HTTP", "5000"),
            ("SLAPMASTER_PORT", "tcp://10.0.0.1:5000"),
            ("SLAPMASTER_PORT_5000_TCP_ADDR", "10.0.0.1"),
        ])
        .unwrap();
        assert!(check_variables([("SLAPMASTER_PORT", "5000")]).is_err());
    }

    #[test]
    fn a_variable_with_several_values_is_split_at_commas_and_blanks() {
        let values: Vec<_> = split_values("a, b c\n,d").collect();
        assert_eq!(values, ["a", "b", "c", "d"]);
    }
}
