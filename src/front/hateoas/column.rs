//! Columns: what can be selected, searched and sorted by (`hateoas.md` A.4, the table of columns).

use serde_json::{Map, Value};

use crate::{
    domain::{
        document::{Detail, Entry},
        search::{NumberField, Pattern, Search, SortField, Term, TextField, TextTest},
        state::{RequestedState, Validation},
        status::PortalType,
    },
    front::{date::http_date, document},
    master::{DocumentName, Found, News},
    xml::instance,
};

use super::news;

/// A column of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Uid,
    Id,
    RelativeUrl,
    PortalType,
    Title,
    Reference,
    ValidationState,
    SlapState,
    UrlString,
    SourceReference,
    TextContent,
    ConnectionXml,
    ConnectionDict,
    InstanceNews,
    InstallationNews,
    SpecialiseTitle,
    SpecialiseReference,
    SpecialiseUid,
    AggregateReference,
    AggregateUid,
    SuccessorRelatedUid,
    SuccessorUid,
    CreationDate,
    ModificationDate,
    RootSlave,
}

impl Column {
    /// Every name of a column.
    const NAMES: &'static [(&'static str, Self)] = &[
        ("uid", Self::Uid),
        ("id", Self::Id),
        ("relative_url", Self::RelativeUrl),
        ("portal_type", Self::PortalType),
        ("title", Self::Title),
        ("reference", Self::Reference),
        ("validation_state", Self::ValidationState),
        ("slap_state", Self::SlapState),
        ("url_string", Self::UrlString),
        ("source_reference", Self::SourceReference),
        ("text_content", Self::TextContent),
        ("connection_xml", Self::ConnectionXml),
        ("getConnectionXmlAsDict", Self::ConnectionDict),
        ("SoftwareInstance_getNewsDict", Self::InstanceNews),
        ("SoftwareInstallation_getNewsDict", Self::InstallationNews),
        ("default_specialise_title", Self::SpecialiseTitle),
        ("specialise_title", Self::SpecialiseTitle),
        ("default_specialise_reference", Self::SpecialiseReference),
        ("default_specialise_uid", Self::SpecialiseUid),
        ("default_aggregate_reference", Self::AggregateReference),
        ("default_aggregate_uid", Self::AggregateUid),
        ("successor_related_uid", Self::SuccessorRelatedUid),
        ("default_successor_uid", Self::SuccessorUid),
        ("creation_date", Self::CreationDate),
        ("modification_date", Self::ModificationDate),
        ("root_slave", Self::RootSlave),
    ];

    /// The column of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, column)| *column)
    }

    /// Whether it tells what was last heard.
    pub(super) fn is_news(self) -> bool {
        matches!(self, Self::InstanceNews | Self::InstallationNews)
    }

    /// Whether documents can be searched by it.
    pub(super) const fn is_searchable(self) -> bool {
        match self {
            Self::TextContent
            | Self::ConnectionXml
            | Self::ConnectionDict
            | Self::InstanceNews
            | Self::InstallationNews
            | Self::CreationDate
            | Self::ModificationDate => false,
            Self::Uid
            | Self::Id
            | Self::RelativeUrl
            | Self::PortalType
            | Self::Title
            | Self::Reference
            | Self::ValidationState
            | Self::SlapState
            | Self::UrlString
            | Self::SourceReference
            | Self::SpecialiseTitle
            | Self::SpecialiseReference
            | Self::SpecialiseUid
            | Self::AggregateReference
            | Self::AggregateUid
            | Self::SuccessorRelatedUid
            | Self::SuccessorUid
            | Self::RootSlave => true,
        }
    }

    /// What documents are sorted by where it is asked for.
    pub(super) const fn sort_field(self) -> Option<SortField> {
        Some(match self {
            Self::TextContent
            | Self::ConnectionXml
            | Self::ConnectionDict
            | Self::InstanceNews
            | Self::InstallationNews => return None,
            // Both grow with the number.
            Self::Uid | Self::Id | Self::RelativeUrl => SortField::Number(NumberField::Uid),
            Self::PortalType => SortField::PortalType,
            Self::Title => SortField::Text(TextField::Title),
            Self::Reference => SortField::Text(TextField::Reference),
            Self::ValidationState => SortField::Validation,
            Self::SlapState => SortField::State,
            Self::UrlString => SortField::Text(TextField::Release),
            Self::SourceReference => SortField::Text(TextField::SoftwareType),
            Self::SpecialiseTitle => SortField::Text(TextField::TreeTitle),
            Self::SpecialiseReference => SortField::Text(TextField::TreeReference),
            Self::SpecialiseUid => SortField::Number(NumberField::Tree),
            Self::AggregateReference => SortField::Text(TextField::PlaceReference),
            Self::AggregateUid => SortField::Number(NumberField::Place),
            Self::SuccessorRelatedUid => SortField::Number(NumberField::Requester),
            Self::SuccessorUid => SortField::Number(NumberField::FirstRequested),
            Self::CreationDate => SortField::Created,
            Self::ModificationDate => SortField::Changed,
            Self::RootSlave => SortField::SharedRoot,
        })
    }

    /// The documents in which it has a value; `exact` tells `:=` from `:`.
    pub(super) fn search(self, exact: bool, value: &str) -> Search {
        let is = Search::Is;
        let equal = |field| is(Term::Text(field, TextTest::Equal(value.to_owned())));
        let text = |field| {
            if exact {
                equal(field)
            } else {
                is(Term::Text(field, TextTest::Like(Pattern::new(value))))
            }
        };
        let number = |field| match value.parse() {
            Ok(number) => is(Term::Number(field, number)),
            Err(_) => Search::nothing(),
        };
        match self {
            Self::Uid => number(NumberField::Uid),
            Self::Id => with_id(value),
            Self::RelativeUrl => with_path(value),
            Self::PortalType => of_type(value),
            Self::Title => text(TextField::Title),
            Self::Reference => equal(TextField::Reference),
            Self::ValidationState => in_state(value),
            Self::SlapState => RequestedState::ALL
                .iter()
                .find(|state| state.slap_state() == value)
                .map_or_else(Search::nothing, |state| is(Term::State(*state))),
            Self::UrlString => text(TextField::Release),
            Self::SourceReference => equal(TextField::SoftwareType),
            Self::SpecialiseTitle => text(TextField::TreeTitle),
            Self::SpecialiseReference => equal(TextField::TreeReference),
            Self::SpecialiseUid => number(NumberField::Tree),
            Self::AggregateReference => equal(TextField::PlaceReference),
            Self::AggregateUid => number(NumberField::Place),
            Self::SuccessorRelatedUid => number(NumberField::Requester),
            Self::SuccessorUid => number(NumberField::FirstRequested),
            Self::RootSlave => match value {
                "0" => is(Term::SharedRoot(false)),
                "1" => is(Term::SharedRoot(true)),
                _ => Search::nothing(),
            },
            Self::TextContent
            | Self::ConnectionXml
            | Self::ConnectionDict
            | Self::InstanceNews
            | Self::InstallationNews
            | Self::CreationDate
            | Self::ModificationDate => Search::nothing(),
        }
    }

    /// Its value in a document; null where the document's kind does not have it.
    pub(super) fn value(self, found: &Found) -> Value {
        let entry = &found.document.entry;
        let text = |field| entry.text(field).map_or(Value::Null, Value::from);
        let number = |field| entry.number(field).map_or(Value::Null, Value::from);
        match self {
            Self::Uid => number(NumberField::Uid),
            Self::Id => document::id(entry.portal_type, &entry.reference).into(),
            Self::RelativeUrl => relative_url(entry).into(),
            Self::PortalType => entry.portal_type.as_str().into(),
            Self::Title => text(TextField::Title),
            Self::Reference => text(TextField::Reference),
            Self::ValidationState => validation_state(entry).into(),
            Self::SlapState => entry
                .state
                .map_or(Value::Null, |state| state.slap_state().into()),
            Self::UrlString => text(TextField::Release),
            Self::SourceReference => text(TextField::SoftwareType),
            Self::TextContent => match &found.document.detail {
                Detail::Tree { parameters } | Detail::Instance { parameters, .. } => {
                    text_content(parameters).into()
                }
                Detail::Computer { .. } | Detail::Installation { .. } => Value::Null,
            },
            Self::ConnectionXml => match &found.document.detail {
                Detail::Instance { connection, .. } if !connection.is_empty() => {
                    instance::write(connection).into()
                }
                Detail::Instance { .. }
                | Detail::Tree { .. }
                | Detail::Computer { .. }
                | Detail::Installation { .. } => Value::Null,
            },
            Self::ConnectionDict => match &found.document.detail {
                Detail::Instance { connection, .. } => {
                    let pairs = connection.iter();
                    let pairs = pairs.map(|(key, value)| (key, value.unwrap_or_default()));
                    Value::Object(pairs.map(|(k, v)| (k.to_owned(), v.into())).collect())
                }
                Detail::Tree { .. } | Detail::Computer { .. } | Detail::Installation { .. } => {
                    Value::Null
                }
            },
            Self::InstanceNews => match (&found.news, &found.document.detail) {
                (Some(News::Instance(told)), Detail::Instance { connection, .. }) => {
                    news::instance(entry.portal_type, &entry.reference, connection, told)
                }
                _ => Value::Null,
            },
            Self::InstallationNews => match &found.news {
                Some(News::Installation(reading)) => news::status(reading).into(),
                Some(News::Instance(_)) | None => Value::Null,
            },
            Self::SpecialiseTitle => text(TextField::TreeTitle),
            Self::SpecialiseReference => text(TextField::TreeReference),
            Self::SpecialiseUid => number(NumberField::Tree),
            Self::AggregateReference => text(TextField::PlaceReference),
            Self::AggregateUid => number(NumberField::Place),
            Self::SuccessorRelatedUid => number(NumberField::Requester),
            Self::SuccessorUid => number(NumberField::FirstRequested),
            Self::CreationDate => http_date(entry.created_at).into(),
            Self::ModificationDate => http_date(entry.changed_at).into(),
            Self::RootSlave => entry
                .has_shared_root
                .map_or(Value::Null, |shared| i32::from(shared).into()),
        }
    }
}

