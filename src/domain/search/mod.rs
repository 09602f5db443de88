//! Searches: which documents are meant, in what order, and how much of that is known before any
//! is read.
//!
//! [`Search::admits`] is the one meaning of a search. The other methods of [`Search`] say what
//! every admitted document has, so that the store can begin from an index; they may say less than
//! is true, never more.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, cmp::Ordering, collections::BTreeSet};

use super::{
    document::Entry,
    state::{RequestedState, Validation},
    status::PortalType,
};

/// Which documents are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Those with this attribute.
    Is(Term),
    /// Those that another search does not mean.
    Not(Box<Search>),
    /// Those that all of these mean: with none of them, every document.
    All(Vec<Search>),
    /// Those that any of these means: with none of them, no document.
    Any(Vec<Search>),
}

/// An attribute that a document may have. What its kind does not have, it has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// It is one of this kind.
    PortalType(PortalType),
    /// It counts, or not.
    Validation(Validation),
    /// This is wanted of it.
    State(RequestedState),
    /// Its root is a shared instance, or not.
    SharedRoot(bool),
    /// One of its numbers is this.
    Number(NumberField, i64),
    /// One of its texts is like this.
    Text(TextField, TextTest),
}

/// A number of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberField {
    /// Its own.
    Uid,
    /// Its tree's.
    Tree,
    /// That of where it is.
    Place,
    /// That of who requested it.
    Requester,
    /// That of the first instance that it requested.
    FirstRequested,
}

/// A text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// Its title.
    Title,
    /// Its reference.
    Reference,
    /// Its release.
    Release,
    /// Its software type.
    SoftwareType,
    /// Its tree's title.
    TreeTitle,
    /// Its tree's reference.
    TreeReference,
    /// The reference of where it is.
    PlaceReference,
}

/// What a text has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Exactly this.
    Equal(String),
    /// Containing something.
    Like(Pattern),
}

/// A text that others contain, or, with gaps, are. Case does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What stands between the gaps, in lower case; with none, what has to be contained.
    pieces: Vec<String>,
}

impl Pattern {
    /// A pattern in which `%` stands for any text; without one, it is contained.
    pub fn new(text: &str) -> Self {
        Self {
            pieces: text.to_lowercase().split('%').map(str::to_owned).collect(),
        }
    }

