//! Every row of a world, a query a table, in the order in which they were made.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteConnection;

use crate::{
    domain::{
        certificate::{CertificateKind, CertificateSubject},
        computer::{ComputerFormat, PartitionFormat},
        identifier::{
            ComputerReference, InstallationReference, InstanceReference, NetworkReference,
            PartitionReference, ProductReference, ProjectReference, SoftwareReleaseUri,
            SoftwareType, Title, TreeReference, UserReference,
        },
        instance::Wanted,
        permission::Function,
        record::{
            CertificateRecord, ComputerRecord, Counters, InstanceRecord, PartitionRecord,
            SoftwareRecord, TreeRecord, UsageRecord, WorkRecord,
        },
        secret::Secret,
        seed::{
            ComputerPolicy, SeedComputer, SeedInstance, SeedPlace, SeedProduct, SeedRoom,
            SeedSoftware, SeedTree,
        },
        status::{AccessStatus, StatusSubject},
        time::Timestamp,
    },
    store::{
        During, StoreError,
        column::{addresses, dictionary, parameters, texts, word},
    },
};

/// What was described nowhere: it was read from rows.
const NOWHERE: SeedPlace = SeedPlace(0);

/// Every user, the default one first.
pub(crate) async fn users(
    connection: &mut SqliteConnection,
) -> Result<Vec<UserReference>, StoreError> {
    let rows = sqlx::query_scalar!("SELECT reference FROM user ORDER BY is_default DESC, id")
        .fetch_all(connection)
        .await
        .during("list the users")?;
    Ok(rows.into_iter().map(UserReference::trusted).collect())
}

/// What each person does, by project, in one order.
pub(crate) async fn functions(
    connection: &mut SqliteConnection,
) -> Result<Vec<(UserReference, ProjectReference, Function)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT u.reference AS user, j.reference AS project, a.function FROM assignment a
         JOIN user u ON u.id = a.user_id JOIN project j ON j.id = a.project_id
         ORDER BY u.id, j.id, a.function"
    )
    .fetch_all(connection)
    .await
    .during("read what persons do")?;
    rows.into_iter()
        .map(|row| {
            let user = UserReference::trusted(row.user);
            let project = ProjectReference::trusted(row.project);
            Ok((user, project, word(&row.function)?))
        })
        .collect()
}

/// Every product with its releases and types.
pub(crate) async fn products(
    connection: &mut SqliteConnection,
) -> Result<Vec<SeedProduct>, StoreError> {
    let rows = sqlx::query!(
        "SELECT s.id, s.reference, j.reference AS project FROM software_product s
         JOIN project j ON j.id = s.project_id ORDER BY s.id"
    )
    .fetch_all(&mut *connection)
    .await
    .during("list the products")?;
    let releases = sqlx::query!(
        "SELECT product_id, release, effective_us FROM software_product_release ORDER BY id"
    )
    .fetch_all(&mut *connection)
    .await
    .during("list the releases of products")?;
    let types = sqlx::query!(
        "SELECT product_id, software_type, weight FROM software_product_type ORDER BY id"
    )
    .fetch_all(&mut *connection)
    .await
    .during("list the types of products")?;
    let mut products: Vec<SeedProduct> = Vec::with_capacity(rows.len());
    let mut places = HashMap::new();
    for row in rows {
        places.insert(row.id, products.len());
        products.push(SeedProduct {
            place: NOWHERE,
            reference: ProductReference::trusted(row.reference),
            project: Some(ProjectReference::trusted(row.project)),
            releases: Vec::new(),
            types: Vec::new(),
        });
    }
    for row in releases {
        let place = places.get(&row.product_id).copied();
        if let Some(product) = place.and_then(|place| products.get_mut(place)) {
            let release = SoftwareReleaseUri::trusted(row.release);
            let from = Timestamp::from_micros(row.effective_us);
            product.releases.push((release, Some(from)));
        }
    }
    for row in types {
        let place = places.get(&row.product_id).copied();
        if let Some(product) = place.and_then(|place| products.get_mut(place)) {
            let software_type = SoftwareType::trusted(row.software_type);
            product.types.push((software_type, row.weight));
        }
    }
    Ok(products)
}

