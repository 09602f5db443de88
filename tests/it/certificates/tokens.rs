//! Tokens (`hateoas.md` B.4): what they are for, how long, and when they are spent.

use slapmaster::{
    domain::{
        caller::Caller,
        identifier::UserReference,
        request::BrokenRule,
        secret::Secret,
        token::{NewToken, TokenPurpose, TokenUse},
    },
    master::{MasterError, Missing, Registration, UserCertificateOutcome},
};

use super::{add, project};
use crate::support::world::{TestWorld, title, token};

const TOKEN: &str = "a-token-of-ours";

/// Where a token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Computer,
    User,
}
use Endpoint::{Computer, User};

/// Presents a token; whether it was accepted.
async fn present(world: &TestWorld, endpoint: Endpoint, token: Option<&str>) -> bool {
    let token = token.map(|token| Secret::new(token.to_owned()));
    match endpoint {
        Computer => {
            let name = title(&format!("node {}", world.tokens_and_certificates().await));
            let registered = world.master.register_computer(token, name).await;
            registered.unwrap() != Registration::TokenRefused
        }
        User => {
            let issued = world.master.issue_user_certificate(token).await;
            issued.unwrap() != UserCertificateOutcome::TokenRefused
        }
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_endpoint_once_within_its_time() {
    let (computer, user) = (TokenPurpose::Computer, TokenPurpose::User);
    let (once, reusable) = (TokenUse::Once, TokenUse::Reusable);
    // After how many seconds it is presented where, and whether it is accepted.
    let check = async |purpose, uses, presented: &[(i64, Endpoint, bool)]| {
        let world = TestWorld::start().await;
        world
            .add_token(NewToken {
                lifetime_s: 100,
                uses,
                ..token(TOKEN, purpose)
            })
            .await;
        for (seconds, endpoint, expected) in presented {
            world.advance(*seconds);
            let accepted = present(&world, *endpoint, Some(TOKEN)).await;
            assert_eq!(accepted, *expected, "{purpose:?} {uses:?}: {presented:?}");
        }
    };
    check(computer, once, &[(0, Computer, true), (0, Computer, false)]).await;
    check(user, once, &[(0, User, true), (0, User, false)]).await;
    // Presented elsewhere, it is spent.
    check(computer, once, &[(0, User, false), (0, Computer, false)]).await;
    check(user, once, &[(0, Computer, false), (0, User, false)]).await;
    check(computer, once, &[(99, Computer, true)]).await;
    check(computer, once, &[(100, Computer, false)]).await;
    check(user, once, &[(99, User, true)]).await;
    check(user, once, &[(100, User, false)]).await;
    check(
        computer,
        reusable,
        &[
            (0, Computer, true),
            (0, User, false),
            (99, Computer, true),
            (1, Computer, false),
        ],
    )
    .await;
    check(
        user,
        reusable,
        &[
            (0, User, true),
            (0, Computer, false),
            (99, User, true),
            (1, User, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_token_and_an_unknown_one_are_refused() {
    let world = TestWorld::start().await;
    for endpoint in [Computer, User] {
        assert!(!present(&world, endpoint, None).await);
        assert!(!present(&world, endpoint, Some("")).await);
        assert!(!present(&world, endpoint, Some(TOKEN)).await);
    }
    assert_eq!(world.tokens_and_certificates().await, 0);
}

#[tokio::test]
async fn a_token_is_not_spent_while_the_certificate_is_active_or_the_title_is_ambiguous() {
    let world = TestWorld::start().await;
    add(
        &world,
        "computers: [{reference: A, title: twin}, {reference: B, title: twin}]",
    )
    .await;
    world.add_token(token(TOKEN, TokenPurpose::Computer)).await;
    let before = world.dump().await;
    let secret = || Some(Secret::new(TOKEN.to_owned()));
    let refused = world
        .master
        .register_computer(secret(), title("twin"))
        .await;
    let MasterError::BrokenRule(BrokenRule::AmbiguousComputer { .. }) = refused.unwrap_err() else {
        panic!("it is told otherwise");
    };
    assert_eq!(world.dump().await, before);
    world.generate("A").await.unwrap();
    world
        .sql("UPDATE computer SET title = 'other' WHERE reference = 'B'")
        .await;
    let registered = world.register(TOKEN, "twin").await;
    assert_eq!(registered, Registration::StillActive);
    world.revoke("A").await.unwrap();
    assert_eq!(world.registered(TOKEN, "twin").await.0, "A");
}

#[tokio::test]
async fn a_title_keeps_its_computer_within_its_project() {
    let world = TestWorld::start().await;
    add(
        &world,
        "projects: [PROJ-2]
users:
- reference: default-user
  functions: {PROJ-1: [production_manager], PROJ-2: [production_manager]}
",
    )
    .await;
    for number in 0..4 {
        let mut new = token(&format!("{TOKEN}-{number}"), TokenPurpose::Computer);
        if number == 2 {
            new.project = Some(project("PROJ-2"));
        }
        world.add_token(new).await;
    }
    let token = |number: usize| format!("{TOKEN}-{number}");
    let (first, issued) = world.registered(&token(0), "node").await;
    assert_eq!(first, "COMP-1");
    world.revoke("COMP-1").await.unwrap();
    let (again, anew) = world.registered(&token(1), "node").await;
    assert_eq!(again, "COMP-1");
    assert_ne!(anew.serial, issued.serial);
    let (elsewhere, _) = world.registered(&token(2), "node").await;
    assert_eq!(elsewhere, "COMP-2");
    let (other, _) = world.registered(&token(3), "Node").await;
    assert_eq!(other, "COMP-3");
    let rows = "SELECT reference || ' ' || project_id || ' ' || title || ' ' || allocation_scope
                FROM computer ORDER BY id";
    assert_eq!(
        world.texts(rows).await,
        [
            "COMP-1 1 node open",
            "COMP-2 2 node open",
            "COMP-3 1 Node open"
        ]
    );
}

#[tokio::test]
async fn a_registered_computer_takes_a_number_that_nobody_has() {
    let world = TestWorld::start().await;
    world.format("COMP-4", 0).await;
    world.add_token(token(TOKEN, TokenPurpose::Computer)).await;
    assert_eq!(world.registered(TOKEN, "node").await.0, "COMP-5");
}

#[tokio::test]
async fn a_person_has_as_many_certificates_as_it_asks_for() {
    let world = TestWorld::start().await;
    add(&world, "users: [alice]").await;
    world
        .add_token(NewToken {
            user: Some(UserReference::parse("user", "alice").unwrap()),
            uses: TokenUse::Reusable,
            ..token(TOKEN, TokenPurpose::User)
        })
        .await;
    for _ in 0..3 {
        let UserCertificateOutcome::Issued(issued) = world.user_certificate(TOKEN).await else {
            panic!("refused");
        };
        assert_eq!(issued.common_name, "alice");
        assert_eq!(world.serial(&issued.certificate_pem), issued.serial);
    }
    let all = world.certificates_of("alice").await;
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|view| view.status.as_str() == "valid"));
}

#[tokio::test]
async fn a_random_token_has_a_day_and_thirty_two_digits() {
    let world = TestWorld::start().await;
    let first = world
        .master
        .computer_token(Caller::DefaultUser)
        .await
        .unwrap();
    let second = world
        .master
        .computer_token(Caller::DefaultUser)
        .await
        .unwrap();
    assert_ne!(first.value, second.value);
    let (day, digits) = first.value.expose().split_once('-').unwrap();
    assert_eq!(day, "20261123");
    assert_eq!(digits.len(), 32);
    assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        (first.purpose, first.uses),
        (TokenPurpose::Computer, TokenUse::Once)
    );
    assert_eq!(
        (first.user.as_str(), first.project.as_str()),
        ("default-user", "PROJ-1")
    );
    assert!(present(&world, Computer, Some(first.value.expose())).await);
    let spent: Vec<bool> = world
        .master
        .tokens()
        .await
        .unwrap()
        .iter()
        .map(|token| token.used_at.is_some())
        .collect();
    assert_eq!(spent, [true, false]);
}

#[tokio::test]
async fn a_token_that_cannot_be_is_refused_without_showing_it() {
    let world = TestWorld::start().await;
    world.add_token(token(TOKEN, TokenPurpose::User)).await;
    let before = world.dump().await;
    let good = || token("another-token", TokenPurpose::User);
    let nobody = UserReference::parse("user", "nobody").unwrap();
    for (new, expected) in [
        (
            token(TOKEN, TokenPurpose::Computer),
            "`value`: is taken: there is a token of this text already",
        ),
        (
            token("short", TokenPurpose::User),
            "`value`: is no token; expected 8 to 256 printable ASCII characters without blanks",
        ),
        (
            NewToken {
                lifetime_s: 0,
                ..good()
            },
            "`lifetime_s`: is no lifetime: a whole number of seconds above 0 was expected",
        ),
        (
            NewToken {
                user: Some(nobody),
                ..good()
            },
            "user `nobody` is not known",
        ),
        (
            NewToken {
                project: Some(project("PROJ-9")),
                ..good()
            },
            "project `PROJ-9` is not known",
        ),
    ] {
        let refused = world.master.make_token(new).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn tokens_are_forgotten_a_day_after_they_expired() {
    let world = TestWorld::start().await;
    let count = async || world.master.tokens().await.unwrap().len();
    world
        .add_token(token("token-number-1", TokenPurpose::User))
        .await;
    world.advance(2 * 86_400);
    world
        .add_token(token("token-number-2", TokenPurpose::User))
        .await;
    assert_eq!(count().await, 2);
    world.advance(1);
    world
        .add_token(token("token-number-3", TokenPurpose::User))
        .await;
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn nothing_that_is_told_of_a_token_shows_it() {
    let world = TestWorld::start().await;
    world.add_token(token(TOKEN, TokenPurpose::Computer)).await;
    world.registered(TOKEN, "node").await;
    let events = world.master.journal().about("default-user");
    let texts: Vec<_> = events.iter().map(|event| event.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "a computer token was made for default-user",
            "a computer token of default-user was spent"
        ]
    );
    let shown = format!("{:?}", world.master.tokens().await.unwrap());
    assert!(!shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn a_computer_is_requested_by_title() {
    let world = TestWorld::start().await;
    add(&world, "projects: [PROJ-2]").await;
    let request = async |name: &str, named: Option<&str>| {
        let caller = Caller::DefaultUser;
        let named = named.map(project);
        let view = world
            .master
            .request_computer(caller, title(name), named)
            .await;
        view.map(|view| view.reference.to_string())
    };
    assert_eq!(request("node", None).await.unwrap(), "COMP-1");
    let before = world.dump().await;
    assert_eq!(request("node", Some("PROJ-1")).await.unwrap(), "COMP-1");
    assert_eq!(world.dump().await, before);
    assert_eq!(request("node", Some("PROJ-2")).await.unwrap(), "COMP-2");
    let refused = request("node", Some("PROJ-3")).await.unwrap_err();
    assert!(matches!(
        refused,
        MasterError::NotFound(Missing::Project(_))
    ));
    // It has no certificate until it is asked for.
    assert!(world.certificates_of("COMP-1").await.is_empty());
    world.generate("COMP-1").await.unwrap();
}
