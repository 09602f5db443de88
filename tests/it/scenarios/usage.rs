//! Usage reports, products and addresses (`semantics.md` 11, 12.3, 12.4).

use slapmaster::{
    domain::{
        caller::Caller, computer::Address, identifier::ProductReference, product::ProductQuery,
        usage::UsageReport,
    },
    master::{MasterError, Missing},
};

use crate::support::world::{TestWorld, computer, computer_format, partition, release, route};

/// B.113
#[tokio::test]
async fn the_same_usage_report_again_is_another_version() {
    let world = TestWorld::start().await;
    world.format("COMP-1", 0).await;
    let send = async |reference: &str, document: &str| {
        let report = UsageReport {
            transaction_reference: reference.to_owned(),
            document: document.to_owned(),
        };
        let computer = computer("COMP-1");
        let caller = Caller::Computer(computer.clone());
        let sent = world.master.report_usage(caller, computer, report).await;
        sent.unwrap();
    };
    send("2026-11", "<journal/>").await;
    send("2026-11", "<journal/>").await;
    send("", "<other/>").await;
    let kept = async |reference| world.master.usage_reports(reference).await.unwrap();
    let document = || "<journal/>".to_owned();
    assert_eq!(
        kept("TIOCONS-COMP-1-2026-11").await,
        [(1, document()), (2, document())]
    );
    assert_eq!(kept("TIOCONS-COMP-1-").await, [(1, "<other/>".to_owned())]);
}

/// B.115
#[tokio::test]
async fn releases_are_listed_newest_first_and_future_ones_last() {
    let world = TestWorld::start().await;
    world
        .sql(
            "INSERT INTO software_product (id, reference, project_id) VALUES (1, 'demo', 1);
             INSERT INTO software_product_release (product_id, release, effective_us)
             SELECT 1, day.column1, 1795422600000000 + day.column2 * 86400000000
             FROM (VALUES ('tomorrow', 1), ('yesterday', -1), ('today', 0)) AS day",
        )
        .await;
    let list = async |query| {
        let list = world
            .master
            .product_releases(&Caller::DefaultUser, None, query)
            .await
            .unwrap();
        let names: Vec<String> = list.iter().map(|r| r.as_str().to_owned()).collect();
        names
    };
    let demo = ProductReference::parse("product", "demo").unwrap();
    let expected = ["today", "yesterday", "tomorrow"];
    assert_eq!(list(ProductQuery::Product(demo.clone())).await, expected);
    assert_eq!(
        list(ProductQuery::Release(release("yesterday"))).await,
        expected
    );
    world.advance(2 * 86_400);
    assert_eq!(
        list(ProductQuery::Product(demo)).await,
        ["tomorrow", "today", "yesterday"]
    );
}

/// B.116
#[tokio::test]
async fn an_unknown_product_has_no_releases_and_an_unknown_release_no_product() {
    let world = TestWorld::start().await;
    let unknown = ProductReference::parse("product", "unknown").unwrap();
    let list =
        world
            .master
            .product_releases(&Caller::DefaultUser, None, ProductQuery::Product(unknown));
    assert!(list.await.unwrap().is_empty());
    let query = ProductQuery::Release(release("unknown"));
    let refused = world
        .master
        .product_releases(&Caller::DefaultUser, None, query)
        .await;
    assert!(matches!(
        refused,
        Err(MasterError::NotFound(Missing::ProductOfRelease(_)))
    ));
}

/// B.117
#[tokio::test]
async fn every_instance_knows_the_addresses_of_its_tree() {
    let world = TestWorld::start().await;
    let mut first = partition("slappart0", 1);
    first.route = Some(route("10.8.0.2"));
    let partitions = vec![first, partition("slappart1", 2), partition("slappart2", 3)];
    let format = computer_format("COMP-1", partitions);
    world.try_format(format).await.unwrap();
    let web = world.request("web").on().await;
    let b = world.request("b").child_of(&web.at).on().await;
    world.request("s").shared().child_of(&b.at).on().await;
    let other = world.request("other").on().await;
    let told = async |at| {
        world
            .master
            .tree_addresses(&Caller::DefaultUser, at)
            .await
            .unwrap()
    };
    let pair = |a: &Address| (a.interface.clone(), a.address.clone());
    let expected: Vec<_> = web.addresses.iter().chain(&b.addresses).map(pair).collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(told(&b.at).await, expected);
    assert_eq!(told(&web.at).await, expected);
    let own: Vec<_> = other.addresses.iter().map(pair).collect();
    assert_eq!(told(&other.at).await, own);
    let destroy = world.request("b").child_of(&web.at).state("destroyed");
    destroy.waits().await;
    assert!(told(&b.at).await.is_empty());
    world.report_destroyed(&b.at).await;
    let refused = world
        .master
        .tree_addresses(&Caller::DefaultUser, &b.at)
        .await;
    assert!(matches!(
        refused,
        Err(MasterError::NotFound(Missing::InstanceOnPartition { .. }))
    ));
}
