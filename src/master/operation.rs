//! An operation in progress: its transaction, its time, and what it will tell the world once it
//! is committed.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    MasterError, Missing, Result, World, first_certificate::FirstCertificates, identity::Proven,
    pulse::Contact, told::Told,
};
use crate::{
    domain::{
        behaviour::{AllocationMoment, Behaviour},
        caller::Caller,
        event::{About, EventKind},
        identifier::{ComputerReference, InstanceReference, PartitionAddress},
        instance::{Instance, InstanceName},
        parameters::Parameters,
        status::{AccessStatus, StatusReport, StatusSubject},
        time::Timestamp,
    },
    mock::journal::{self, Event},
    store::{
        self, Attempt, WriteTx,
        computer::ComputerRow,
        partition::{Occupant, PlacePartition},
    },
};

/// What follows from an operation once it is committed.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    /// Computers that are told something else from now on.
    pub(super) computers: BTreeSet<i64>,
    /// Computers that have something else to do from now on, as far as they are simulated.
    pub(super) woken: BTreeSet<i64>,
    /// Computers that are simulated from now on, or no more.
    pub(super) played: Vec<Played>,
    /// What happened.
    pub(super) events: Told,
    /// Contacts that are part of a status that was written.
    pub(super) contacts: Vec<(ComputerReference, Contact)>,
    /// Whether a credential may lead to somebody else from now on, or to nobody.
    pub(super) credentials_changed: bool,
    /// Whether a round has nothing to look at because of it.
    pub(super) leaves_nothing_to_rounds: bool,
}

/// A computer that is simulated from now on, or no more.
#[derive(Debug, Clone)]
pub(super) enum Played {
    /// It is.
    From {
        /// Row.
        id: i64,
        /// Its reference.
        reference: ComputerReference,
        /// Since when.
        since: Timestamp,
    },
    /// It is not.
    NoMore {
        /// Row.
        id: i64,
    },
}

/// An operation in progress. Its verbs are in the files named after them.
pub(super) struct Operation<'a> {
    /// Its transaction.
    pub(super) tx: &'a mut WriteTx,
    /// The world that it happens in.
    pub(super) world: &'a World,
    /// The switches, as they were when it began.
    pub(super) behaviour: Arc<Behaviour>,
    /// When it happens.
    pub(super) now: Timestamp,
    /// Whether something happened that may let a waiting instance be allocated.
    pub(super) unsettled: bool,
    /// The simulated computer that does what is being done.
    pub(super) playing: Proven,
    /// The certificates of software instances that were made.
    pub(super) firsts: FirstCertificates,
    effects: Effects,
}

/// The running of an operation's body.
pub(super) type Body<'a, T> = Attempt<'a, T, MasterError>;

impl World {
    /// Runs an operation in a transaction of its own, and tells the world when it is committed.
    ///
    /// The body may run more than once, so it borrows its arguments. Under
    /// `allocation.moment` at `request`, what it made possible is settled before the commit.
    pub(super) async fn operate<A, T>(
        self: &Arc<Self>,
        arguments: A,
        body: for<'a, 'b> fn(&'a mut Operation<'b>, &'a A) -> Body<'a, T>,
    ) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let told = Arc::clone(self);
        let request = journal::request();
        let learn = move |effects: &Effects| told.present().learn(effects, request);
        let (answer, _) = self.perform(arguments, body, learn).await?;
        Ok(answer)
    }

    /// As [`Self::operate`], with what follows from it told to `committed` alone.
    pub(super) async fn perform<A, T>(
        self: &Arc<Self>,
        arguments: A,
        body: for<'a, 'b> fn(&'a mut Operation<'b>, &'a A) -> Body<'a, T>,
        committed: impl FnOnce(&Effects) + Send + 'static,
    ) -> Result<(T, Effects)>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let world = Arc::clone(self);
        let arguments = Arc::new(arguments);
        self.store
            .write(
                move |tx| {
                    // Another may have come into its place while this waited: what is done now is
                    // done there.
                    let world = world.present();
                    let arguments = Arc::clone(&arguments);
                    Box::pin(async move { world.attempt(tx, &arguments, body).await })
                },
                |(_, effects): &(T, Effects)| committed(effects),
            )
            .await
    }

