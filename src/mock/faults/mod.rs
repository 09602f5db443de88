//! Faults: rules by which calls are delayed, refused, cut off or answered as they should not be.
//!
//! A rule is a value ([`Rule`]) that is read from what somebody wrote (`read.rs`). Rules are asked
//! in the order in which they were made, about every call:
//!
//! 1. A rule that *fits* a call (everything of its `match` but `nth` applies, and the world's time
//!    is within `from` and `until`) counts it, whether or not another rule is applied to it.
//! 2. It is *due* for its nth call if `nth` names that number, the `sequence` says `fail` at that
//!    place, the draw of that call is below `probability`, and it was applied less than `count`
//!    times. A cold cache is due for each caller and thing once.
//! 3. The first rule that is due is *applied*; the others are not.
//!
//! What a rule draws for its nth call depends on the seed, its name and n alone. The room knows
//! no protocol: what an effect looks like on the wire is for a front to say. Start with
//! [`Faults::judge`].

mod memory;
mod read;
mod rule;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::domain::{call::Dialect, time::Timestamp};

use self::{memory::Memory, rule::Chance};
pub use self::{
    memory::Told,
    read::{
        CALLER_KEYS, EFFECT_KEYS, MATCH_KEYS, MOST_BODY_BYTES, MOST_COUNTED, MOST_CUT_BYTES,
        MOST_DELAY_MS, MOST_ITEMS, RULE_KEYS, STATUSES, WrittenRule,
    },
    rule::{
        Call, CallPattern, CallerMatch, Effect, Match, Replacement, Rule, RuleName, Turn, When,
    },
};

/// How many rules a world may have.
pub const MOST_RULES: usize = 1_000;
/// For how many callers and things a cold cache remembers that it was asked; it is warm for all
/// others.
const MOST_COLD: usize = 10_000;

/// The rules of a world. Clones share them.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    seed: u64,
    /// Whether there is any rule: what a call costs where there is none.
    any: AtomicBool,
    state: Mutex<FaultsState>,
}

/// Everything about the rules of a world at one moment, to be restored later.
#[derive(Debug, Clone, Default)]
pub struct FaultsState {
    rules: Vec<Standing>,
    /// How many rules were named by us.
    numbered: u64,
    memory: Memory,
}

impl FaultsState {
    /// The rules, in the order in which they are asked.
    pub fn rules(&self) -> &[Standing] {
        &self.rules
    }
}

/// A rule that is set, and what it did until now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its name.
    pub name: RuleName,
    /// What it says.
    pub rule: Arc<Rule>,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it will be gone, if it ever will.
    pub expires_at: Option<Timestamp>,
    /// How many calls it fitted.
    pub matched: u64,
    /// How many calls it was applied to.
    pub applied: u64,
    /// What a cold cache was asked.
    warm: Arc<HashSet<u64>>,
}

/// A rule, with what it did until now where that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRule {
    /// The rule.
    pub rule: WrittenRule,
    /// What is kept of it; none for one that begins.
    pub record: Option<RuleRecord>,
}

/// What is kept of a rule beside what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRecord {
    /// When it was set.
    pub created_at: Timestamp,
    /// When it will be gone, if it ever will.
    pub expires_at: Option<Timestamp>,
    /// How many calls it fitted.
    pub matched: u64,
    /// How many calls it was applied to.
    pub applied: u64,
    /// What its cold cache was asked, as numbers that mean nothing else.
    pub warm: Vec<u64>,
}

impl From<WrittenRule> for KeptRule {
    fn from(rule: WrittenRule) -> Self {
        Self { rule, record: None }
    }
}

/// What has to be known of a call to judge it, besides its dialect and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest {
    /// Who makes it.
    pub caller: bool,
    /// Which instance it is about, and where that is.
    pub instance: bool,
    /// Whether the same call was made before.
    pub content: bool,
}

/// What the rules say to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is done to it, if a rule was applied.
    pub decision: Option<Decision>,
    /// Whether the answer that the call gets has to be told to [`Faults::told`].
    pub is_remembered: bool,
}

/// What is done to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// By which rule.
    pub rule: RuleName,
    /// Before or after it is carried out.
    pub when: When,
    /// How long it is delayed, in real time.
    pub delay: Duration,
    /// What becomes of its answer.
    pub answer: Option<Replacement>,
}

/// Why a rule was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Another rule has its name.
    #[error("there is a rule of this name already")]
    NameTaken,
    /// There are as many as there may be.
    #[error("there are {MOST_RULES} rules, which is the most that a world may have")]
    TooMany,
}

