//! Whether something that somebody waits for is so: how an instance, software or a computer
//! stands at this moment.

use super::{Master, Result};
use crate::{
    domain::{
        identifier::{ComputerReference, SoftwareReleaseUri},
        instance::Instance,
        parameters::Parameters,
        standing::{InstanceStanding, SoftwareStanding, Standing, Standings},
        state::Validation,
        status::{AccessStatus, StatusKind, StatusSubject},
    },
    store::{self, Connection},
};

impl Master {
    /// How something stands at this moment.
    pub async fn standing(&self, of: &Standing) -> Result<Standings> {
        let mut tx = self.0.store.read().await?;
        match of {
            Standing::Instance {
                name,
                is,
                connection,
            } => {
                let found = store::instance::called(&mut tx, name).await?;
                instances(&mut tx, name, &found, *is, connection).await
            }
            Standing::Software {
                computer,
                release,
                is,
            } => software(&mut tx, computer, release, *is).await,
            Standing::Seen(computer) => {
                let subject = StatusSubject::Computer;
                let status = store::status::read(&mut tx, subject, computer.as_str()).await?;
                let holds = status.is_some()
                    || self.0.pulses.contact(computer.as_str()).is_some()
                    || self.0.simulation.since(computer.as_str()).is_some();
                let known = store::computer::by_reference(&mut tx, computer).await?;
                let seen = match (holds, known) {
                    (true, _) => format!("computer {computer} was seen"),
                    (false, Some(_)) => format!("computer {computer} never asked"),
                    (false, None) => format!("computer {computer} is not known"),
                };
                Ok(Standings {
                    holds,
                    seen: vec![seen],
                })
            }
            Standing::NothingWaiting => {
                let waiting = store::instance::waiting(&mut tx).await?;
                Ok(Standings {
                    holds: waiting.is_empty(),
                    seen: waiting
                        .iter()
                        .map(|instance| {
                            format!(
                                "instance `{}` ({}) waits",
                                instance.title, instance.reference
                            )
                        })
                        .collect(),
                })
            }
        }
    }
}

async fn instances(
    connection: &mut Connection,
    name: &str,
    found: &[Instance],
    is: Option<InstanceStanding>,
    published: &Parameters,
) -> Result<Standings> {
    let counts = |instance: &&Instance| instance.validation == Validation::Validated;
    if is == Some(InstanceStanding::Destroyed) && !found.is_empty() {
        let living = found.iter().filter(counts).count();
        return Ok(Standings {
            holds: living == 0,
            seen: vec![format!("{living} instances `{name}` are not destroyed")],
        });
    }
    let mut standings = Standings {
        holds: false,
        seen: Vec::new(),
    };
    for instance in found.iter().filter(counts) {
        let reference = instance.reference.as_str();
        let subject = StatusSubject::Instance;
        let status = store::status::read(connection, subject, reference).await?;
        let lacking: Vec<&str> = published
            .iter()
            .filter(|(key, value)| instance.connection.get(key) != *value)
            .map(|(key, _)| key)
            .collect();
        let stands = is.is_none_or(|is| instance_stands(instance, status.as_ref(), is));
        standings.holds |= stands && lacking.is_empty();
        let about = store::instance::about(connection, instance.id).await?;
        let place = about.place().unwrap_or_else(|| "no partition".to_owned());
        let told = status.map_or_else(|| "nothing".to_owned(), |status| status.text());
        let mut words = format!(
            "instance `{}` ({reference}) is on {place}, asked to be {}, last reported: {told}",
            instance.title, instance.wanted.state
        );
        if !lacking.is_empty() {
            words += "; not published, or with another value: ";
            words += &lacking.join(", ");
        }
        standings.seen.push(words);
    }
    if standings.seen.is_empty() {
        standings.seen.push(if found.is_empty() {
            format!("there is no instance `{name}`")
        } else {
            format!("every instance `{name}` is destroyed")
        });
    }
    Ok(standings)
}

fn instance_stands(
    instance: &Instance,
    status: Option<&AccessStatus>,
    is: InstanceStanding,
) -> bool {
    let reported = |kind, state: &str| {
        status.is_some_and(|status| {
            status.kind == kind && (state.is_empty() || status.state == state)
        })
    };
    match is {
        InstanceStanding::Allocated => instance.partition_id.is_some(),
        InstanceStanding::Started => reported(StatusKind::Access, "started"),
        InstanceStanding::Stopped => reported(StatusKind::Access, "stopped"),
        InstanceStanding::Error => reported(StatusKind::Error, ""),
        InstanceStanding::Destroyed => false,
    }
}

async fn software(
    connection: &mut Connection,
    computer: &ComputerReference,
    release: &SoftwareReleaseUri,
    is: SoftwareStanding,
) -> Result<Standings> {
    let not = |seen: String| Standings {
        holds: false,
        seen: vec![seen],
    };
    let Some(row) = store::computer::by_reference(connection, computer).await? else {
        return Ok(not(format!("computer {computer} is not known")));
    };
    let Some(installation) = store::installation::live(connection, row.id, release).await? else {
        let gone = store::installation::ended(connection, row.id, release).await?;
        let seen = if gone {
            "is gone from"
        } else {
            "was never asked for on"
        };
        return Ok(Standings {
            holds: gone && is == SoftwareStanding::Destroyed,
            seen: vec![format!("software {release} {seen} {computer}")],
        });
    };
    let (subject, reference) = (StatusSubject::Installation, installation.reference.as_str());
    let status = store::status::read(connection, subject, reference).await?;
    let kind = status.as_ref().map(|status| status.kind);
    let holds = match is {
        SoftwareStanding::Available => kind == Some(StatusKind::Access),
        SoftwareStanding::Building => kind == Some(StatusKind::Building),
        SoftwareStanding::Error => kind == Some(StatusKind::Error),
        SoftwareStanding::Destroyed => false,
    };
    let told = status.map_or_else(|| "nothing".to_owned(), |status| status.text());
    let seen = format!(
        "software {release} is asked to be {} on {computer}, last reported: {told}",
        installation.state
    );
    Ok(Standings {
        holds,
        seen: vec![seen],
    })
}