/// The references of all software that is, or was, asked for on simulated computers, and of the
/// instances on them, by rows.
pub(crate) async fn worked_on(
    connection: &mut SqliteConnection,
) -> Result<(BTreeMap<i64, String>, BTreeMap<i64, String>), StoreError> {
    let software = sqlx::query!(
        "SELECT i.id, i.reference FROM simulated_computer s
         JOIN software_installation i ON i.computer_id = s.computer_id"
    )
    .fetch_all(&mut *connection)
    .await
    .during("read the software on simulated computers")?;
    let instances = sqlx::query!(
        "SELECT i.id, i.reference FROM simulated_computer s
         JOIN partition p ON p.computer_id = s.computer_id
         JOIN instance i ON i.partition_id = p.id"
    )
    .fetch_all(connection)
    .await
    .during("read the instances on simulated computers")?;
    let software = software.into_iter().map(|row| (row.id, row.reference));
    let instances = instances.into_iter().map(|row| (row.id, row.reference));
    Ok((software.collect(), instances.collect()))
}

/// Every computer by row, without its partitions, software and status. The work of those that are
/// simulated is as the database keeps it.
pub(crate) async fn computers(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, SeedComputer)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.id, c.reference, c.title, j.reference AS project, c.validation,
             c.allocation_scope, c.capacity_scope, c.capacity_quantity, c.subscription, c.network,
             c.categories, c.created_us, s.rules AS "rules?", s.since_us AS "since_us?",
             s.progress AS "progress?"
         FROM computer c JOIN project j ON j.id = c.project_id
         LEFT JOIN simulated_computer s ON s.computer_id = c.id ORDER BY c.id"#
    )
    .fetch_all(connection)
    .await
    .during("read the computers")?;
    rows.into_iter()
        .map(|row| {
            let title = Some(row.title).filter(|title| *title != row.reference);
            let computer = SeedComputer {
                place: NOWHERE,
                project: Some(ProjectReference::trusted(row.project)),
                format: ComputerFormat {
                    reference: ComputerReference::trusted(row.reference),
                    details: None,
                    partitions: Vec::new(),
                    document: "{}".to_owned(),
                },
                policy: ComputerPolicy {
                    title,
                    network: row.network.map(NetworkReference::trusted),
                    categories: dictionary(&row.categories)?,
                    allocation_scope: word(&row.allocation_scope)?,
                    capacity_scope: word(&row.capacity_scope)?,
                    capacity_quantity: row.capacity_quantity,
                    subscription: word(&row.subscription)?,
                },
                software: Vec::new(),
                report: None,
                simulate: row.rules,
                record: Some(ComputerRecord {
                    created_at: Timestamp::from_micros(row.created_us),
                    validation: word(&row.validation)?,
                    status: None,
                    partitions: Vec::new(),
                    work: row
                        .since_us
                        .zip(row.progress)
                        .map(|(since, progress)| WorkRecord {
                            since: Timestamp::from_micros(since),
                            progress,
                        }),
                }),
            };
            Ok((row.id, computer))
        })
        .collect()
}

/// Every partition by row, with the row of its computer.
pub(crate) async fn partitions(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, i64, PartitionFormat, PartitionRecord)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, computer_id, reference, slap_state, validation, position, addresses,
             capabilities, touched_us
         FROM partition ORDER BY id"
    )
    .fetch_all(connection)
    .await
    .during("read the partitions")?;
    rows.into_iter()
        .map(|row| {
            let format = PartitionFormat::keeping(
                PartitionReference::trusted(row.reference),
                addresses(&row.addresses)?,
                texts(&row.capabilities)?,
            );
            let record = PartitionRecord {
                changed_at: Timestamp::from_micros(row.touched_us),
                state: word(&row.slap_state)?,
                validation: word(&row.validation)?,
                position: row.position,
            };
            Ok((row.id, row.computer_id, format, record))
        })
        .collect()
}

