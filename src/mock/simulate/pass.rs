//! One pass of a simulated computer: what it sees, and what it does about that.
//!
//! As a pass of slapgrid it looks at everything that is wanted of the computer, and works on what
//! is not as it should be. Unlike that it does not wait: work that takes time has its due time, at
//! which the next pass finishes it. It decides alone from what it is given, so that the same
//! passes do the same.

use super::{
    progress::{Goal, Phase, Progress, Work},
    rules::{Applied, Failure, Rules, Spread, Task},
    seen::{Deed, Seen, SeenInstance, SeenSoftware, Told},
    template::{Facts, One, Template},
};
use crate::domain::{
    parameters::Parameters,
    software::SoftwareReport,
    state::{InstallationState, RequestedState},
    time::Timestamp,
};

/// What is drawn is in such steps, in microseconds: what many computers do at nearly the same time
/// is done together.
const STEP_US: i64 = 10_000;

/// How long what is done stays so, in microseconds: as by slapgrid, an instance is processed anew
/// once a day, so that its status does not grow too old.
const DAY_US: i64 = 86_400_000_000;

/// What a pass works with.
#[derive(Debug)]
struct Pass<'a> {
    rules: &'a Rules,
    /// The seed of what it draws.
    chance: u64,
    now: Timestamp,
    seen: &'a Seen,
    deeds: Vec<Deed>,
}

/// One pass: what the computer tells the master, in this order, and when it has to look again if
/// nothing changes before. `chance` is the seed of what it draws.
pub fn pass(
    rules: &Rules,
    progress: &mut Progress,
    seen: &Seen,
    chance: u64,
    now: Timestamp,
) -> (Vec<Deed>, Option<Timestamp>) {
    let mut pass = Pass {
        rules,
        chance,
        now,
        seen,
        deeds: Vec::new(),
    };
    let software = &seen.software;
    progress
        .software
        .retain(|id, _| software.iter().any(|seen| seen.id == *id));
    let instances = &seen.instances;
    progress
        .instances
        .retain(|id, _| instances.iter().any(|seen| seen.id == *id));
    let mut next = None;
    let mut note = |due: Option<Timestamp>| next = [next, due].into_iter().flatten().min();
    if progress.software_held_at.is_none() {
        for seen in software {
            let mut work = progress.software.remove(&seen.id).unwrap_or_else(|| {
                let mut work = Work::new(Goal::Available);
                if seen.is_available {
                    work.phase = Phase::Done;
                }
                work
            });
            pass.software(seen, &mut work, progress);
            note(work.due);
            progress.software.insert(seen.id, work);
        }
    }
    if progress.instances_held_at.is_none() {
        for seen in instances {
            let goal = goal(seen.wanted);
            let mut work = progress.instances.remove(&seen.id).unwrap_or_else(|| {
                let mut work = Work::new(goal);
                if seen.is_as_wanted {
                    work.phase = Phase::Done;
                    work.stamp = seen.timestamp;
                }
                work
            });
            pass.instance(seen, goal, &mut work, progress);
            note(work.due);
            progress.instances.insert(seen.id, work);
        }
    }
    (pass.deeds, next)
}

const fn goal(wanted: RequestedState) -> Goal {
    match wanted {
        RequestedState::Started => Goal::Started,
        RequestedState::Stopped => Goal::Stopped,
        RequestedState::Destroyed => Goal::Destroyed,
    }
}

/// How the software of an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Software {
    /// It is there.
    There,
    /// It is being built.
    Coming,
    /// It is not asked for, or could not be built.
    Missing,
}

impl<'a> Pass<'a> {
    fn software(&mut self, seen: &SeenSoftware, work: &mut Work, progress: &mut Progress) {
        let goal = match seen.wanted {
            InstallationState::Available => Goal::Available,
            InstallationState::Destroyed => Goal::Destroyed,
        };
        let is_new = work.goal != goal || work.phase == Phase::Idle;
        if is_new || (work.phase == Phase::Failed && work.is_due(self.now)) {
            self.begin_software(seen, goal, work);
        }
        if work.phase == Phase::Working && work.is_due(self.now) {
            self.finish_software(seen, work, progress);
        }
    }