impl Faults {
    /// No rules; what they draw is decided by the seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Shared {
            seed,
            any: AtomicBool::new(false),
            state: Mutex::default(),
        }))
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        !self.0.any.load(Ordering::Acquire)
    }

    /// The rules at this moment, without those whose lifetime is over.
    fn present(&self, now: Timestamp) -> Present<'_> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .rules
            .retain(|rule| rule.expires_at.is_none_or(|end| now < end));
        Present {
            state,
            any: &self.0.any,
        }
    }

    /// Sets a rule behind all others; one without a name is given one.
    pub fn add(&self, written: WrittenRule, now: Timestamp) -> Result<Standing, SetError> {
        let mut present = self.present(now);
        let state = &mut *present.state;
        if state.rules.len() >= MOST_RULES {
            return Err(SetError::TooMany);
        }
        let name = match written.name {
            Some(name) if state.has(&name) => return Err(SetError::NameTaken),
            Some(name) => name,
            None => state.free_name(|_| false),
        };
        let standing = Standing::new(name, written.rule, now);
        state.rules.push(standing.clone());
        Ok(standing)
    }

    /// Sets the rule of this name: in the place of the one that has it, which begins anew, or
    /// behind all others.
    pub fn put(&self, name: RuleName, rule: Rule, now: Timestamp) -> Result<Standing, SetError> {
        let mut present = self.present(now);
        let rules = &mut present.state.rules;
        let standing = Standing::new(name, rule, now);
        if let Some(found) = rules.iter_mut().find(|other| other.name == standing.name) {
            *found = standing.clone();
            return Ok(standing);
        }
        if rules.len() >= MOST_RULES {
            return Err(SetError::TooMany);
        }
        rules.push(standing.clone());
        Ok(standing)
    }

    /// Sets these rules in the place of all that there are. Those that have no name are named by
    /// their numbers, which go on from `numbered`.
    pub fn replace(
        &self,
        kept: &[KeptRule],
        numbered: u64,
        now: Timestamp,
    ) -> Result<(), SetError> {
        if kept.len() > MOST_RULES {
            return Err(SetError::TooMany);
        }
        let mut state = FaultsState {
            numbered,
            ..FaultsState::default()
        };
        let is_given = |name: &RuleName| {
            kept.iter()
                .any(|kept| kept.rule.name.as_ref() == Some(name))
        };
        for KeptRule { rule, record } in kept {
            let WrittenRule { name, rule } = rule;
            let name = match name {
                Some(name) if state.has(name) => return Err(SetError::NameTaken),
                Some(name) => name.clone(),
                None => state.free_name(is_given),
            };
            let mut standing = Standing::new(name, rule.clone(), now);
            if let Some(record) = record {
                standing.created_at = record.created_at;
                standing.expires_at = record.expires_at;
                standing.matched = record.matched;
                standing.applied = record.applied;
                standing.warm = Arc::new(record.warm.iter().copied().collect());
            }
            state.rules.push(standing);
        }
        self.restore(&state);
        Ok(())
    }

    /// All rules, in their order.
    pub fn all(&self, now: Timestamp) -> Vec<Standing> {
        self.present(now).state.rules.clone()
    }

    /// The rule of this name.
    pub fn find(&self, name: &str, now: Timestamp) -> Option<Standing> {
        let present = self.present(now);
        let mut rules = present.state.rules.iter();
        rules.find(|rule| rule.name.as_str() == name).cloned()
    }

    /// Removes the rule of this name; false if there is none.
    pub fn remove(&self, name: &str, now: Timestamp) -> bool {
        let mut present = self.present(now);
        let before = present.state.rules.len();
        present
            .state
            .rules
            .retain(|rule| rule.name.as_str() != name);
        present.state.rules.len() < before
    }

    /// Removes all rules, and says how many there were.
    pub fn clear(&self, now: Timestamp) -> usize {
        let mut present = self.present(now);
        std::mem::take(&mut present.state.rules).len()
    }

    /// Everything about the rules, to be restored.
    pub fn state(&self, now: Timestamp) -> FaultsState {
        self.present(now).state.clone()
    }

    /// Makes everything as it was.
    pub fn restore(&self, state: &FaultsState) {
        let mut present = Present {
            state: self.0.state.lock().unwrap_or_else(PoisonError::into_inner),
            any: &self.0.any,
        };
        present.state.clone_from(state);
    }

    /// What has to be known of a call of this name; `None` if no rule is for such calls.
    pub fn interest(&self, dialect: Dialect, call: &str, now: Timestamp) -> Option<Interest> {
        let present = self.present(now);
        let rules = present.state.rules.iter();
        rules
            .map(|standing| &*standing.rule)
            .filter(|rule| rule.matching.names(dialect, call))
            .map(Rule::interest)
            .reduce(Interest::or)
    }

    /// Counts a call, and decides what is done to it.
    pub fn judge(&self, call: &Call, now: Timestamp) -> Judgement {
        let mut present = self.present(now);
        let mut judgement = Judgement {
            decision: None,
            is_remembered: false,
        };
        for standing in &mut present.state.rules {
            if !standing.rule.is_in_time(now) || !standing.rule.matching.fits(call) {
                continue;
            }
            standing.matched += 1;
            let rule = Arc::clone(&standing.rule);
            let is_stale = rule.effect.answer == Some(Replacement::Stale);
            judgement.is_remembered |= is_stale && standing.is_left();
            let chance = Chance::of(self.0.seed, &standing.name, standing.matched);
            if judgement.decision.is_some()
                || !standing.is_left()
                || !rule.is_due(standing.matched, &chance)
                || !standing.is_cold(call)
            {
                continue;
            }
            // An answer is found to be stale, or not, when there is one.
            if !is_stale {
                standing.applied += 1;
            }
            judgement.decision = Some(Decision {
                rule: standing.name.clone(),
                when: rule.when,
                delay: rule.effect.delay(&chance),
                answer: rule.effect.answer.clone(),
            });
        }
        judgement
    }

    /// Remembers what a call (see [`Call::content`]) is answered. If `rule`, which makes answers
    /// stale, was applied to it: what it was answered last time, where that was something else.
    pub fn told(
        &self,
        content: u64,
        answer: Told,
        rule: Option<&RuleName>,
        now: Timestamp,
    ) -> Option<Told> {
        let mut present = self.present(now);
        let state = &mut *present.state;
        let before = state.memory.replace(content, answer)?;
        let mut rules = state.rules.iter_mut();
        let standing = rules.find(|standing| Some(&standing.name) == rule)?;
        if !standing.is_left() {
            return None;
        }
        standing.applied += 1;
        Some(before)
    }
}