/// All software of computers, with the row of the computer and without statuses.
pub(crate) async fn installations(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, SeedSoftware)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT reference, computer_id, release, state, validation, created_us
         FROM software_installation ORDER BY id"
    )
    .fetch_all(connection)
    .await
    .during("read the software installations")?;
    rows.into_iter()
        .map(|row| {
            let software = SeedSoftware {
                place: NOWHERE,
                release: SoftwareReleaseUri::trusted(row.release),
                state: word(&row.state)?,
                report: None,
                record: Some(SoftwareRecord {
                    reference: InstallationReference::trusted(row.reference),
                    created_at: Timestamp::from_micros(row.created_us),
                    validation: word(&row.validation)?,
                    status: None,
                }),
            };
            Ok((row.computer_id, software))
        })
        .collect()
}

/// Every instance tree by row, without its instances.
pub(crate) async fn trees(
    connection: &mut SqliteConnection,
) -> Result<Vec<(i64, SeedTree)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT t.id, t.reference, t.title, u.reference AS owner, j.reference AS project, t.kind,
             t.release, t.software_type, t.parameters, t.sla, t.slap_state, t.validation,
             t.subscription, t.created_us
         FROM instance_tree t JOIN user u ON u.id = t.owner_id
         JOIN project j ON j.id = t.project_id ORDER BY t.id"
    )
    .fetch_all(connection)
    .await
    .during("read the instance trees")?;
    rows.into_iter()
        .map(|row| {
            let tree = SeedTree {
                place: NOWHERE,
                reference: Some(TreeReference::trusted(row.reference)),
                owner: Some(UserReference::trusted(row.owner)),
                project: Some(ProjectReference::trusted(row.project)),
                subscription: word(&row.subscription)?,
                instances: Vec::new(),
                record: Some(TreeRecord {
                    created_at: Timestamp::from_micros(row.created_us),
                    validation: word(&row.validation)?,
                    title: Title::trusted(row.title),
                    kind: word(&row.kind)?,
                    wanted: Wanted {
                        release: SoftwareReleaseUri::trusted(row.release),
                        software_type: SoftwareType::trusted(row.software_type),
                        parameters: parameters(&row.parameters)?,
                        sla: parameters(&row.sla)?,
                        state: word(&row.slap_state)?,
                    },
                }),
            };
            Ok((row.id, tree))
        })
        .collect()
}

/// An instance with the rows that it is linked to.
#[derive(Debug)]
pub(crate) struct KeptInstance {
    /// Row.
    pub(crate) id: i64,
    /// Its tree.
    pub(crate) tree_id: i64,
    /// Its requester, if that is an instance.
    pub(crate) parent_id: Option<i64>,
    /// Where it is.
    pub(crate) partition_id: Option<i64>,
    /// The rest, without requester, place and status.
    pub(crate) instance: SeedInstance,
}

/// Every instance.
pub(crate) async fn instances(
    connection: &mut SqliteConnection,
) -> Result<Vec<KeptInstance>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", reference, kind, title, tree_id, parent_id, release, software_type,
             parameters, sla, connection, slap_state, validation, partition_id, stamped_us,
             created_us, allocation_failure
         FROM instance ORDER BY id"#
    )
    .fetch_all(connection)
    .await
    .during("read the instances")?;
    rows.into_iter()
        .map(|row| {
            Ok(KeptInstance {
                id: row.id,
                tree_id: row.tree_id,
                parent_id: row.parent_id,
                partition_id: row.partition_id,
                instance: SeedInstance {
                    place: NOWHERE,
                    reference: Some(InstanceReference::trusted(row.reference)),
                    title: Title::trusted(row.title),
                    kind: word(&row.kind)?,
                    wanted: Wanted {
                        release: SoftwareReleaseUri::trusted(row.release),
                        software_type: SoftwareType::trusted(row.software_type),
                        parameters: parameters(&row.parameters)?,
                        sla: parameters(&row.sla)?,
                        state: word(&row.slap_state)?,
                    },
                    parent: None,
                    room: SeedRoom::Waiting,
                    connection: parameters(&row.connection)?,
                    report: None,
                    record: Some(InstanceRecord {
                        created_at: Timestamp::from_micros(row.created_us),
                        changed_at: Timestamp::from_micros(row.stamped_us),
                        validation: word(&row.validation)?,
                        failure: row.allocation_failure,
                        status: None,
                    }),
                },
            })
        })
        .collect()
}