    fn admits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.iter().all(|piece| text.contains(piece));
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            match rest.split_once(piece.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

impl TextTest {
    fn admits(&self, text: &str) -> bool {
        match self {
            Self::Equal(expected) => text == expected,
            Self::Like(pattern) => pattern.admits(text),
        }
    }
}

impl Term {
    fn admits(&self, entry: &Entry) -> bool {
        match self {
            Self::PortalType(expected) => entry.portal_type == *expected,
            Self::Validation(expected) => entry.validation == *expected,
            Self::State(expected) => entry.state == Some(*expected),
            Self::SharedRoot(expected) => entry.has_shared_root == Some(*expected),
            Self::Number(field, expected) => entry.number(*field) == Some(*expected),
            Self::Text(field, test) => entry.text(*field).is_some_and(|text| test.admits(text)),
        }
    }
}

impl Entry {
    /// One of its numbers, if its kind has it.
    pub fn number(&self, field: NumberField) -> Option<i64> {
        match field {
            NumberField::Uid => Some(self.uid),
            NumberField::Tree => self.tree.as_ref().map(|tree| tree.uid),
            NumberField::Place => self.place.as_ref().map(|place| place.uid),
            NumberField::Requester => self.requester_uid,
            NumberField::FirstRequested => self.first_requested_uid,
        }
    }

    /// One of its texts, if its kind has it.
    pub fn text(&self, field: TextField) -> Option<&str> {
        match field {
            TextField::Title => Some(&self.title),
            TextField::Reference => Some(&self.reference),
            TextField::Release => self.release.as_deref(),
            TextField::SoftwareType => self.software_type.as_deref(),
            TextField::TreeTitle => self.tree.as_ref().map(|tree| tree.title.as_str()),
            TextField::TreeReference => self.tree.as_ref().map(|tree| tree.reference.as_str()),
            TextField::PlaceReference => self.place.as_ref().map(|place| place.reference.as_str()),
        }
    }
}

impl Search {
    /// Every document.
    pub const fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// No document.
    pub const fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// Whether the document is meant.
    pub fn admits(&self, entry: &Entry) -> bool {
        match self {
            Self::Is(term) => term.admits(entry),
            Self::Not(search) => !search.admits(entry),
            Self::All(searches) => searches.iter().all(|search| search.admits(entry)),
            Self::Any(searches) => searches.iter().any(|search| search.admits(entry)),
        }
    }

    /// Whether a document of this kind can be meant.
    pub fn concerns(&self, portal_type: PortalType) -> bool {
        match self {
            Self::Is(Term::PortalType(expected)) => *expected == portal_type,
            // What a search leaves of a kind is seen document by document.
            Self::Is(_) | Self::Not(_) => true,
            Self::All(searches) => searches.iter().all(|search| search.concerns(portal_type)),
            Self::Any(searches) => searches.iter().any(|search| search.concerns(portal_type)),
        }
    }

    /// Whether only documents that count are meant.
    pub fn is_of_live(&self) -> bool {
        match self {
            Self::Is(Term::Validation(Validation::Validated)) => true,
            Self::Is(_) | Self::Not(_) => false,
            Self::All(searches) => searches.iter().any(Self::is_of_live),
            Self::Any(searches) => searches.iter().all(Self::is_of_live),
        }
    }

    /// The texts of which every document that is meant has one; `None` if it may have any.
    pub fn texts(&self, field: TextField) -> Option<BTreeSet<&str>> {
        self.values(&|term| {
            if let Term::Text(found, TextTest::Equal(text)) = term
                && *found == field
            {
                Some(text.as_str())
            } else {
                None
            }
        })
    }

    /// The numbers of which every document that is meant has one; `None` if it may have any.
    pub fn numbers(&self, field: NumberField) -> Option<BTreeSet<i64>> {
        self.values(&|term| {
            if let Term::Number(found, number) = term
                && *found == field
            {
                Some(*number)
            } else {
                None
            }
        })
    }

    fn values<'a, T: Ord>(&'a self, of: &impl Fn(&'a Term) -> Option<T>) -> Option<BTreeSet<T>> {
        match self {
            Self::Is(term) => of(term).map(|value| BTreeSet::from([value])),
            Self::Not(_) => None,
            Self::All(searches) => searches
                .iter()
                .filter_map(|search| search.values(of))
                .min_by_key(BTreeSet::len),
            Self::Any(searches) => {
                let mut all = BTreeSet::new();
                for search in searches {
                    all.extend(search.values(of)?);
                }
                Some(all)
            }
        }
    }
}

/// By what documents are sorted; those that have it not come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The words for their kind.
    PortalType,
    /// The words for whether they count.
    Validation,
    /// The words for what is wanted of them.
    State,
    /// Whether their root is shared.
    SharedRoot,
    /// A number.
    Number(NumberField),
    /// A text, by code points.
    Text(TextField),
    /// When they were made.
    Created,
    /// When they were last changed.
    Changed,
}

/// In which direction documents are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// The order of documents: by each of these in turn, in the end by their numbers, which follow
/// the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order(pub Vec<(SortField, Direction)>);

impl Order {
    /// Which of two documents comes first.
    pub fn compare(&self, left: &Entry, right: &Entry) -> Ordering {
        self.0
            .iter()
            .map(|(field, direction)| {
                let order = field.of(left).cmp(&field.of(right));
                match direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                }
            })
            .find(|order| order.is_ne())
            .unwrap_or_else(|| left.uid.cmp(&right.uid))
    }

    /// Whether it is the order of the numbers alone.
    pub fn is_natural(&self) -> bool {
        self.0.is_empty()
    }
}

impl SortField {
    fn of(self, entry: &Entry) -> (Option<i64>, Option<Cow<'_, str>>) {
        let text = |text: &'static str| (None, Some(Cow::from(text)));
        match self {
            Self::PortalType => text(entry.portal_type.as_str()),
            Self::Validation => text(entry.validation.as_str()),
            Self::State => (None, entry.state.map(|state| state.slap_state().into())),
            Self::SharedRoot => (entry.has_shared_root.map(i64::from), None),
            Self::Number(field) => (entry.number(field), None),
            Self::Text(field) => (None, entry.text(field).map(Cow::from)),
            Self::Created => (Some(entry.created_at.as_micros()), None),
            Self::Changed => (Some(entry.changed_at.as_micros()), None),
        }
    }
}

/// A part of what a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many documents are passed over.
    pub start: usize,
    /// How many are told at most.
    pub count: usize,
}

impl Extent {
    /// How many documents have to be found at most.
    pub const fn end(self) -> usize {
        self.start.saturating_add(self.count)
    }
}
