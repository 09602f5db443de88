//! The world's certificate authority: it stays, and so does what it issued.

use std::{fs, path::Path};

use slapmaster::{
    domain::{behaviour::Preset, token::TokenPurpose},
    master::{AuthoritySource, Master, OpenError, Registration, WorldSettings},
};

use crate::support::world::{Setup, TestWorld, standing_clock, token};

fn setup(database: &Path) -> Setup {
    TestWorld::preset(Preset::Default)
        .database(database)
        .clock(&standing_clock())
}

#[tokio::test]
async fn a_restart_keeps_authority_certificates_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let world = setup(&path).start().await;
    world.format("COMP-1", 1).await;
    let web = world.request("web").on().await;
    let pair = world.pair(&web.at).await.unwrap();
    let issued = world.generate("COMP-1").await.unwrap();
    for value in ["spent-token", "fresh-token"] {
        world.add_token(token(value, TokenPurpose::Computer)).await;
    }
    world.registered("spent-token", "node").await;
    let authority = world.master.authority_certificate_pem().to_owned();
    let names = || vec!["localhost".to_owned()];
    let server = world.master.server_certificate(names()).await.unwrap();
    world.close().await;

    let world = setup(&path).start().await;
    assert_eq!(world.master.authority_certificate_pem(), authority);
    assert_eq!(world.serial(&issued.certificate_pem), issued.serial);
    assert_eq!(world.pair(&web.at).await.unwrap(), pair);
    assert!(world.generate("COMP-1").await.is_err());
    assert_eq!(
        world.master.server_certificate(names()).await.unwrap(),
        server
    );
    let spent = world.register("spent-token", "other").await;
    assert_eq!(spent, Registration::TokenRefused);
    world.registered("fresh-token", "other").await;
}

#[tokio::test]
async fn worlds_have_authorities_of_their_own() {
    let (one, other) = (TestWorld::start().await, TestWorld::start().await);
    let certificate = |world: &TestWorld| world.master.authority_certificate_pem().to_owned();
    assert_ne!(certificate(&one), certificate(&other));
}

async fn open(database: Option<&Path>, directory: &Path) -> Result<Master, OpenError> {
    let settings = WorldSettings {
        database: database.map(Path::to_owned),
        authority: AuthoritySource::Directory(directory.to_owned()),
        ..WorldSettings::default()
    };
    Master::open(settings).await
}

#[tokio::test]
async fn a_directory_gives_its_authority_to_every_world() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("ca");
    let database = folder.path().join("world.db");
    let first = open(None, &directory).await.unwrap();
    let authority = first.authority_certificate_pem().to_owned();
    let second = open(Some(&database), &directory).await.unwrap();
    assert_eq!(second.authority_certificate_pem(), authority);
    assert_eq!(
        fs::read_to_string(directory.join("ca.crt")).unwrap(),
        authority
    );
    second.close().await;
    drop(second);
    // The database keeps it, and the directory is no longer needed.
    let world = setup(&database).start().await;
    assert_eq!(world.master.authority_certificate_pem(), authority);
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("ca");
    let database = folder.path().join("world.db");
    let other = folder.path().join("other");
    open(Some(&database), &directory)
        .await
        .unwrap()
        .close()
        .await;
    open(None, &other).await.unwrap();
    let before = fs::read(other.join("ca.crt")).unwrap();
    let refused = open(Some(&database), &other).await.unwrap_err();
    let OpenError::Authority { source } = &refused else {
        panic!("{refused}");
    };
    let said = source.to_string();
    assert!(
        said.contains("but the world's certificate authority has"),
        "{said}"
    );
    assert!(said.contains("\nhint: "), "{said}");
    assert_eq!(fs::read(other.join("ca.crt")).unwrap(), before);

    fs::write(other.join("ca.key"), "no key").unwrap();
    let refused = open(None, &other).await.unwrap_err();
    assert!(matches!(refused, OpenError::Authority { .. }), "{refused}");
    assert_eq!(fs::read_to_string(other.join("ca.key")).unwrap(), "no key");
    // What was refused is not in the way of the right one.
    open(Some(&database), &directory).await.unwrap();
}

#[tokio::test]
async fn the_servers_certificate_is_used_again_while_it_lasts_and_fits() {
    let world = TestWorld::start().await;
    let names = |all: &[&str]| -> Vec<String> { all.iter().map(|&n| n.to_owned()).collect() };
    let get = async |all: &[&str]| world.master.server_certificate(names(all)).await.unwrap();
    let first = get(&["localhost", "127.0.0.1", "::1"]).await;
    assert!(
        first
            .chain_pem
            .ends_with(world.master.authority_certificate_pem())
    );
    assert_eq!(first.chain_pem.matches("BEGIN CERTIFICATE").count(), 2);
    world.advance(3619 * 86_400);
    assert_eq!(get(&["localhost", "127.0.0.1", "::1"]).await, first);
    // Less than thirty days more.
    world.advance(2 * 86_400);
    let second = get(&["localhost", "127.0.0.1", "::1"]).await;
    assert_ne!(second, first);
    let other = get(&["localhost", "example.org"]).await;
    assert_ne!(other, second);
    assert_eq!(get(&["localhost", "example.org"]).await, other);
    let views = world.certificates_of("localhost").await;
    assert_eq!(views.len(), 3);
    assert!(views.iter().all(|view| view.revoked_at.is_none()));
    let revoked = views.last().unwrap().serial.clone();
    let which = slapmaster::master::Revoke::Serial(revoked);
    world.master.revoke_certificates(which).await.unwrap();
    assert_ne!(get(&["localhost", "example.org"]).await, other);
    for wrong in [&[][..], &["no name"]] {
        assert!(world.master.server_certificate(names(wrong)).await.is_err());
    }
}
