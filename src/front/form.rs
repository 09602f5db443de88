//! The parameters of a call: query string and form body, read strictly (`slap.md` 1.1).
//!
//! A parameter counts once; the body wins over the query. Everything malformed is answered 400
//! with a text that names the field. Parameters that a call does not ask for are ignored.

use std::{fmt, ops::Range};

use axum::{
    body::Body,
    http::{HeaderMap, Method, header, request::Parts},
};

use crate::domain::text::InvalidValue;

use super::body::{self, BodyError};

/// How many bytes a body may have: percent-encoding triples XML of the size that is read.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// How many parameters a call may have; no call of the protocol has a dozen.
const MAX_PARAMETERS: usize = 1000;
/// The only content type of a body.
const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// The parameters of a call.
///
/// `Debug` shows their names alone: a value may be a token.
#[derive(Default)]
pub(super) struct Form {
    /// Every decoded name and value, back to back.
    texts: String,
    parameters: Vec<Parameter>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[derive(Debug)]
struct Parameter {
    source: Source,
    name: Range<usize>,
    value: Range<usize>,
}

/// Where a parameter was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Body,
    Query,
}

impl Source {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Body => "the body",
            Self::Query => "the query string",
        }
    }
}

/// Both masters see no field in anything but a form; one kind of form is enough.
fn check_content_type(headers: &HeaderMap) -> Result<(), InvalidValue> {
    let refused = |found: String| {
        Err(InvalidValue::new(
            "Content-Type",
            format!("is {found}, `{URL_ENCODED}` was expected"),
        ))
    };
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return refused("missing".to_owned());
    };
    let text = value.to_str().unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    if !parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case(URL_ENCODED))
    {
        return refused(format!("`{}`", value.as_bytes().escape_ascii()));
    }
    for part in parts {
        let Some((name, charset)) = part.split_once('=') else {
            continue;
        };
        let charset = charset.trim().trim_matches('"');
        let is_utf8 = ["utf-8", "utf8", "us-ascii", "ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known));
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8 {
            return refused(format!("`{text}`, which is not UTF-8"));
        }
    }
    Ok(())
}

impl Form {
    /// Reads the parameters of a request; a body counts on POST only.
    pub(super) async fn of(parts: &Parts, body: Body) -> Result<Self, BodyError> {
        if parts.method != Method::POST {
            return Ok(Self::of_query(parts.uri.query())?);
        }
        let body = body::read(&parts.headers, body, MAX_BODY_BYTES).await?;
        Ok(Self::of_bytes(parts, &body)?)
    }

    /// The same where the body is at hand.
    pub(super) fn of_bytes(parts: &Parts, body: &[u8]) -> Result<Self, InvalidValue> {
        if parts.method != Method::POST {
            return Self::of_query(parts.uri.query());
        }
        if !body.is_empty() {
            check_content_type(&parts.headers)?;
        }
        Self::parse(parts.uri.query().unwrap_or_default().as_bytes(), body)
    }

    /// Reads the parameters of a query string alone.
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, InvalidValue> {
        Self::parse(query.unwrap_or_default().as_bytes(), &[])
    }