    fn begin_software(&mut self, seen: &SeenSoftware, goal: Goal, work: &mut Work) {
        work.goal = goal;
        work.phase = Phase::Working;
        work.attempts += 1;
        let task = if goal == Goal::Available {
            self.tell_software(seen, SoftwareReport::Building);
            Task::Build
        } else {
            Task::Remove
        };
        let time = self.rules.of_build(seen.release.as_str()).time(task);
        work.due = Some(self.after(time, seen.id, work, 's'));
    }

    fn finish_software(&mut self, seen: &SeenSoftware, work: &mut Work, progress: &mut Progress) {
        let said = self.rules.of_build(seen.release.as_str());
        if work.goal == Goal::Destroyed {
            self.tell_software(seen, SoftwareReport::Destroyed);
            // A report that is taken ends it; if this one is still there, it was not.
            self.fail(work, said.time(Task::Retry), seen.id, 'r');
            return;
        }
        let ordered = progress.ordered_build(seen.release.as_str());
        let failure = said.build_failure();
        let failed = ordered.or_else(|| self.failed(failure.as_ref(), work, seen.id, 'b'));
        let Some(log) = failed else {
            done(work);
            self.tell_software(seen, SoftwareReport::Available);
            // Whoever failed without it is tried again at once.
            for instance in self
                .seen
                .instances
                .iter()
                .filter(|i| i.release == seen.release)
            {
                let failed = progress.instances.get_mut(&instance.id);
                if let Some(work) = failed.filter(|work| work.phase == Phase::Failed) {
                    work.due = Some(self.now);
                }
            }
            return;
        };
        self.tell_software(seen, SoftwareReport::Error { log });
        self.fail(work, said.time(Task::Retry), seen.id, 'r');
    }

    fn instance(
        &mut self,
        seen: &SeenInstance,
        goal: Goal,
        work: &mut Work,
        progress: &mut Progress,
    ) {
        let is_other = work.goal != goal || work.stamp != seen.timestamp;
        let begins = match work.phase {
            Phase::Idle => true,
            Phase::Working => work.goal != goal,
            // What breaks down has its due time for that.
            Phase::Done => is_other || (work.is_due(self.now) && !self.breaks_down(seen, goal)),
            Phase::Failed => is_other || work.is_due(self.now),
        };
        if begins {
            self.begin_instance(seen, goal, work, progress);
        } else if work.phase == Phase::Done && goal == Goal::Started {
            self.watch(seen, work, progress);
        }
        if work.phase == Phase::Working && work.is_due(self.now) {
            self.finish_instance(seen, work, progress);
        }
    }

    fn begin_instance(
        &mut self,
        seen: &SeenInstance,
        goal: Goal,
        work: &mut Work,
        progress: &Progress,
    ) {
        let said = self.said_of(seen);
        work.goal = goal;
        work.stamp = seen.timestamp;
        if goal == Goal::Started && said.needs_software() {
            match self.software_of(seen, progress) {
                Software::There => {}
                // The pass that finishes the software comes back to this.
                Software::Coming => {
                    work.phase = Phase::Idle;
                    work.due = None;
                    return;
                }
                Software::Missing => {
                    work.attempts += 1;
                    let text = format!(
                        "Software release {} is not installed on {}",
                        seen.release, self.seen.computer
                    );
                    self.tell_instance(seen, Told::Error(text));
                    self.fail(work, said.time(Task::Retry), seen.id, 'r');
                    return;
                }
            }
        }
        work.phase = Phase::Working;
        work.attempts += 1;
        let task = match goal {
            Goal::Started | Goal::Available => Task::Start,
            Goal::Stopped => Task::Stop,
            Goal::Destroyed => Task::Destroy,
        };
        work.due = Some(self.after(said.time(task), seen.id, work, 'i'));
    }

