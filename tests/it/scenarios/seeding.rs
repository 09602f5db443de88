//! Seeds that no fixture can be: those of a slapproxy.

use slapmaster::{
    domain::{
        behaviour::{Behaviour, Preset},
        caller::Caller,
        computer::{ComputerDetails, ComputerFormat, PartitionFormat},
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, ProductReference,
            SoftwareReleaseUri, SoftwareType, Title,
        },
        instance::{MOST_CHILDREN, Wanted},
        parameters::Parameters,
        product::ProductQuery,
        seed::{
            ComputerPolicy, Seed, SeedComputer, SeedInstance, SeedOrigin, SeedPlace, SeedRoom,
            SeedTree,
        },
        state::{InstanceKind, RequestedState, Subscription},
    },
    master::{Master, MasterError, WorldSettings},
};

const COMPUTER: &str = "COMP-1";

async fn world() -> Master {
    let settings = WorldSettings {
        behaviour: Behaviour::preset(Preset::Slapproxy),
        ..WorldSettings::default()
    };
    Master::open(settings).await.unwrap()
}

fn at(number: usize) -> PartitionAddress {
    PartitionAddress {
        computer: ComputerReference::trusted(COMPUTER.to_owned()),
        partition: PartitionReference::trusted(format!("slappart{number}")),
    }
}

/// A tree with so many children of its root, each on a partition of its own.
fn seed(origin: SeedOrigin, children: usize) -> Seed {
    let place = SeedPlace(0);
    let partition = |number| PartitionFormat {
        reference: at(number).partition,
        tap_name: String::new(),
        addresses: Vec::new(),
        route: None,
        described: None,
        capabilities: Vec::new(),
    };
    let instance = |number: usize| SeedInstance {
        place,
        reference: None,
        title: Title::trusted(format!("instance {number}")),
        kind: InstanceKind::Software,
        wanted: Wanted {
            release: SoftwareReleaseUri::trusted("https://example.org/software.cfg".to_owned()),
            software_type: SoftwareType::trusted("default".to_owned()),
            parameters: Parameters::new(),
            sla: Parameters::new(),
            state: RequestedState::Started,
        },
        parent: (number > 0).then_some(0),
        room: SeedRoom::On(at(number)),
        connection: Parameters::new(),
        report: None,
        record: None,
    };
    Seed {
        origin,
        computers: vec![SeedComputer {
            place,
            project: None,
            format: ComputerFormat {
                reference: at(0).computer,
                details: Some(ComputerDetails::default()),
                partitions: (0..=children).map(partition).collect(),
                document: "{}".to_owned(),
            },
            policy: ComputerPolicy::default(),
            software: Vec::new(),
            report: None,
            record: None,
            simulate: None,
        }],
        trees: vec![SeedTree {
            place,
            reference: None,
            owner: None,
            project: None,
            subscription: Subscription::Subscribed,
            instances: (0..=children).map(instance).collect(),
            record: None,
        }],
        ..Seed::default()
    }
}

#[tokio::test]
async fn only_a_slapproxy_has_more_children_than_the_rules_allow() {
    let most = usize::try_from(MOST_CHILDREN).unwrap();
    let master = world().await;
    let refused = master.seed(seed(SeedOrigin::Fixture, most + 1)).await;
    assert!(
        matches!(refused, Err(MasterError::SeedRefused(_))),
        "{refused:?}"
    );
    assert!(master.is_untouched().await.unwrap());
    master.seed(seed(SeedOrigin::Fixture, most)).await.unwrap();
    // More than a statement takes, too.
    let master = world().await;
    master
        .seed(seed(SeedOrigin::Slapproxy, 2500))
        .await
        .unwrap();
    let last = master.partition_information(&at(2500)).await.unwrap();
    assert_eq!(last.instance.unwrap().title.as_str(), "instance 2500");
}

#[tokio::test]
async fn what_a_slapproxy_had_gets_its_certificate_when_that_is_asked_for() {
    let master = world().await;
    master.seed(seed(SeedOrigin::Slapproxy, 1)).await.unwrap();
    let pair = |number| master.instance_certificate(Caller::DefaultUser, at(number));
    let first = pair(1).await.unwrap();
    assert!(first.certificate_pem.contains("BEGIN CERTIFICATE"));
    assert_eq!(
        pair(1).await.unwrap().certificate_pem,
        first.certificate_pem
    );
    assert_ne!(
        pair(0).await.unwrap().certificate_pem,
        first.certificate_pem
    );
}

#[tokio::test]
async fn configured_products_are_nothing_that_was_put_into_the_world() {
    let master = world().await;
    let product = |name: &str| {
        let release = SoftwareReleaseUri::trusted(format!("https://example.org/{name}"));
        (ProductReference::trusted(name.to_owned()), release)
    };
    let configured = vec![product("kvm"), product("erp5")];
    master.configure_products(configured).await.unwrap();
    assert!(master.is_untouched().await.unwrap());
    let releases = async |name: &str| {
        let query = ProductQuery::Product(ProductReference::trusted(name.to_owned()));
        master
            .product_releases(&Caller::DefaultUser, None, query)
            .await
            .unwrap()
            .len()
    };
    assert_eq!((releases("kvm").await, releases("erp5").await), (1, 1));
    master
        .configure_products(vec![product("kvm")])
        .await
        .unwrap();
    assert_eq!((releases("kvm").await, releases("erp5").await), (1, 0));
}