/// The path of a document.
fn relative_url(entry: &Entry) -> String {
    document::path(entry.portal_type, &entry.reference)
}

/// Parameters as documents show them: XML, or nothing.
pub(super) fn text_content(parameters: &crate::domain::parameters::Parameters) -> String {
    if parameters.is_empty() {
        String::new()
    } else {
        instance::write(parameters)
    }
}

/// The row of a document: a link to it, and what was selected.
pub(super) fn row(found: &Found, selected: &[&str]) -> Value {
    let href = format!("urn:jio:get:{}", relative_url(&found.document.entry));
    let mut row = Map::new();
    row.insert(
        "_links".to_owned(),
        serde_json::json!({ "self": { "href": href } }),
    );
    for name in selected {
        if *name != "_links" {
            let value = Column::named(name).map_or(Value::Null, |column| column.value(found));
            row.insert((*name).to_owned(), value);
        }
    }
    Value::Object(row)
}

/// The word for whether a document counts: a tree that ended is archived.
fn validation_state(entry: &Entry) -> &'static str {
    match (entry.validation, entry.portal_type) {
        (Validation::Invalidated, PortalType::InstanceTree) => ARCHIVED,
        (validation, _) => validation.as_str(),
    }
}

const ARCHIVED: &str = "archived";

fn in_state(word: &str) -> Search {
    let is_tree = Search::Is(Term::PortalType(PortalType::InstanceTree));
    let ended = Search::Is(Term::Validation(Validation::Invalidated));
    if word == ARCHIVED {
        return Search::All(vec![is_tree, ended]);
    }
    match word.parse() {
        Ok(Validation::Invalidated) => Search::All(vec![Search::Not(Box::new(is_tree)), ended]),
        Ok(validation) => Search::Is(Term::Validation(validation)),
        Err(_) => Search::nothing(),
    }
}

