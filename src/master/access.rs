//! Whether somebody may do what a call does: the permission table, asked in one place
//! (`semantics.md` 10.3).
//!
//! On an open listener nobody is proven and everything is allowed. Rights on what is not there
//! are not asked for: that it is missing is the answer then.

use super::{Master, MasterError, Missing, Result, World, identity::Proven, operation::Operation};
use crate::{
    domain::{
        behaviour::GuidStyle,
        caller::Caller,
        guid::ProxyGuid,
        identifier::{ComputerReference, InstanceReference, PartitionAddress},
        instance::Instance,
        permission::{Forbidden, Identity, Right},
    },
    store,
};

/// How somebody who may read a computer's information reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputerReader {
    /// The computer itself, which is thereby seen.
    Itself,
    /// A person, who is told the same.
    Onlooker,
    /// An instance, which is told its own partition and no software.
    Inhabitant {
        /// Row of the instance.
        instance_id: i64,
    },
}

impl Master {
    /// Who reads a computer's information, if that is allowed. Where the computer itself does,
    /// memory alone is asked.
    pub async fn computer_reader(&self, caller: &Caller, computer: &str) -> Result<ComputerReader> {
        if self.is_told_all_of(caller, computer) {
            return Ok(ComputerReader::Itself);
        }
        let mut connection = self.0.store.glance().await?;
        let who = self.0.identify(&mut connection, caller).await?;
        self.0
            .demand_computer(&mut connection, &who, Right::Read, computer)
            .await?;
        Ok(match who.as_deref() {
            Some(Identity::Instance { id, .. }) => ComputerReader::Inhabitant { instance_id: *id },
            Some(Identity::User { .. }) => ComputerReader::Onlooker,
            Some(Identity::Computer { .. }) | None => ComputerReader::Itself,
        })
    }

    /// Whether somebody is told everything that is on a computer, as far as memory knows: on an
    /// open listener everybody, else the computer itself.
    pub fn is_told_all_of(&self, caller: &Caller, computer: &str) -> bool {
        if !matches!(caller, Caller::Certified(_)) {
            return true;
        }
        let known = self.0.remembered_identity(caller);
        known.is_some_and(|known| is_itself(&known, computer))
    }

    /// Refuses who may not read what one partition is told. Where its computer asks, memory alone
    /// is asked.
    pub async fn admit_to_partition(&self, caller: &Caller, at: &PartitionAddress) -> Result<()> {
        if self.is_told_all_of(caller, at.computer.as_str()) {
            return Ok(());
        }
        let mut connection = self.0.store.glance().await?;
        let who = self.0.identify(&mut connection, caller).await?;
        self.0
            .demand_partition(&mut connection, &who, Right::Read, at)
            .await
    }

    /// Refuses who is nobody: for calls that ask for no right.
    pub async fn admit(&self, caller: &Caller) -> Result<()> {
        if !matches!(caller, Caller::Certified(_)) || self.0.remembered_identity(caller).is_some() {
            return Ok(());
        }
        let mut connection = self.0.store.glance().await?;
        self.0.identify(&mut connection, caller).await?;
        Ok(())
    }
}

/// Whether somebody is the computer of this reference.
pub(super) fn is_itself(identity: &Identity, computer: &str) -> bool {
    match identity {
        Identity::Computer { reference, .. } => reference.as_str() == computer,
        Identity::User { .. } | Identity::Instance { .. } => false,
    }
}

fn demand(
    identity: &Identity,
    right: Right,
    needed: Right,
    object: impl FnOnce() -> String,
) -> Result<()> {
    if right >= needed {
        return Ok(());
    }
    let verb = match needed {
        Right::None | Right::Read => "read",
        Right::Modify => "modify",
    };
    Err(Forbidden::new(identity, format!("{verb} {}", object())).into())
}

impl World {
    /// Refuses who has no such right on a computer.
    pub(super) async fn demand_computer(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        needed: Right,
        computer: &str,
    ) -> Result<()> {
        let Some(identity) = who.as_deref() else {
            return Ok(());
        };
        if is_itself(identity, computer) {
            return Ok(());
        }
        match store::access::computer_facts(connection, computer).await? {
            None => Ok(()),
            Some(facts) => demand(identity, identity.on_computer(facts), needed, || {
                format!("computer `{computer}`")
            }),
        }
    }

    /// Refuses who has no such right on the software of a computer.
    pub(super) async fn demand_software(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        needed: Right,
        computer: &ComputerReference,
    ) -> Result<()> {
        let Some(identity) = who.as_deref() else {
            return Ok(());
        };
        match store::access::computer_facts(connection, computer.as_str()).await? {
            None => Ok(()),
            Some(facts) => demand(identity, identity.on_software(facts), needed, || {
                format!("the software of computer `{computer}`")
            }),
        }
    }

    /// Refuses who has no such right on an instance.
    pub(super) async fn demand_instance(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        needed: Right,
        id: i64,
        reference: &InstanceReference,
    ) -> Result<()> {
        let Some(identity) = who.as_deref() else {
            return Ok(());
        };
        let facts = store::access::instance_facts(connection, id).await?;
        demand(identity, identity.on_instance(facts), needed, || {
            format!("instance `{reference}`")
        })
    }

    /// Whether somebody may request in the name of the instance on a partition, if there is one.
    pub(super) async fn may_request_for(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        at: &PartitionAddress,
    ) -> Result<bool> {
        let Some(identity) = who.as_deref() else {
            return Ok(true);
        };
        let place = store::partition::place(connection, at).await?;
        let Some(instance) = place
            .and_then(|place| place.partition)
            .and_then(|partition| partition.occupant)
        else {
            return Ok(false);
        };
        let facts = store::access::instance_facts(connection, instance.id).await?;
        Ok(identity.on_instance(facts) >= Right::Modify)
    }