/// The rules while they are looked at; notes whether there are any when that is over.
struct Present<'f> {
    state: MutexGuard<'f, FaultsState>,
    any: &'f AtomicBool,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let makes_stale =
            |standing: &Standing| standing.rule.effect.answer == Some(Replacement::Stale);
        if !self.state.rules.iter().any(makes_stale) {
            self.state.memory.forget();
        }
        self.any
            .store(!self.state.rules.is_empty(), Ordering::Release);
    }
}

impl FaultsState {
    /// Every rule with what is kept of it, and how many were named by their number: what
    /// [`Faults::replace`] makes the same of.
    pub fn kept(&self) -> (Vec<KeptRule>, u64) {
        let rules = self.rules.iter().map(|standing| {
            let mut warm: Vec<u64> = standing.warm.iter().copied().collect();
            warm.sort_unstable();
            KeptRule {
                rule: WrittenRule {
                    name: Some(standing.name.clone()),
                    rule: (*standing.rule).clone(),
                },
                record: Some(RuleRecord {
                    created_at: standing.created_at,
                    expires_at: standing.expires_at,
                    matched: standing.matched,
                    applied: standing.applied,
                    warm,
                }),
            }
        });
        (rules.collect(), self.numbered)
    }

    /// Whether a rule has this name.
    fn has(&self, name: &RuleName) -> bool {
        self.rules.iter().any(|standing| standing.name == *name)
    }

    /// The next name that no rule has, and that is not kept for another.
    fn free_name(&mut self, is_kept: impl Fn(&RuleName) -> bool) -> RuleName {
        loop {
            self.numbered += 1;
            let name = RuleName::numbered(self.numbered);
            if !self.has(&name) && !is_kept(&name) {
                return name;
            }
        }
    }
}

impl Standing {
    fn new(name: RuleName, rule: Rule, now: Timestamp) -> Self {
        let lifetime = rule
            .lifetime_s
            .and_then(|seconds| i64::try_from(seconds).ok());
        Self {
            name,
            created_at: now,
            expires_at: lifetime.map(|seconds| now.plus_micros(seconds.saturating_mul(1_000_000))),
            rule: Arc::new(rule),
            matched: 0,
            applied: 0,
            warm: Arc::default(),
        }
    }

    /// Whether it may be applied once more.
    fn is_left(&self) -> bool {
        self.rule.count.is_none_or(|count| self.applied < count)
    }

    /// Whether its cache is cold for the call, which fills it; what is no cache always is.
    fn is_cold(&mut self, call: &Call) -> bool {
        if self.rule.effect.answer != Some(Replacement::ColdCache) {
            return true;
        }
        let mut hasher = DefaultHasher::new();
        call.name.hash(&mut hasher);
        call.caller_references.hash(&mut hasher);
        call.computer.hash(&mut hasher);
        call.partition.hash(&mut hasher);
        self.warm.len() < MOST_COLD && Arc::make_mut(&mut self.warm).insert(hasher.finish())
    }
}

impl Rule {
    fn interest(&self) -> Interest {
        let is_cold = self.effect.answer == Some(Replacement::ColdCache);
        let Match {
            caller,
            computer,
            partition,
            title,
            ..
        } = &self.matching;
        Interest {
            caller: is_cold || caller.is_some(),
            instance: is_cold || computer.is_some() || partition.is_some() || title.is_some(),
            content: self.effect.answer == Some(Replacement::Stale),
        }
    }
}

impl Interest {
    fn or(self, other: Self) -> Self {
        Self {
            caller: self.caller || other.caller,
            instance: self.instance || other.instance,
            content: self.content || other.content,
        }
    }
}
