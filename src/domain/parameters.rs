//! Flat dictionaries of text: instance parameters, SLA filters and connection parameters.

use std::collections::BTreeMap;

/// A flat dictionary as a master keeps it: text keys in code point order, each with a text or
/// nothing.
///
/// An empty text is kept as nothing, because that is how the real master reads its own stored
/// form back (`marshalling.md` 2.3). A new dictionary always replaces the old one; nothing is
/// ever merged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Parameters(BTreeMap<String, Option<String>>);

impl Parameters {
    /// No parameter at all.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a key; an empty value counts as nothing.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let value: String = value.into();
        self.0
            .insert(key.into(), Some(value).filter(|text| !text.is_empty()));
    }

    /// The value of a key, if the key is there and has one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Option::as_deref)
    }

    /// Whether the key is there, with or without a value.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Every key with its value, keys in code point order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_deref()))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, Option<V>)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, Option<V>)>>(pairs: I) -> Self {
        let mut parameters = Self::new();
        for (key, value) in pairs {
            parameters.insert(key, value.map(Into::into).unwrap_or_default());
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn an_empty_text_is_kept_as_nothing() {
        let mut parameters = Parameters::new();
        parameters.insert("e", "");
        parameters.insert("a", "1");
        let pairs: Vec<_> = parameters.iter().collect();
        assert_eq!(pairs, [("a", Some("1")), ("e", None)]);
        assert!(parameters.contains("e"));
        assert_eq!(parameters.get("e"), None);
    }
}