    /// The live instance of this guid.
    ///
    /// One that who calls may not read is not found either: by its guid it is looked for, which
    /// shows no difference (`json-rpc.md` 3.2).
    pub(super) async fn known_instance(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        guid: &str,
    ) -> Result<Instance> {
        let reference = InstanceReference::trusted(guid.to_owned());
        let mut found = store::instance::live_by_reference(connection, &reference).await?;
        if found.is_none() && self.behaviour().guid_style == GuidStyle::Proxy {
            for reading in ProxyGuid::readings(guid) {
                found = store::instance::live_by_titles(connection, &reading).await?;
                if found.is_some() {
                    break;
                }
            }
        }
        let Some(instance) = found else {
            return Err(Missing::Instance(reference).into());
        };
        let right = self
            .demand_instance(
                connection,
                who,
                Right::Read,
                instance.id,
                &instance.reference,
            )
            .await;
        match right {
            Ok(()) => Ok(instance),
            Err(MasterError::Forbidden(_)) => Err(Missing::Instance(reference).into()),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody may read an instance, on this computer if it is on one.
    pub(super) async fn may_read_instance(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        computer: Option<&ComputerReference>,
        id: i64,
    ) -> Result<bool> {
        let Some(identity) = who.as_deref() else {
            return Ok(true);
        };
        if computer.is_some_and(|computer| is_itself(identity, computer.as_str())) {
            return Ok(true);
        }
        let facts = store::access::instance_facts(connection, id).await?;
        Ok(identity.on_instance(facts) >= Right::Read)
    }

    /// Refuses who has no such right on the instance on a partition; where there is none, on the
    /// computer.
    pub(super) async fn demand_partition(
        &self,
        connection: &mut store::Connection,
        who: &Proven,
        needed: Right,
        at: &PartitionAddress,
    ) -> Result<()> {
        if who.is_none() {
            return Ok(());
        }
        let place = store::partition::place(connection, at).await?;
        match place
            .and_then(|place| place.partition)
            .and_then(|p| p.occupant)
        {
            Some(instance) => {
                self.demand_instance(connection, who, needed, instance.id, &instance.reference)
                    .await
            }
            None => {
                self.demand_computer(connection, who, needed, at.computer.as_str())
                    .await
            }
        }
    }
}

impl Operation<'_> {
    /// Who calls, where that has to be proven.
    pub(super) async fn identify(&mut self, caller: &Caller) -> Result<Proven> {
        if matches!(caller, Caller::Simulated(_)) && self.playing.is_some() {
            return Ok(self.playing.clone());
        }
        self.world.identify(self.tx, caller).await
    }

    /// Refuses who may not change a computer.
    pub(super) async fn demand_computer(
        &mut self,
        who: &Proven,
        computer: &ComputerReference,
    ) -> Result<()> {
        self.world
            .demand_computer(self.tx, who, Right::Modify, computer.as_str())
            .await
    }

    /// Refuses who may not change the state of software on a computer.
    pub(super) async fn demand_software(
        &mut self,
        who: &Proven,
        computer: &ComputerReference,
    ) -> Result<()> {
        self.world
            .demand_software(self.tx, who, Right::Modify, computer)
            .await
    }

    /// Refuses who has no such right on an instance.
    pub(super) async fn demand_instance(
        &mut self,
        who: &Proven,
        needed: Right,
        id: i64,
        reference: &InstanceReference,
    ) -> Result<()> {
        self.world
            .demand_instance(self.tx, who, needed, id, reference)
            .await
    }

    /// Refuses who may not make computers in a project, or ask for software on them; `what` says
    /// which.
    pub(super) fn demand_equip(
        who: &Proven,
        project_id: i64,
        what: impl FnOnce() -> String,
    ) -> Result<()> {
        match who.as_deref() {
            Some(identity) if !identity.may_equip(project_id) => {
                Err(Forbidden::new(identity, what()).into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses who may not ask for software on a computer. The computer's own certificate may
    /// not: it only reports.
    pub(super) async fn demand_supply(
        &mut self,
        who: &Proven,
        computer: &ComputerReference,
    ) -> Result<()> {
        if who.is_none() {
            return Ok(());
        }
        let facts = store::access::computer_facts(self.tx, computer.as_str()).await?;
        let project_id = match facts {
            Some(facts) => facts.project_id,
            None => self.default_project().id,
        };
        Self::demand_equip(who, project_id, || {
            format!("ask for software on computer `{computer}`")
        })
    }

    /// Refuses who may not let a computer of this reference be formatted: an unknown one is made
    /// by that.
    pub(super) async fn demand_format(
        &mut self,
        who: &Proven,
        computer: &ComputerReference,
    ) -> Result<()> {
        if who.is_none() {
            return Ok(());
        }
        self.demand_computer(who, computer).await?;
        if store::access::computer_facts(self.tx, computer.as_str())
            .await?
            .is_none()
        {
            let project_id = self.default_project().id;
            return Self::demand_equip(who, project_id, || format!("make computer `{computer}`"));
        }
        Ok(())
    }

    /// The instance in whose name somebody requests who names no partition: none for a person,
    /// who requests trees.
    pub(super) fn own_requester(who: &Proven) -> Result<Option<i64>> {
        match who.as_deref() {
            None | Some(Identity::User { .. }) => Ok(None),
            Some(Identity::Instance { id, .. }) => Ok(Some(*id)),
            Some(Identity::Computer { reference, .. }) => {
                Err(Missing::Requester(reference.clone()).into())
            }
        }
    }
}
