use proptest::prelude::*;

use super::{in_present_words, read};
use crate::domain::{
    search::{NumberField, Pattern, Search, Term, TextField, TextTest},
    state::{RequestedState, Validation},
    status::PortalType,
};

fn is(term: Term) -> Search {
    Search::Is(term)
}

fn portal_type(portal_type: PortalType) -> Search {
    is(Term::PortalType(portal_type))
}

fn live() -> Search {
    is(Term::Validation(Validation::Validated))
}

fn equal(field: TextField, text: &str) -> Search {
    is(Term::Text(field, TextTest::Equal(text.to_owned())))
}

fn like(field: TextField, text: &str) -> Search {
    is(Term::Text(field, TextTest::Like(Pattern::new(text))))
}

fn number(field: NumberField, number: i64) -> Search {
    is(Term::Number(field, number))
}

fn check(query: &str, expected: Search) {
    assert_eq!(read(query), Ok(expected), "{query}");
}

/// `hateoas.md` A.2: the search strings, literally.
#[test]
fn what_clients_ask_is_understood() {
    use PortalType::{
        ComputeNode, InstanceTree, SlaveInstance, SoftwareInstallation, SoftwareInstance,
    };
    use Search::{All, Any};
    let trees = r#"portal_type:"Instance Tree" AND validation_state:validated"#;
    check(trees, All(vec![portal_type(InstanceTree), live()]));
    check(
        &format!(r#"{trees} AND title:="tree one""#),
        All(vec![
            portal_type(InstanceTree),
            live(),
            equal(TextField::Title, "tree one"),
        ]),
    );
    let nodes = r#"portal_type:"Compute Node" AND validation_state:validated"#;
    check(nodes, All(vec![portal_type(ComputeNode), live()]));
    check(
        &format!(r#"{nodes} AND title:="my node" AND reference:="COMP-1""#),
        All(vec![
            portal_type(ComputeNode),
            live(),
            equal(TextField::Title, "my node"),
            equal(TextField::Reference, "COMP-1"),
        ]),
    );
    let instances = r#"portal_type:("Software Instance", "Slave Instance") AND validation_state:validated AND default_specialise_title:="tree one""#;
    let both = vec![portal_type(SoftwareInstance), portal_type(SlaveInstance)];
    check(
        instances,
        All(vec![
            Any(both),
            live(),
            equal(TextField::TreeTitle, "tree one"),
        ]),
    );
    let installations = r#"portal_type:"Software Installation" AND validation_state:validated AND default_aggregate_reference:="COMP-1""#;
    check(
        installations,
        All(vec![
            portal_type(SoftwareInstallation),
            live(),
            equal(TextField::PlaceReference, "COMP-1"),
        ]),
    );
    let monitoring = r#"(portal_type:"Instance Tree") AND (validation_state:"validated")"#;
    check(monitoring, All(vec![portal_type(InstanceTree), live()]));
    let children = r#"(portal_type:"Software Instance") AND (successor_related_uid:("8","16"))"#;
    let requesters = vec![
        number(NumberField::Requester, 8),
        number(NumberField::Requester, 16),
    ];
    check(
        children,
        All(vec![portal_type(SoftwareInstance), Any(requesters)]),
    );
    let none = r#"(portal_type:"Software Instance") AND (successor_related_uid:(""))"#;
    check(
        none,
        All(vec![portal_type(SoftwareInstance), Search::nothing()]),
    );
}

#[test]
fn old_names_are_replaced_where_they_are_quoted() {
    let check = |query, expected| assert_eq!(in_present_words(query), expected);
    check(
        r#"portal_type:"Hosting Subscription""#,
        r#"portal_type:"Instance Tree""#,
    );
    check(
        r#"portal_type:("Computer", "Computer") AND title:Computer"#,
        r#"portal_type:("Compute Node", "Compute Node") AND title:Computer"#,
    );
    check(r#"title:"My Computer""#, r#"title:"My Computer""#);
}

#[test]
fn operators_bind_and_spaces_stand_as_the_grammar_says() {
    use Search::{All, Any, Not};
    let title = |text| like(TextField::Title, text);
    check("", Search::everything());
    check(" ", Search::everything());
    check("title:a", title("a"));
    check(
        "title:a OR title:b AND title:c",
        Any(vec![title("a"), All(vec![title("b"), title("c")])]),
    );
    check(
        "( title:a OR  title:b )  AND NOT title:c",
        All(vec![
            Any(vec![title("a"), title("b")]),
            Not(Box::new(title("c"))),
        ]),
    );
    check("NOT (((title:a)))", Not(Box::new(title("a"))));
    check("title: \"a\"", title("a"));
    check("title:= a", equal(TextField::Title, "a"));
    check(
        "title:(a,b ,\"c\" OR d  e)",
        Any(["a", "b", "c", "d", "e"].map(title).to_vec()),
    );
    check("title:( a )", title("a"));
    check("title:((a, b) c)", Any(["a", "b", "c"].map(title).to_vec()));
    check("title:(OR)", title("OR"));
    check("title:AND", title("AND"));
    check(r#"title:="a\"b\\c""#, equal(TextField::Title, r#"a"b\c"#));
    check("title:\"AND ) , : =\"", title("AND ) , : ="));
    check("title:é", title("É"));
}

#[test]
fn fields_mean_what_the_table_of_columns_says() {
    use Search::{All, Any, Not};
    let tree = || portal_type(PortalType::InstanceTree);
    check("portal_type:Person", Search::nothing());
    check(
        "validation_state:draft",
        is(Term::Validation(Validation::Draft)),
    );
    let ended = || is(Term::Validation(Validation::Invalidated));
    check("validation_state:archived", All(vec![tree(), ended()]));
    check(
        "validation_state:invalidated",
        All(vec![Not(Box::new(tree())), ended()]),
    );
    check("validation_state:x", Search::nothing());
    check(
        "slap_state:stop_requested",
        is(Term::State(RequestedState::Stopped)),
    );
    check("slap_state:stopped", Search::nothing());
    check("root_slave:1", is(Term::SharedRoot(true)));
    check("root_slave:2", Search::nothing());
    check("uid:012", number(NumberField::Uid, 12));
    check("uid:\"12\"", number(NumberField::Uid, 12));
    check("uid:x", Search::nothing());
    check("uid:99999999999999999999", Search::nothing());
    check("reference:comp", equal(TextField::Reference, "comp"));
    check("url_string:a%", like(TextField::Release, "a%"));
    check("url_string:=a%", equal(TextField::Release, "a%"));
    check("specialise_title:a", like(TextField::TreeTitle, "a"));
    check(
        "relative_url:compute_node_module/7",
        All(vec![
            portal_type(PortalType::ComputeNode),
            equal(TextField::Reference, "COMP-7"),
        ]),
    );
    let instance = Any(vec![
        portal_type(PortalType::SoftwareInstance),
        portal_type(PortalType::SlaveInstance),
    ]);
    check(
        "relative_url:software_instance_module/7",
        All(vec![instance, equal(TextField::Reference, "SOFTINST-7")]),
    );
    check("relative_url:person_module/a", Search::nothing());
    check("relative_url:x", Search::nothing());
    let Ok(Any(by_id)) = read("id:7") else {
        panic!("no alternatives");
    };
    assert_eq!(by_id.len(), PortalType::ALL.len());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let check = |query: &str, position: usize, reason: &str| {
        let error = read(query).unwrap_err();
        assert_eq!(
            (error.position, error.reason.as_str()),
            (position, reason),
            "{query}"
        );
    };
    let field = "a field was expected, such as `title:`";
    let after_text =
        "nothing was expected right after a text in quotes: a `\"` within one is written `\\\"`";
    check("\"words\"", 1, field);
    check("AND title:a", 4, "a `:` was expected after `AND`");
    check("title:a AND", 12, field);
    check("title:a OR ", 12, field);
    check("é:a", 1, field);
    check("words", 6, "a `:` was expected after `words`");
    check("title=a", 6, "a `:` was expected after `title`");
    check("title!=a", 6, "a `:` was expected after `title`");
    check("titel:a", 1, "there is no field `titel`");
    check("Title:a", 1, "there is no field `Title`");
    check(
        "title:a AND text_content:a",
        13,
        "the field `text_content` cannot be searched by",
    );
    check(
        "creation_date:a",
        1,
        "the field `creation_date` cannot be searched by",
    );
    check("title:", 7, "a value was expected");
    check("title:=", 8, "a value was expected");
    check("title:,", 7, "a value was expected");
    check("title:()", 8, "a value was expected");
    check("title:(a,)", 10, "a value was expected");
    check("title:(a", 9, "a `)` was expected");
    check("(title:a", 9, "a `)` was expected");
    check("title:a)", 8, "this `)` has no `(`");
    check("title:\"é\"b", 10, after_text);
    check(r#"title:="a"b""#, 11, after_text);
    check(r#"title:("a"b)"#, 11, after_text);
    check("title:(a=b)", 9, "`,`, a space or `)` was expected");
    check("title:\"a", 7, "the text that begins here has no end");
    check(r#"title:"a\"#, 9, "`\\\"` or `\\\\` was expected");
    check(r#"title:"a\n""#, 9, "`\\\"` or `\\\\` was expected");
    let comparison = "a value was expected: there are no comparisons but `:` and `:=`";
    check("uid:<5", 5, comparison);
    check("uid:>=5", 5, comparison);
    check("uid:!=5", 5, comparison);
    let joined = "` AND `, ` OR `, `)` or the end was expected";
    check("title:a title:b", 9, joined);
    check("title:a and title:b", 9, joined);
    check("(title:a)AND(title:b)", 10, joined);
    check("title:a AND(title:b)", 9, joined);
    check("title:a:b", 8, joined);
    let deep = format!("{}title:a{}", "(".repeat(51), ")".repeat(51));
    check(&deep, 52, "nested more than 50 times");
    let deep = format!("{}title:a{}", "(".repeat(50), ")".repeat(50));
    assert!(read(&deep).is_ok());
    let deep = format!("title:{}a", "(".repeat(100_000));
    check(&deep, 57, "nested more than 50 times");
    check("NOT NOT title:a", 8, "a `:` was expected after `NOT`");
}

/// A search, and a text that says it.
#[derive(Debug, Clone)]
struct Spelled {
    search: Search,
    text: String,
    /// Whether the text needs parentheses to stand in another.
    is_loose: bool,
}

impl Spelled {
    fn enclosed(&self) -> String {
        if self.is_loose {
            format!("( {})", self.text)
        } else {
            self.text.clone()
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn spelled() -> impl Strategy<Value = Spelled> {
    let text = "[ -~é\\n]{1,6}";
    let term = (text, any::<bool>(), any::<bool>()).prop_map(|(text, exact, listed)| {
        let search = if exact {
            equal(TextField::Title, &text)
        } else {
            like(TextField::Title, &text)
        };
        let value = quoted(&text);
        let value = if listed { format!("({value})") } else { value };
        Spelled {
            search,
            text: format!("title:{}{value}", if exact { "=" } else { "" }),
            is_loose: false,
        }
    });
    term.prop_recursive(4, 16, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 2..4);
        let join = |parts: &[Spelled], keyword: &str| {
            let parts: Vec<String> = parts.iter().map(Spelled::enclosed).collect();
            parts.join(keyword)
        };
        let searches = |parts: Vec<Spelled>| {
            parts
                .into_iter()
                .map(|part| part.search)
                .collect::<Vec<_>>()
        };
        prop_oneof![
            inner.prop_map(|part| Spelled {
                text: format!("NOT {}", part.enclosed()),
                search: Search::Not(Box::new(part.search)),
                is_loose: true,
            }),
            some.clone().prop_map(move |parts| Spelled {
                text: join(&parts, " AND "),
                search: Search::All(searches(parts)),
                is_loose: true,
            }),
            some.prop_map(move |parts| Spelled {
                text: join(&parts, "  OR "),
                search: Search::Any(searches(parts)),
                is_loose: true,
            }),
        ]
    })
}

proptest! {
    /// Whatever the values hold: quotes, backslashes, keywords, parentheses.
    #[test]
    fn what_is_written_by_the_grammar_is_read_as_it_was_meant(spelled in spelled()) {
        prop_assert_eq!(read(&spelled.text), Ok(spelled.search));
    }

    /// No text makes the parser fail otherwise than by an error with a place in the text.
    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(
        text in prop_oneof![
            "\\PC{0,40}",
            "(title|uid|\"|\\\\|:|=|\\(|\\)|,| |AND|OR|NOT|a|<|é){0,20}",
        ],
    ) {
        if let Err(error) = read(&text) {
            prop_assert!(error.position >= 1);
            prop_assert!(error.position <= text.chars().count() + 1);
            prop_assert!(!error.reason.is_empty());
        }
    }

    /// A query that is cut off says so at its end or where what is open began.
    #[test]
    fn a_text_that_is_not_closed_is_refused(text in "[a-z ]{0,9}") {
        let query = format!("title:\"{text}");
        prop_assert_eq!(read(&query).unwrap_err().position, 7);
    }
}
