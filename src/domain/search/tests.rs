use proptest::prelude::*;

use super::*;
use crate::domain::{
    document::{Mark, TreeMark},
    identifier::TreeReference,
    time::Timestamp,
};

fn entry(portal_type: PortalType, uid: i64, title: &str) -> Entry {
    Entry {
        portal_type,
        uid,
        reference: format!("R-{uid}"),
        title: title.to_owned(),
        validation: Validation::Validated,
        state: None,
        release: None,
        software_type: None,
        tree: None,
        place: None,
        requester_uid: None,
        first_requested_uid: None,
        has_shared_root: None,
        created_at: Timestamp::from_seconds(uid),
        changed_at: Timestamp::from_seconds(-uid),
    }
}

#[test]
fn a_pattern_is_contained_or_with_gaps_the_whole_text() {
    let check = |pattern: &str, text: &str, expected| {
        assert_eq!(
            Pattern::new(pattern).admits(text),
            expected,
            "{pattern} {text}"
        );
    };
    check("eE o", "trEe one", true);
    check("", "x", true);
    check("x", "", false);
    check("%one", "tree one", true);
    check("%on", "tree one", false);
    check("tree%", "tree one", true);
    check("ree%", "tree one", false);
    check("t%o%e", "tree one", true);
    check("a%a", "a", false);
    check("a%a", "aa", true);
    check("%b%b%", "abab", true);
    check("%b%b%", "ab", false);
    check("%", "", true);
    check("É%", "éa", true);
}

#[test]
fn what_a_kind_does_not_have_does_not_match_and_its_negation_does() {
    let computer = entry(PortalType::ComputeNode, 2, "a");
    let state = Search::Is(Term::State(RequestedState::Started));
    assert!(!state.admits(&computer));
    assert!(Search::Not(Box::new(state)).admits(&computer));
    assert!(Search::everything().admits(&computer));
    assert!(!Search::nothing().admits(&computer));
}

#[test]
fn documents_are_sorted_by_one_thing_after_the_other_and_by_number() {
    use Direction::{Ascending, Descending};
    let entries = [
        entry(PortalType::ComputeNode, 3, "b"),
        entry(PortalType::InstanceTree, 1, "a"),
        entry(PortalType::ComputeNode, 2, "a"),
    ];
    let check = |order: &[(SortField, Direction)], expected: &[i64]| {
        let order = Order(order.to_vec());
        let mut sorted: Vec<&Entry> = entries.iter().collect();
        sorted.sort_by(|left, right| order.compare(left, right));
        let found: Vec<i64> = sorted.iter().map(|entry| entry.uid).collect();
        assert_eq!(found, expected, "{order:?}");
    };
    let title = SortField::Text(TextField::Title);
    check(&[], &[1, 2, 3]);
    check(&[(title, Descending)], &[3, 1, 2]);
    check(
        &[(title, Ascending), (SortField::PortalType, Ascending)],
        &[2, 1, 3],
    );
    check(&[(SortField::Created, Descending)], &[3, 2, 1]);
    check(&[(SortField::Changed, Ascending)], &[3, 2, 1]);
    check(
        &[(SortField::Number(NumberField::Tree), Descending)],
        &[1, 2, 3],
    );
}

fn entries() -> impl Strategy<Value = Entry> {
    let portal_type = proptest::sample::select(PortalType::ALL);
    let validation = proptest::sample::select(Validation::ALL);
    let state = proptest::option::of(proptest::sample::select(RequestedState::ALL));
    (portal_type, validation, state, 0..4_i64, "[abA]{1,2}").prop_map(
        |(portal_type, validation, state, uid, title)| Entry {
            validation,
            state,
            tree: (uid > 1).then(|| TreeMark {
                uid,
                reference: TreeReference::trusted(title.clone()),
                title: title.clone(),
            }),
            place: (uid > 2).then(|| Mark {
                uid,
                reference: title.clone(),
            }),
            ..entry(portal_type, uid, &title)
        },
    )
}

fn searches() -> impl Strategy<Value = Search> {
    let texts = proptest::sample::select(
        &[
            TextField::Title,
            TextField::TreeTitle,
            TextField::PlaceReference,
        ][..],
    );
    let numbers = proptest::sample::select(&[NumberField::Uid, NumberField::Tree][..]);
    let term = prop_oneof![
        proptest::sample::select(PortalType::ALL).prop_map(Term::PortalType),
        proptest::sample::select(Validation::ALL).prop_map(Term::Validation),
        proptest::sample::select(RequestedState::ALL).prop_map(Term::State),
        (numbers, 0..4_i64).prop_map(|(field, number)| Term::Number(field, number)),
        (texts, "[abA]{1,2}", any::<bool>()).prop_map(|(field, text, exact)| {
            let test = if exact {
                TextTest::Equal(text)
            } else {
                TextTest::Like(Pattern::new(&text))
            };
            Term::Text(field, test)
        }),
    ];
    term.prop_map(Search::Is).prop_recursive(4, 24, 4, |inner| {
        let some = proptest::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            inner.prop_map(|search| Search::Not(Box::new(search))),
            some.clone().prop_map(Search::All),
            some.prop_map(Search::Any),
        ]
    })
}

proptest! {
    /// The store reads no more than what these say: nothing that is meant may be missing.
    #[test]
    fn what_is_known_of_those_that_are_meant_is_true_of_each(
        search in searches(),
        entry in entries(),
    ) {
        prop_assume!(search.admits(&entry));
        prop_assert!(search.concerns(entry.portal_type));
        prop_assert!(!search.is_of_live() || entry.validation == Validation::Validated);
        for field in [TextField::Title, TextField::TreeTitle, TextField::PlaceReference] {
            if let Some(texts) = search.texts(field) {
                prop_assert!(texts.contains(entry.text(field).unwrap()));
            }
        }
        for field in [NumberField::Uid, NumberField::Tree] {
            if let Some(numbers) = search.numbers(field) {
                prop_assert!(numbers.contains(&entry.number(field).unwrap()));
            }
        }
    }
}
