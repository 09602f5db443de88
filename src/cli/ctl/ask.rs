//! What a command asks the server for, and what becomes of the answer.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use hyper::{
    Method, Request,
    header::{self, HeaderValue},
};
use serde_json::{Map, Value};

use super::show::{Column, Page};

/// How long an answer is waited for, unless the command says otherwise.
const PATIENCE: Duration = Duration::from_mins(1);

/// One call of the control surface.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Whether it is asked of the process, whatever world is meant.
    pub(super) of_process: bool,
    /// The path below `/_mock`, with its query.
    pub(super) path: String,
    body: Option<Vec<u8>>,
    content_type: &'static str,
    accept: Option<&'static str>,
}

impl Ask {
    fn new(method: Method, path: &[&str]) -> Self {
        let mut encoded = String::new();
        for segment in path {
            encoded.push('/');
            encode(&mut encoded, segment);
        }
        Self {
            method,
            of_process: false,
            path: encoded,
            body: None,
            content_type: "application/json",
            accept: None,
        }
    }

    /// `GET` of the path that has these segments.
    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// `DELETE` of it.
    pub(super) fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// `POST` to it.
    pub(super) fn post(path: &[&str], body: impl Into<Value>) -> Self {
        Self::new(Method::POST, path).with(body)
    }

    /// `PUT` to it.
    pub(super) fn put(path: &[&str], body: impl Into<Value>) -> Self {
        Self::new(Method::PUT, path).with(body)
    }

    fn with(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into().to_string().into_bytes());
        self
    }

    /// `POST` of a text in YAML, or in JSON, which is YAML too.
    pub(super) fn post_yaml(path: &[&str], text: String) -> Self {
        Self {
            body: Some(text.into_bytes()),
            content_type: "application/yaml",
            ..Self::new(Method::POST, path)
        }
    }

    /// Asks for an answer of this media type.
    pub(super) fn accept(self, media_type: &'static str) -> Self {
        Self {
            accept: Some(media_type),
            ..self
        }
    }

    /// Asks the process rather than a world.
    pub(super) fn of_process(self) -> Self {
        Self {
            of_process: true,
            ..self
        }
    }

    /// Adds a parameter to the query, if it has a value.
    pub(super) fn query(mut self, key: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.path
                .push(if self.path.contains('?') { '&' } else { '?' });
            encode(&mut self.path, key);
            self.path.push('=');
            encode(&mut self.path, value);
        }
        self
    }

    /// The request, at this path of the server.
    pub(super) fn request(self, uri: hyper::Uri, bearer: Option<HeaderValue>) -> Request<Bytes> {
        let mut request = Request::new(Bytes::from(self.body.unwrap_or_default()));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static(self.content_type);
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(accept) = self.accept {
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some(bearer) = bearer {
            headers.insert(header::AUTHORIZATION, bearer);
        }
        request
    }
}

/// Percent-encodes all but what means nothing in a URL.
fn encode(encoded: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
}

/// What a command does.
pub(super) struct Plan {
    pub(super) ask: Ask,
    pub(super) show: Show,
    /// Statuses that say: not fulfilled, rather than: refused.
    pub(super) unfulfilled: &'static [u16],
    /// What has to be `true` in the answer for the command to be fulfilled.
    pub(super) holds: Option<&'static str>,
    /// How long the answer is waited for.
    pub(super) patience: Duration,
    /// Texts of the answer that are written to files: under which key, and where to.
    pub(super) save: Vec<(&'static str, String)>,
}

/// How an answer is shown to people.
pub(super) enum Show {
    /// As it came.
    Raw,
    /// The members of the object, a line each.
    Facts,
    /// The list under a key, as a table; the words if there is nothing in it.
    Table(&'static str, &'static [Column], &'static str),
    /// By a function.
    Page(fn(&Value, &mut Page)),
    /// As the entries of a journal that come in, at most so many.
    Follow(Option<u64>),
}

impl Plan {
    /// Asks and shows, no more.
    pub(super) const fn new(ask: Ask, show: Show) -> Self {
        Self {
            ask,
            show,
            unfulfilled: &[],
            holds: None,
            patience: PATIENCE,
            save: Vec::new(),
        }
    }
}

/// An object that is made of what was given.
#[derive(Debug, Default)]
pub(super) struct Object(pub(super) Map<String, Value>);

impl Object {
    /// The object with this member, if there is a value.
    pub(super) fn put(mut self, key: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    /// The object with this object in it, if there is anything in that.
    pub(super) fn put_object(self, key: &str, value: Self) -> Self {
        let is_empty = value.0.is_empty();
        self.put(key, (!is_empty).then_some(value))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_chooses_is_encoded() {
        let ask = Ask::get(&["v1", "faults", "a/b ü"])
            .query("title", Some("x&y=z"))
            .query("none", None)
            .query("n", Some("1"));
        assert_eq!(ask.path, "/v1/faults/a%2Fb%20%C3%BC?title=x%26y%3Dz&n=1");
    }

    #[test]
    fn an_object_has_what_was_given() {
        let inner = Object::default().put("a", Some(1)).put("b", None::<u64>);
        let object = Object::default()
            .put_object("inner", inner)
            .put_object("empty", Object::default());
        assert_eq!(Value::from(object).to_string(), r#"{"inner":{"a":1}}"#);
    }
}