    fn finish_instance(&mut self, seen: &SeenInstance, work: &mut Work, progress: &mut Progress) {
        // What changed while it was worked on is done with it.
        work.stamp = seen.timestamp;
        let said = self.said_of(seen);
        if work.goal == Goal::Destroyed {
            self.tell_instance(seen, Told::Stopped);
            self.tell_instance(seen, Told::Destroyed);
            self.fail(work, said.time(Task::Retry), seen.id, 'r');
            return;
        }
        let failed = if work.goal == Goal::Started {
            let failure = said.start_failure();
            progress
                .ordered_start(seen.partition.as_str())
                .or_else(|| self.failed(failure.as_ref(), work, seen.id, 'f'))
        } else {
            None
        };
        let published = match failed {
            Some(text) => Err(text),
            None => self.published(seen),
        };
        match published {
            Err(text) => {
                self.tell_instance(seen, Told::Error(text));
                self.fail(work, said.time(Task::Retry), seen.id, 'r');
            }
            Ok(published) => {
                self.deeds.extend(published);
                done(work);
                work.due = Some(self.now.plus_micros(DAY_US));
                if work.goal == Goal::Stopped {
                    self.tell_instance(seen, Told::Stopped);
                    return;
                }
                self.tell_instance(seen, Told::Started);
                if let Some(breakdown) = said.breakdown() {
                    work.due = Some(self.after(breakdown.after, seen.id, work, 'd'));
                }
            }
        }
    }

    fn breaks_down(&self, seen: &SeenInstance, goal: Goal) -> bool {
        goal == Goal::Started && self.said_of(seen).breakdown().is_some()
    }

    /// Looks at an instance that runs.
    fn watch(&mut self, seen: &SeenInstance, work: &mut Work, progress: &mut Progress) {
        let said = self.said_of(seen);
        let breakdown = said.breakdown();
        let ordered = progress.ordered_breakdown(seen.partition.as_str());
        let text = match (&breakdown, ordered) {
            (_, Some(text)) => text,
            (Some(breakdown), None) if work.is_due(self.now) => {
                // The next try helps.
                work.is_spared = true;
                breakdown.text.clone()
            }
            (Some(breakdown), None) => {
                work.due = work
                    .due
                    .or_else(|| Some(self.after(breakdown.after, seen.id, work, 'd')));
                return;
            }
            (None, None) => {
                work.due = work.due.or(Some(self.now.plus_micros(DAY_US)));
                return;
            }
        };
        self.tell_instance(seen, Told::Error(text));
        work.attempts += 1;
        self.fail(work, said.time(Task::Retry), seen.id, 'r');
    }