    async fn attempt<A, T>(
        &self,
        tx: &mut WriteTx,
        arguments: &Arc<A>,
        body: for<'a, 'b> fn(&'a mut Operation<'b>, &'a A) -> Body<'a, T>,
    ) -> Result<(T, Effects)> {
        let mut operation = Operation {
            tx,
            behaviour: self.present_behaviour(),
            now: self.clock.now(),
            world: self,
            unsettled: false,
            playing: None,
            firsts: FirstCertificates::default(),
            effects: Effects {
                events: Told::of_at_most(self.most_events()),
                ..Effects::default()
            },
        };
        let answer = body(&mut operation, arguments).await?;
        operation.allocate_if_due().await?;
        operation.certify_made().await?;
        Ok((answer, operation.effects))
    }

    /// How many events of an operation are told of: no more than the journal keeps, unless each has
    /// a line in the log.
    fn most_events(&self) -> usize {
        if tracing::enabled!(tracing::Level::DEBUG) {
            usize::MAX
        } else {
            self.journal.limits().entries
        }
    }
}

impl Operation<'_> {
    /// Allocates what waits, where that is done inside the call that makes it possible.
    pub(super) async fn allocate_if_due(&mut self) -> Result<()> {
        let settles = self.behaviour.allocation_moment == AllocationMoment::Request;
        if std::mem::take(&mut self.unsettled) && settles {
            self.allocate_waiting().await?;
        }
        Ok(())
    }

    /// What follows from the operation is this, and what comes yet.
    pub(super) fn follow(&mut self, effects: Effects) {
        self.effects = effects;
    }

    /// A timestamp that no other has.
    pub(super) fn stamp(&mut self) -> Timestamp {
        self.tx.stamp(self.now)
    }

    /// What the computer, if there is one, is told changes.
    pub(super) fn touch(&mut self, computer_id: Option<i64>) {
        self.effects.computers.extend(computer_id);
        self.effects.woken.extend(computer_id);
    }

    /// The same for what the computer itself reported, which gives it nothing to do.
    pub(super) fn touch_told(&mut self, computer_id: Option<i64>) {
        self.effects.computers.extend(computer_id);
    }

    /// A computer, if it is simulated, has something else to do.
    pub(super) fn wake(&mut self, computer_id: i64) {
        self.effects.woken.insert(computer_id);
    }

    /// A computer is simulated, since then.
    pub(super) fn played(&mut self, id: i64, reference: &ComputerReference, since: Timestamp) {
        self.effects.played.push(Played::From {
            id,
            reference: reference.clone(),
            since,
        });
    }

    /// A computer is simulated no more.
    pub(super) fn played_no_more(&mut self, id: i64) {
        self.effects.played.push(Played::NoMore { id });
    }

    /// A credential may lead to somebody else from now on, or to nobody.
    pub(super) fn credentials_changed(&mut self) {
        self.effects.credentials_changed = true;
    }

    /// A round has nothing to look at because of this operation.
    pub(super) fn leaves_nothing_to_rounds(&mut self) {
        self.effects.leaves_nothing_to_rounds = true;
    }

    /// Remembers what happened to what has this reference, in words.
    pub(super) fn event(
        &mut self,
        kind: EventKind,
        subject: &str,
        about: About,
        text: impl Into<String>,
    ) {
        self.effects.events.push(Event {
            at: self.now,
            kind,
            subject: subject.to_owned(),
            about,
            text: text.into(),
            by_simulation: self.playing.is_some(),
        });
    }