    /// The names of all parameters that were sent, each as often as it was.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .map(|parameter| self.get(&parameter.name))
    }

    /// Every value of a parameter that may be repeated, in the order in which they were sent.
    pub(super) fn every(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(move |parameter| self.get(&parameter.name) == name)
            .map(|parameter| self.get(&parameter.value))
    }

    fn parse(query: &[u8], body: &[u8]) -> Result<Self, InvalidValue> {
        let mut form = Self {
            texts: String::with_capacity(query.len() + body.len()),
            parameters: Vec::new(),
        };
        form.read(Source::Body, body)?;
        form.read(Source::Query, query)?;
        Ok(form)
    }

    fn read(&mut self, source: Source, text: &[u8]) -> Result<(), InvalidValue> {
        for pair in text.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            if self.parameters.len() == MAX_PARAMETERS {
                return Err(InvalidValue::new(
                    source.in_words(),
                    format!("has more than {MAX_PARAMETERS} parameters"),
                ));
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = self.decode(halves.next().unwrap_or_default(), |_| {
                source.in_words().to_owned()
            })?;
            let value = self.decode(halves.next().unwrap_or_default(), |texts| {
                texts.get(name.clone()).unwrap_or_default().to_owned()
            })?;
            self.parameters.push(Parameter {
                source,
                name,
                value,
            });
        }
        Ok(())
    }

    /// Decodes one name or value; `field` says in an error what it was.
    fn decode(
        &mut self,
        encoded: &[u8],
        field: impl Fn(&str) -> String,
    ) -> Result<Range<usize>, InvalidValue> {
        let start = self.texts.len();
        let mut rest = encoded;
        // Pieces of the same text: a character may be spread over several escapes, so that what
        // is decoded is checked as a whole.
        let mut decoded: Vec<u8> = Vec::new();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'%' | b'+')) {
            let (plain, special) = rest.split_at(at);
            if decoded.capacity() == 0 {
                decoded.reserve(encoded.len());
            }
            decoded.extend_from_slice(plain);
            rest = match special {
                [b'+', rest @ ..] => {
                    decoded.push(b' ');
                    rest
                }
                [b'%', high, low, rest @ ..]
                    if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                {
                    decoded.push(hex(*high) << 4 | hex(*low));
                    rest
                }
                _ => {
                    return Err(InvalidValue::new(
                        field(&self.texts),
                        "has a broken percent-encoding: two hexadecimal digits were expected after each `%`",
                    ));
                }
            };
        }
        let bytes = if decoded.is_empty() {
            rest
        } else {
            decoded.extend_from_slice(rest);
            &decoded
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            InvalidValue::new(
                field(&self.texts),
                format!(
                    "is not UTF-8 from byte {}, a text in UTF-8 was expected",
                    error.valid_up_to()
                ),
            )
        })?;
        self.texts.push_str(text);
        Ok(start..self.texts.len())
    }

    fn get(&self, range: &Range<usize>) -> &str {
        self.texts.get(range.clone()).unwrap_or_default()
    }

    /// The parameter, if it was sent; it may be empty.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, InvalidValue> {
        let mut found: Option<&Parameter> = None;
        for parameter in &self.parameters {
            if self.get(&parameter.name) != name {
                continue;
            }
            match found {
                None => found = Some(parameter),
                Some(first) if first.source == parameter.source => {
                    return Err(InvalidValue::new(
                        name,
                        format!(
                            "is repeated in {}, it was expected once",
                            first.source.in_words()
                        ),
                    ));
                }
                // The body, which was read first, wins.
                Some(_) => {}
            }
        }
        Ok(found.map(|parameter| self.get(&parameter.value)))
    }

    /// The parameter, if it was sent and is not empty.
    pub(super) fn not_empty(&self, name: &str) -> Result<Option<&str>, InvalidValue> {
        Ok(self.optional(name)?.filter(|text| !text.is_empty()))
    }

    /// The parameter, which must be there; it may be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, InvalidValue> {
        self.optional(name)?
            .ok_or_else(|| InvalidValue::new(name, "is missing, a text was expected"))
    }
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str, body: &str) -> Form {
        Form::parse(query.as_bytes(), body.as_bytes()).unwrap()
    }

    #[test]
    fn names_and_values_are_decoded() {
        let form = form("", "a=1+2%2B3&%62=%c3%a9%E2%82%AC&c&d=&=x&&e=1=2");
        let get = |name| form.optional(name).unwrap();
        assert_eq!(get("a"), Some("1 2+3"));
        assert_eq!(get("b"), Some("é€"));
        assert_eq!(get("c"), Some(""));
        assert_eq!(get("d"), Some(""));
        assert_eq!(get("e"), Some("1=2"));
        assert_eq!(get("f"), None);
        assert_eq!(form.not_empty("d"), Ok(None));
    }

    #[test]
    fn the_body_wins_over_the_query() {
        let form = form("a=query&b=2", "a=body");
        assert_eq!(form.optional("a"), Ok(Some("body")));
        assert_eq!(form.optional("b"), Ok(Some("2")));
    }

    #[test]
    fn what_is_malformed_is_refused_by_name() {
        let check = |text: &[u8], expected: &str| {
            let error = Form::parse(&[], text).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let broken =
            "has a broken percent-encoding: two hexadecimal digits were expected after each `%`";
        for text in ["title=%", "title=%4", "title=%zz", "title=a%C3%"] {
            check(text.as_bytes(), &format!("`title`: {broken}"));
        }
        check(b"%=1", &format!("`the body`: {broken}"));
        let utf8 = "is not UTF-8 from byte 1, a text in UTF-8 was expected";
        check(b"title=a%ff", &format!("`title`: {utf8}"));
        check(b"title=a\xff", &format!("`title`: {utf8}"));
        check(b"title=a%C3&x=%A9", &format!("`title`: {utf8}"));
        check(
            "a&".repeat(MAX_PARAMETERS + 1).as_bytes(),
            "`the body`: has more than 1000 parameters",
        );
    }

    #[test]
    fn a_parameter_is_expected_once() {
        let form = form("b=1&b=1&c=1&c=2", "a=1&b=2&b=3");
        let error = |name| form.optional(name).unwrap_err().to_string();
        assert_eq!(
            error("b"),
            "`b`: is repeated in the body, it was expected once"
        );
        assert_eq!(
            error("c"),
            "`c`: is repeated in the query string, it was expected once"
        );
        assert_eq!(form.optional("a"), Ok(Some("1")));
    }

    #[test]
    fn only_a_url_encoded_form_is_read() {
        let check = |kind: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            check_content_type(&headers).map_err(|error| error.to_string())
        };
        for kind in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-urlencoded; charset=UTF-8",
            "application/x-www-form-urlencoded;charset=\"utf-8\"",
        ] {
            assert_eq!(check(Some(kind)), Ok(()), "{kind}");
        }
        for kind in [
            "multipart/form-data; boundary=x",
            "application/json",
            "application/x-www-form-urlencoded; charset=latin-1",
        ] {
            assert!(check(Some(kind)).is_err(), "{kind}");
        }
        assert_eq!(
            check(None),
            Err(
                "`Content-Type`: is missing, `application/x-www-form-urlencoded` was expected"
                    .to_owned()
            )
        );
    }
}
