//! Slapproxy's name for an instance in the JSON-RPC dialect: `<title>___<root title>___<0 or 1>`
//! (`json-rpc.md` 4, C.55).
//!
//! It is a rendering: what it names is found by titles. A title may hold the separator itself, so
//! that a text can be read in more than one way; each reading is looked for.

use std::fmt;

use super::{identifier::Title, state::InstanceKind, text::check_legal};

const SEPARATOR: &str = "___";

/// How many readings of one text are looked for.
const MOST_READINGS: usize = 16;

/// An instance by its titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyGuid {
    /// Its own title.
    pub title: Title,
    /// The title of its tree; none for the root.
    pub tree: Option<Title>,
    /// Its kind.
    pub kind: InstanceKind,
}

impl ProxyGuid {
    /// Every way to read the text; none if it is no such name.
    pub fn readings(text: &str) -> Vec<Self> {
        // Once for the whole, so that no piece of a long text is looked at again and again.
        if check_legal("instance_guid", text).is_err() {
            return Vec::new();
        }
        let Some((titles, last)) = text.rsplit_once(SEPARATOR) else {
            return Vec::new();
        };
        let kind = match last.parse::<i64>() {
            Ok(0) => InstanceKind::Software,
            Ok(_) => InstanceKind::Shared,
            Err(_) => return Vec::new(),
        };
        let title = |text: &str| (!text.is_empty()).then(|| Title::trusted(text.to_owned()));
        titles
            .char_indices()
            .filter_map(|(at, _)| {
                let (own, rest) = titles.split_at_checked(at)?;
                let tree = rest.strip_prefix(SEPARATOR)?;
                let tree = match tree {
                    "" => None,
                    tree => Some(title(tree)?),
                };
                Some(Self {
                    title: title(own)?,
                    tree,
                    kind,
                })
            })
            .take(MOST_READINGS)
            .collect()
    }
}

impl fmt::Display for ProxyGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree.as_ref().map_or("", Title::as_str);
        let last = match self.kind {
            InstanceKind::Software => 0,
            InstanceKind::Shared => 1,
        };
        write!(f, "{}{SEPARATOR}{tree}{SEPARATOR}{last}", self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(title: &str, tree: Option<&str>, kind: InstanceKind) -> ProxyGuid {
        ProxyGuid {
            title: Title::trusted(title.to_owned()),
            tree: tree.map(|tree| Title::trusted(tree.to_owned())),
            kind,
        }
    }

    #[test]
    fn a_guid_reads_back_as_the_titles_that_it_was_made_of() {
        for (guid, text) in [
            (guid("blog", None, InstanceKind::Software), "blog______0"),
            (
                guid("db", Some("blog"), InstanceKind::Software),
                "db___blog___0",
            ),
            (
                guid("cdn", Some("my_app"), InstanceKind::Shared),
                "cdn___my_app___1",
            ),
        ] {
            assert_eq!(guid.to_string(), text);
            assert_eq!(ProxyGuid::readings(text), [guid]);
        }
    }

    #[test]
    fn a_title_that_holds_the_separator_is_among_the_readings() {
        let odd = guid("a___b", Some("c"), InstanceKind::Software);
        let readings = ProxyGuid::readings(&odd.to_string());
        assert!(readings.contains(&odd), "{readings:?}");
        assert!(readings.contains(&guid("a", Some("b___c"), InstanceKind::Software)));
    }

    #[test]
    fn what_is_no_such_name_has_no_reading() {
        for text in [
            "",
            "foo",
            "SOFTINST-1",
            "a___0",
            "______0",
            "a___b___x",
            "a\0___b___0",
        ] {
            assert_eq!(ProxyGuid::readings(text), [], "{text}");
        }
        let hostile = "_".repeat(1_000_000) + "0";
        assert!(ProxyGuid::readings(&hostile).len() <= MOST_READINGS);
        let shared = ProxyGuid::readings("a___b___7");
        assert_eq!(shared, [guid("a", Some("b"), InstanceKind::Shared)]);
    }
}
