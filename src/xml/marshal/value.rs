//! What a marshalled document can hold.

use std::borrow::Cow;

use crate::domain::parameters::Parameters;

/// A value of the classic protocol; texts may be borrowed, so that an answer is written without
/// copying them (`marshalling.md` 1.2).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Nothing: `<none/>`.
    #[default]
    None,
    /// A boolean: `<bool>1</bool>`.
    Bool(bool),
    /// An integer: `<int>-5</int>`.
    Int(i64),
    /// An integer that does not fit in 64 bits, in canonical decimal: a sign only when negative,
    /// no leading zero.
    BigInt(String),
    /// A float: `<float>1.5</float>`.
    Float(f64),
    /// A text: `<string>abc</string>`.
    Text(Cow<'a, str>),
    /// A list, in its order.
    List(Vec<Value<'a>>),
    /// A tuple, in its order.
    Tuple(Vec<Value<'a>>),
    /// A set; no order is promised to anybody.
    Set(Vec<Value<'a>>),
    /// A dictionary, in any order; each key once.
    Dictionary(Vec<(Value<'a>, Value<'a>)>),
    /// A complex number: real and imaginary part. No call of the protocol uses it.
    Complex(f64, f64),
    /// An object of the client's library; read only of what another master answered.
    Object(Box<Object<'a>>),
}

/// An object of the client's library, as data (`marshalling.md` 1.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Object<'a> {
    /// What it is.
    pub class: Class,
    /// What its constructor is called with.
    pub arguments: Vec<Value<'a>>,
    /// What is set on it afterwards, in any order.
    pub attributes: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// The four classes that a client accepts, all of the module `slapos.slap.slap`
/// (`marshalling.md` 1.5, with what each constructor takes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A computer; its argument is the computer's reference.
    Computer,
    /// A partition; its arguments are computer reference, partition reference, nothing.
    ComputerPartition,
    /// A software release; its arguments are the URL and the computer's reference.
    SoftwareRelease,
    /// An instance; it takes no argument.
    SoftwareInstance,
}

impl Class {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::Computer,
        Self::ComputerPartition,
        Self::SoftwareRelease,
        Self::SoftwareInstance,
    ];

    /// The module of all four.
    pub const MODULE: &'static str = "slapos.slap.slap";

    /// The name as it travels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Computer => "Computer",
            Self::ComputerPartition => "ComputerPartition",
            Self::SoftwareRelease => "SoftwareRelease",
            Self::SoftwareInstance => "SoftwareInstance",
        }
    }
}

impl<'a> Value<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A list of whatever becomes a value.
    pub fn list<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// A tuple of whatever becomes a value.
    pub fn tuple<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::Tuple(items.into_iter().map(Into::into).collect())
    }

    /// A dictionary with text keys: `Value::dictionary([("a", 1.into()), ("b", "x".into())])`.
    pub fn dictionary<K: Into<Cow<'a, str>>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Dictionary(
            pairs
                .into_iter()
                .map(|(key, value)| (Self::Text(key.into()), value))
                .collect(),
        )
    }

    /// An object: its class, what its constructor takes and what is set on it.
    pub fn object<K: Into<Cow<'a, str>>>(
        class: Class,
        arguments: impl IntoIterator<Item = Self>,
        attributes: impl IntoIterator<Item = (K, Self)>,
    ) -> Self {
        Self::Object(Box::new(Object {
            class,
            arguments: arguments.into_iter().collect(),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        }))
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        fn all(items: Vec<Value<'_>>) -> Vec<Value<'static>> {
            items.into_iter().map(Value::into_owned).collect()
        }
        match self {
            Self::None => Value::None,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::BigInt(digits) => Value::BigInt(digits),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(all(items)),
            Self::Tuple(items) => Value::Tuple(all(items)),
            Self::Set(items) => Value::Set(all(items)),
            Self::Dictionary(pairs) => Value::Dictionary(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.into_owned(), value.into_owned()))
                    .collect(),
            ),
            Self::Complex(real, imaginary) => Value::Complex(real, imaginary),
            Self::Object(object) => Value::Object(Box::new(Object {
                class: object.class,
                arguments: all(object.arguments),
                attributes: object
                    .attributes
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            })),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Self::List(items)
    }
}

/// A stored dictionary as clients see it: a key without value holds nothing, never an empty text
/// (`marshalling.md` 2.3).
impl<'a> From<&'a Parameters> for Value<'a> {
    fn from(parameters: &'a Parameters) -> Self {
        Self::dictionary(parameters.iter().map(|(key, value)| (key, value.into())))
    }
}