    /// Remembers what happened to an instance, in words behind its name.
    pub(super) async fn instance_event(
        &mut self,
        kind: EventKind,
        id: i64,
        words: impl AsRef<str> + Send,
    ) -> Result<()> {
        let about = store::instance::about(self.tx, id).await?;
        self.told_of_instance(kind, about, words.as_ref());
        Ok(())
    }

    /// As [`Self::instance_event`], with the place that the instance is on behind the words, and
    /// `rest` behind that.
    pub(super) async fn instance_report(
        &mut self,
        kind: EventKind,
        id: i64,
        words: &str,
        rest: &str,
    ) -> Result<()> {
        let about = store::instance::about(self.tx, id).await?;
        let place = about.place();
        let place = place.map_or_else(String::new, |at| format!(" on {at}"));
        self.told_of_instance(kind, about, &format!("{words}{place}{rest}"));
        Ok(())
    }

    /// Remembers what happened to the instance that `about` tells of, in words behind its name.
    pub(super) fn told_of_instance(&mut self, kind: EventKind, about: About, words: &str) {
        let title = about.title.as_ref().map_or("", |title| title.as_str());
        let text = format!("instance `{title}` {words}");
        let subject = about.instance.as_ref();
        let subject = subject.map_or_else(String::new, ToString::to_string);
        self.event(kind, &subject, about, text);
    }

    /// How many events there are to tell of so far.
    pub(super) fn events(&self) -> usize {
        self.effects.events.count()
    }

    /// A computer that counts.
    pub(super) async fn computer(&mut self, reference: &ComputerReference) -> Result<ComputerRow> {
        store::computer::live(self.tx, reference)
            .await?
            .ok_or_else(|| Missing::Computer(reference.clone()).into())
    }

    /// The partition of this address, with its computer's row.
    pub(super) async fn partition(
        &mut self,
        at: &PartitionAddress,
    ) -> Result<(i64, PlacePartition)> {
        let place = store::partition::place(self.tx, at)
            .await?
            .ok_or_else(|| Missing::Computer(at.computer.clone()))?;
        let partition = place
            .partition
            .ok_or_else(|| Missing::Partition(at.clone()))?;
        Ok((place.computer_id, partition))
    }

    /// The live software instance on the partition of this address.
    pub(super) async fn occupant(&mut self, at: &PartitionAddress) -> Result<Located> {
        let (computer_id, partition) = self.partition(at).await?;
        let busy = partition.state == crate::domain::state::PartitionState::Busy;
        let instance = partition
            .occupant
            .ok_or_else(|| Missing::InstanceOnPartition {
                at: at.clone(),
                busy,
            })?;
        Ok(Located {
            computer_id,
            partition_id: partition.id,
            instance,
        })
    }

    /// The live instance that a call is about.
    pub(super) async fn subject(&mut self, who: &Proven, name: &InstanceName) -> Result<Subject> {
        match name {
            InstanceName::On(at) => {
                let Located {
                    computer_id,
                    instance,
                    ..
                } = self.occupant(at).await?;
                Ok(Subject {
                    id: instance.id,
                    reference: instance.reference,
                    parent_id: instance.parent_id,
                    connection: instance.connection,
                    computer_id: Some(computer_id),
                })
            }
            InstanceName::HostedOn(at, shared) => {
                let host = self.occupant(at).await?;
                Ok(self.shared_instance(&host, at, shared).await?.into())
            }
            InstanceName::Guid(guid) => {
                let found = self.world.known_instance(self.tx, who, guid).await?;
                Ok(found.into())
            }
        }
    }

