//! Whether a client takes what this dialect writes.

use axum::http::{HeaderMap, header};

/// The type of the dialect's documents.
pub(super) const HAL: &str = "application/hal+json";

/// Whether the `Accept` header admits [`HAL`]; its absence admits everything. The range that says
/// most about the type decides.
pub(super) fn takes_hal(headers: &HeaderMap) -> bool {
    let ranges: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return !headers.contains_key(header::ACCEPT) || all_empty(headers);
    }
    [HAL, "application/*", "*/*"]
        .into_iter()
        .find_map(|wanted| ranges.iter().find_map(|range| admits(range, wanted)))
        .unwrap_or(false)
}

fn all_empty(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .all(|value| value.as_bytes().trim_ascii().is_empty())
}

/// Whether the range, if it is the wanted one, admits it: with a weight of 0 it does not.
fn admits(range: &str, wanted: &str) -> Option<bool> {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next()?;
    if !kind.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let weight = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, weight)| weight.trim().parse::<f32>().ok());
    Some(weight.is_none_or(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_takes_hal_unless_it_says_otherwise() {
        let check = |accept: &[&'static str], expected| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            assert_eq!(takes_hal(&headers), expected, "{accept:?}");
        };
        check(&[], true);
        check(&[""], true);
        check(&["*/*"], true);
        check(&["application/hal+json"], true);
        check(&["text/html, Application/HAL+JSON;q=0.1"], true);
        check(&["text/html", "*/*;q=0.8"], true);
        check(&["application/*"], true);
        check(&["application/json"], false);
        check(&["text/html"], false);
        check(&["application/hal+json;q=0, */*"], false);
        check(&["*/*;q=0"], false);
        check(&["\u{e9}"], false);
    }
}