/// Every status, by its subject.
pub(crate) async fn statuses(
    connection: &mut SqliteConnection,
) -> Result<HashMap<(StatusSubject, String), AccessStatus>, StoreError> {
    let rows = sqlx::query!(
        "SELECT subject, reference, user, kind, message, state, created_us, since_us
         FROM access_status"
    )
    .fetch_all(connection)
    .await
    .during("read every status")?;
    rows.into_iter()
        .map(|row| {
            let status = AccessStatus {
                user: row.user,
                kind: word(&row.kind)?,
                message: row.message,
                state: row.state,
                created_at: Timestamp::from_micros(row.created_us),
                since: Timestamp::from_micros(row.since_us),
            };
            Ok(((word(&row.subject)?, row.reference), status))
        })
        .collect()
}

/// Every certificate but the server's own, oldest first.
pub(crate) async fn certificates(
    connection: &mut SqliteConnection,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.subject,
             COALESCE(p.reference, i.reference, u.reference, c.common_name) AS "reference!: String",
             c.certificate_pem, c.key_pem, c.issued_us, c.revoked_us
         FROM certificate c
         LEFT JOIN computer p ON p.id = c.computer_id
         LEFT JOIN instance i ON i.id = c.instance_id
         LEFT JOIN user u ON u.id = c.user_id
         WHERE c.subject <> 'server' ORDER BY c.id"#
    )
    .fetch_all(connection)
    .await
    .during("read the certificates")?;
    let mut certificates = Vec::with_capacity(rows.len());
    for row in rows {
        let subject = match word::<CertificateKind>(&row.subject)? {
            CertificateKind::Computer => {
                CertificateSubject::Computer(ComputerReference::trusted(row.reference))
            }
            CertificateKind::Instance => {
                CertificateSubject::Instance(InstanceReference::trusted(row.reference))
            }
            CertificateKind::User => {
                CertificateSubject::User(UserReference::trusted(row.reference))
            }
            CertificateKind::Server => continue,
        };
        certificates.push(CertificateRecord {
            place: NOWHERE,
            subject,
            pem: row.certificate_pem,
            key_pem: row.key_pem.map(Secret::new),
            issued_at: Timestamp::from_micros(row.issued_us),
            revoked_at: row.revoked_us.map(Timestamp::from_micros),
        });
    }
    Ok(certificates)
}

/// Every usage report, oldest first.
pub(crate) async fn usage_reports(
    connection: &mut SqliteConnection,
) -> Result<Vec<UsageRecord>, StoreError> {
    let rows = sqlx::query!(
        "SELECT c.reference AS computer, r.reference, r.version, r.document, r.created_us
         FROM usage_report r JOIN computer c ON c.id = r.computer_id ORDER BY r.id"
    )
    .fetch_all(connection)
    .await
    .during("read every usage report")?;
    Ok(rows
        .into_iter()
        .map(|row| UsageRecord {
            place: NOWHERE,
            computer: ComputerReference::trusted(row.computer),
            reference: row.reference,
            version: row.version,
            document: row.document,
            created_at: Timestamp::from_micros(row.created_us),
        })
        .collect())
}

/// The last number of each kind of reference.
pub(crate) async fn counters(connection: &mut SqliteConnection) -> Result<Counters, StoreError> {
    let rows = sqlx::query!("SELECT prefix, last FROM counter")
        .fetch_all(&mut *connection)
        .await
        .during("read the counters")?;
    let last_stamp = sqlx::query_scalar!("SELECT last_stamp_us FROM world WHERE id = 1")
        .fetch_one(&mut *connection)
        .await
        .during("read the last timestamp")?;
    let mut counters = Counters {
        last_stamp: Timestamp::from_micros(last_stamp),
        ..Counters::default()
    };
    for row in rows {
        match row.prefix.as_str() {
            "COMP" => counters.computers = row.last,
            "HOSTSUBS" => counters.trees = row.last,
            "SOFTINST" => counters.instances = row.last,
            "SOFTINSTALL" => counters.installations = row.last,
            _ => {}
        }
    }
    Ok(counters)
}
