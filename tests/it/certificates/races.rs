//! Calls at the same moment: of what may be had once, one gets it.

use std::sync::Arc;

use slapmaster::{
    domain::{
        certificate::{CertificateKind, CertificateStatus},
        secret::Secret,
        token::TokenPurpose,
    },
    master::{
        CertificateFilter, ComputerReader, MasterError, Registration, UserCertificateOutcome,
    },
};
use tokio::task::JoinSet;

use crate::support::world::{TestWorld, computer, title, token};

/// How many call at once.
const CROWD: usize = 24;

/// Has a crowd do the same, each with its own number.
async fn crowd<T, F>(act: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut set = JoinSet::new();
    for number in 0..CROWD {
        set.spawn(act(number));
    }
    set.join_all().await
}

fn count<T>(all: &[T], which: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| which(one)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_registers_one_computer() {
    for same_title in [true, false] {
        let world = TestWorld::start().await;
        world
            .add_token(token("the-only-token", TokenPurpose::Computer))
            .await;
        let registered = crowd(|number| {
            let master = world.master.clone();
            let name = if same_title {
                "node".to_owned()
            } else {
                format!("node {number}")
            };
            async move {
                let token = Secret::new("the-only-token".to_owned());
                master
                    .register_computer(Some(token), title(&name))
                    .await
                    .unwrap()
            }
        })
        .await;
        let done = |one: &Registration| matches!(one, Registration::Registered { .. });
        assert_eq!(count(&registered, done), 1);
        assert_eq!(
            count(&registered, |one| *one == Registration::TokenRefused),
            CROWD - 1
        );
        assert_eq!(world.text("SELECT count(*) FROM computer").await, "1");
        assert_eq!(world.text("SELECT count(*) FROM certificate").await, "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_title_is_one_computer_whatever_the_tokens() {
    let world = TestWorld::start().await;
    for number in 0..CROWD {
        let value = format!("token-number-{number}");
        world.add_token(token(&value, TokenPurpose::Computer)).await;
    }
    let registered = crowd(|number| {
        let master = world.master.clone();
        async move {
            let token = Secret::new(format!("token-number-{number}"));
            master
                .register_computer(Some(token), title("node"))
                .await
                .unwrap()
        }
    })
    .await;
    let done = |one: &Registration| matches!(one, Registration::Registered { .. });
    assert_eq!(count(&registered, done), 1);
    assert_eq!(
        count(&registered, |one| *one == Registration::StillActive),
        CROWD - 1
    );
    assert_eq!(world.text("SELECT count(*) FROM computer").await, "1");
    let unspent = "SELECT count(*) FROM token WHERE used_us IS NULL";
    assert_eq!(world.text(unspent).await, (CROWD - 1).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_gives_a_person_one_certificate() {
    let world = TestWorld::start().await;
    world
        .add_token(token("the-only-token", TokenPurpose::User))
        .await;
    let issued = crowd(|_| {
        let master = world.master.clone();
        async move {
            let token = Secret::new("the-only-token".to_owned());
            master.issue_user_certificate(Some(token)).await.unwrap()
        }
    })
    .await;
    let refused = |one: &UserCertificateOutcome| *one == UserCertificateOutcome::TokenRefused;
    assert_eq!(count(&issued, refused), CROWD - 1);
    assert_eq!(world.text("SELECT count(*) FROM certificate").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_that_many_ask_for_gets_one_certificate() {
    let world = Arc::new(TestWorld::start().await);
    world.format("COMP-1", 0).await;
    let issued = crowd(|_| {
        let world = Arc::clone(&world);
        async move { world.generate("COMP-1").await }
    })
    .await;
    assert_eq!(count(&issued, Result::is_ok), 1);
    let refused =
        |one: &Result<_, MasterError>| matches!(one, Err(MasterError::CertificateRefused(_)));
    assert_eq!(count(&issued, refused), CROWD - 1);
    let revoked = crowd(|_| {
        let world = Arc::clone(&world);
        async move { world.revoke("COMP-1").await }
    })
    .await;
    assert_eq!(count(&revoked, Result::is_ok), 1);
    assert_eq!(
        world
            .master
            .computer_information(ComputerReader::Onlooker, &computer("COMP-1"))
            .await
            .unwrap()
            .partitions,
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_are_made_at_once_have_a_certificate_each() {
    let world = Arc::new(TestWorld::start().await);
    world.format("COMP-1", CROWD).await;
    let pairs = crowd(|number| {
        let world = Arc::clone(&world);
        async move {
            let name = format!("web {number}");
            let view = world.request(&name).on().await;
            let pair = world.pair(&view.at).await.unwrap();
            (view.reference, world.serial(&pair.certificate_pem))
        }
    })
    .await;
    for (reference, serial) in pairs {
        let kept = world.master.certificate(&serial).await.unwrap().unwrap();
        assert_eq!(kept.common_name, reference.as_str());
    }
    let valid = CertificateFilter {
        kind: Some(CertificateKind::Instance),
        status: Some(CertificateStatus::Valid),
        ..CertificateFilter::default()
    };
    assert_eq!(
        world.master.certificates(&valid).await.unwrap().len(),
        CROWD
    );
}

/// What makes the pair of an instance that has none decides once which it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_is_missing_is_made_once() {
    let world = Arc::new(TestWorld::start().await);
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    world.sql("DELETE FROM certificate").await;
    let pairs = crowd(|_| {
        let (world, at) = (Arc::clone(&world), web.at.clone());
        async move { world.pair(&at).await.unwrap() }
    })
    .await;
    assert_eq!(count(&pairs, |pair| *pair == pairs[0]), CROWD);
    assert_eq!(world.text("SELECT count(*) FROM certificate").await, "1");
}