fn of_type(words: &str) -> Search {
    PortalType::ALL
        .iter()
        .find(|portal_type| portal_type.as_str() == words)
        .map_or_else(Search::nothing, |found| {
            Search::Is(Term::PortalType(*found))
        })
}

fn with_reference(portal_type: Search, reference: &str) -> Search {
    let test = TextTest::Equal(reference.to_owned());
    let reference = Search::Is(Term::Text(TextField::Reference, test));
    Search::All(vec![portal_type, reference])
}

fn with_id(id: &str) -> Search {
    let of_kind = |portal_type: &PortalType| {
        let reference = document::reference(*portal_type, id)?;
        let portal_type = Search::Is(Term::PortalType(*portal_type));
        Some(with_reference(portal_type, &reference))
    };
    Search::Any(PortalType::ALL.iter().filter_map(of_kind).collect())
}

fn with_path(path: &str) -> Search {
    let is = |portal_type| Search::Is(Term::PortalType(portal_type));
    match document::name(path) {
        None | Some(DocumentName::Person(_)) => Search::nothing(),
        Some(DocumentName::Tree(reference)) => {
            with_reference(is(PortalType::InstanceTree), reference.as_str())
        }
        Some(DocumentName::Instance(reference)) => {
            let kinds = [PortalType::SoftwareInstance, PortalType::SlaveInstance];
            with_reference(Search::Any(kinds.map(is).to_vec()), reference.as_str())
        }
        Some(DocumentName::Computer(reference)) => {
            with_reference(is(PortalType::ComputeNode), reference.as_str())
        }
        Some(DocumentName::Installation(reference)) => {
            with_reference(is(PortalType::SoftwareInstallation), reference.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_searched_by_can_be_sorted_by() {
        for (name, column) in Column::NAMES {
            assert_eq!(Column::named(name), Some(*column));
            if column.is_searchable() {
                assert!(column.sort_field().is_some(), "{name}");
            } else {
                assert_eq!(column.search(true, "x"), Search::nothing(), "{name}");
            }
        }
        assert_eq!(Column::named("no_such"), None);
    }
}