    /// Reference of who calls, where the call is about this instance (`semantics.md` 10.5).
    pub(super) async fn author(
        &mut self,
        caller: &Caller,
        who: &Proven,
        name: &InstanceName,
        about: &Subject,
    ) -> Result<String> {
        if let Some(identity) = who {
            return Ok(identity.reference().to_owned());
        }
        let (named, claimed) = match (name, caller) {
            (InstanceName::On(at), Caller::Instance(claimed)) => (Some(at), claimed.as_ref()),
            (InstanceName::HostedOn(at, _), Caller::Instance(claimed)) => {
                (None, Some(claimed.as_ref().unwrap_or(at)))
            }
            (_, Caller::Instance(claimed)) => (None, claimed.as_ref()),
            (
                _,
                Caller::DefaultUser
                | Caller::Computer(_)
                | Caller::Certified(_)
                | Caller::Simulated(_),
            ) => (None, None),
        };
        if let Some(claimed) = claimed
            && Some(claimed) != named
        {
            let place = store::partition::place(self.tx, claimed).await?;
            let known = place.and_then(|p| p.partition).and_then(|p| p.occupant);
            let author = known.map_or_else(|| about.reference.clone(), |known| known.reference);
            return Ok(author.as_str().to_owned());
        }
        Ok(self.taken_author(caller, about.reference.as_str()))
    }

    /// Reference of who calls, where the call is about a computer or its software.
    pub(super) fn author_of_computer(
        &self,
        caller: &Caller,
        who: &Proven,
        computer: &ComputerReference,
    ) -> String {
        match who {
            Some(identity) => identity.reference().to_owned(),
            None => self.taken_author(caller, computer.as_str()),
        }
    }

    /// Reference of who is taken to call where nobody proves it.
    fn taken_author(&self, caller: &Caller, about: &str) -> String {
        match caller {
            Caller::DefaultUser => self.world.default_user.reference.as_str(),
            Caller::Computer(computer) | Caller::Simulated(computer) => computer.as_str(),
            Caller::Instance(_) | Caller::Certified(_) => about,
        }
        .to_owned()
    }

    /// The status of a subject, unless it is forgotten; a computer's with the contact that is not
    /// written yet.
    pub(super) async fn status(
        &mut self,
        subject: StatusSubject,
        reference: &str,
    ) -> Result<Option<AccessStatus>> {
        let written = store::status::read(self.tx, subject, reference).await?;
        Ok(self
            .world
            .present_status(subject, reference, written, self.now))
    }

    /// Writes a status. Says whether its text is another than before.
    pub(super) async fn report_status(
        &mut self,
        subject: StatusSubject,
        reference: &str,
        report: &StatusReport,
        user: &str,
    ) -> Result<bool> {
        let before = self.status(subject, reference).await?;
        let status = AccessStatus::after(before.as_ref(), report, user, self.now);
        if subject == StatusSubject::Computer
            && let Some(contact) = self.world.pulses.contact(reference)
        {
            let computer = ComputerReference::trusted(reference.to_owned());
            self.effects.contacts.push((computer, contact));
        }
        store::status::write(self.tx, subject, reference, &status).await?;
        Ok(before.is_none_or(|before| before.text() != status.text()))
    }
}

/// A live instance, as far as calls about it need it.
#[derive(Debug)]
pub(super) struct Subject {
    /// Row.
    pub(super) id: i64,
    /// Its reference.
    pub(super) reference: InstanceReference,
    /// Its requester, if that is an instance.
    pub(super) parent_id: Option<i64>,
    /// What it published, or its host for it.
    pub(super) connection: Parameters,
    /// Row of the computer that it is on; of a shared instance, that its host is on.
    pub(super) computer_id: Option<i64>,
}

impl From<Instance> for Subject {
    fn from(instance: Instance) -> Self {
        Self {
            id: instance.id,
            reference: instance.reference,
            parent_id: instance.parent_id,
            connection: instance.connection,
            computer_id: instance.computer_id,
        }
    }
}

/// A live software instance and where it is.
#[derive(Debug)]
pub(super) struct Located {
    /// Row of the computer.
    pub(super) computer_id: i64,
    /// Row of the partition.
    pub(super) partition_id: i64,
    /// The instance.
    pub(super) instance: Occupant,
}