    fn said_of(&self, seen: &SeenInstance) -> Applied<'a> {
        self.rules
            .of_instance(seen.release.as_str(), &seen.software_type)
    }

    fn software_of(&self, instance: &SeenInstance, progress: &Progress) -> Software {
        let software = self.seen.software.iter();
        let mut found = software.filter(|seen| seen.release == instance.release);
        let Some(software) = found.next() else {
            return Software::Missing;
        };
        match progress.software.get(&software.id) {
            Some(work) if work.goal == Goal::Destroyed => Software::There,
            Some(work) => match work.phase {
                Phase::Done => Software::There,
                Phase::Failed => Software::Missing,
                Phase::Idle | Phase::Working => Software::Coming,
            },
            None if software.is_available => Software::There,
            None => Software::Coming,
        }
    }

    /// What an instance publishes, for itself and for the shared instances that it serves; or
    /// what is missing for that.
    fn published(&self, seen: &SeenInstance) -> Result<Vec<Deed>, String> {
        let said = self.said_of(seen);
        let host = One {
            reference: &seen.reference,
            title: &seen.title,
            tree: &seen.tree,
            software_type: &seen.software_type,
            parameters: &seen.parameters,
        };
        let facts = Facts {
            computer: &self.seen.computer,
            partition: seen.partition.as_str(),
            addresses: &seen.addresses,
            release: seen.release.as_str(),
            one: host,
            host: None,
        };
        let mut deeds = Vec::new();
        if let Some(templates) = said.publish() {
            deeds.push(Deed::Publish {
                partition: seen.partition.clone(),
                shared: None,
                connection: filled(templates, &facts)?,
            });
        }
        let Some(templates) = said.publish_shared() else {
            return Ok(deeds);
        };
        for shared in &seen.shared {
            let one = One {
                reference: &shared.reference,
                title: &shared.title,
                tree: &shared.tree,
                software_type: &shared.software_type,
                parameters: &shared.parameters,
            };
            let facts = Facts {
                one,
                host: Some(host),
                ..facts
            };
            let connection = filled(templates, &facts)
                .map_err(|why| format!("shared instance {}: {why}", shared.reference))?;
            deeds.push(Deed::Publish {
                partition: seen.partition.clone(),
                shared: Some(shared.reference.clone()),
                connection,
            });
        }
        Ok(deeds)
    }

    /// The text of the failure, if it comes this time.
    fn failed(
        &self,
        failure: Option<&Failure>,
        work: &mut Work,
        id: i64,
        what: char,
    ) -> Option<String> {
        let failure = failure?;
        let is_left = failure.count.is_none_or(|count| work.failed < count);
        if work.is_spared || !is_left {
            return None;
        }
        if self.random(id, work, what).f64() >= failure.probability {
            return None;
        }
        work.failed += 1;
        Some(failure.text.clone())
    }

    /// The piece of work failed, and is tried again after a while.
    fn fail(&self, work: &mut Work, retry: Spread, id: i64, what: char) {
        work.phase = Phase::Failed;
        work.due = Some(self.after(retry, id, work, what));
    }

    fn after(&self, time: Spread, id: i64, work: &Work, what: char) -> Timestamp {
        let spread = time.most_us.saturating_sub(time.least_us);
        let more = if spread > 0 {
            let more = self.random(id, work, what).i64(0..=spread);
            more - more % STEP_US
        } else {
            0
        };
        self.now.plus_micros(time.least_us.saturating_add(more))
    }

    /// What chance gives a try: nothing but the seed, the computer, what is worked on and which
    /// try it is decides it.
    fn random(&self, id: i64, work: &Work, what: char) -> fastrand::Rng {
        // FNV-1a, which is the same on every machine and in every version.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = self.seen.computer.bytes();
        let bytes = bytes
            .chain(id.to_le_bytes())
            .chain(work.attempts.to_le_bytes());
        let bytes = bytes.chain(u32::from(what).to_le_bytes());
        fastrand::Rng::with_seed(bytes.fold(0xcbf2_9ce4_8422_2325 ^ self.chance, hash))
    }

    fn tell_software(&mut self, seen: &SeenSoftware, report: SoftwareReport) {
        self.deeds.push(Deed::Software {
            release: seen.release.clone(),
            report,
        });
    }

    fn tell_instance(&mut self, seen: &SeenInstance, report: Told) {
        self.deeds.push(Deed::Instance {
            partition: seen.partition.clone(),
            report,
        });
    }
}

fn done(work: &mut Work) {
    work.phase = Phase::Done;
    work.due = None;
    work.is_spared = false;
}

fn filled(templates: &[(String, Template)], facts: &Facts<'_>) -> Result<Parameters, String> {
    let mut connection = Parameters::new();
    for (name, template) in templates {
        let text = template
            .filled(facts)
            .map_err(|why| format!("`{name}` cannot be published: {why}"))?;
        connection.insert(name.as_str(), text);
    }
    Ok(connection)
}
