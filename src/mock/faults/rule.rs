//! A fault rule: which calls it is for, what it does to them, and how often.

use std::{fmt, ops::RangeInclusive, time::Duration};

use crate::domain::{
    call::{CallerKind, Dialect},
    given::{Read, Reading},
    state::states,
    time::Timestamp,
};

/// How long a rule's name may be, in characters.
const NAME_CHARACTERS: usize = 100;

/// The name of a rule: letters, digits, `.`, `_` and `-`, so that it can stand in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleName(String);

impl RuleName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let length = text.chars().count();
        if (1..=NAME_CHARACTERS).contains(&length) && text.chars().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("is no name: 1 to 100 letters, digits, `.`, `_` and `-` were expected")
        }
    }

    /// The name that the rule of this number has if it is given none.
    pub(super) fn numbered(number: u64) -> Self {
        Self(format!("fault-{number}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn read(reading: &Reading<'_>) -> Read<Self> {
        Self::parse(reading.text()?).map_err(|reason| reading.refused(reason))
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A rule without its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which calls it is for.
    pub matching: Match,
    /// What it does to them.
    pub effect: Effect,
    /// When it does so.
    pub when: When,
    /// How many calls it is applied to, at most.
    pub count: Option<u64>,
    /// What happens to its first call, its second and so on; afterwards it passes all.
    pub sequence: Option<Vec<Turn>>,
    /// How likely it is applied to a call, from 0 to 1.
    pub probability: Option<f64>,
    /// From when it counts, by the world's clock.
    pub from: Option<Timestamp>,
    /// From when it no longer counts, by the world's clock.
    pub until: Option<Timestamp>,
    /// How long after it was set it is gone, in seconds of the world's clock.
    pub lifetime_s: Option<u64>,
}

/// Which calls a rule is for: those to which everything applies that is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Match {
    /// Names of calls; none for all.
    pub calls: Vec<CallPattern>,
    /// The dialect in which they are made.
    pub dialect: Option<Dialect>,
    /// Who makes them.
    pub caller: Option<CallerMatch>,
    /// The computer that they name.
    pub computer: Option<String>,
    /// The partition that they name.
    pub partition: Option<String>,
    /// Title of the instance that they are about.
    pub title: Option<String>,
    /// Which of the calls that are otherwise so, counted from 1; none for all.
    pub nth: Vec<u64>,
}

/// The name of a call, or how the names of several begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPattern {
    /// The name, or its beginning.
    pub name: String,
    /// Whether more may follow: written as a `*` at the end.
    pub is_beginning: bool,
}

impl CallPattern {
    /// Whether a call of this name is meant.
    pub fn means(&self, name: &str) -> bool {
        if self.is_beginning {
            name.starts_with(&self.name)
        } else {
            name == self.name
        }
    }
}

impl fmt::Display for CallPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(if self.is_beginning { "*" } else { "" })
    }
}

/// Who makes the calls that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerMatch {
    /// Of what kind.
    pub kind: Option<CallerKind>,
    /// Under which reference.
    pub reference: Option<String>,
}

/// What a rule does to a call: it delays it, answers it, or first the one and then the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// How long it delays the call, in milliseconds; one of these, chosen by the seed.
    pub delay_ms: Option<RangeInclusive<u64>>,
    /// What becomes of the answer.
    pub answer: Option<Replacement>,
}

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// It is another one.
    Status {
        /// Its status.
        status: u16,
        /// Headers beside those that the answer has anyway.
        headers: Vec<(String, String)>,
        /// Its body; none for that which the dialect gives a refusal.
        body: Option<String>,
    },
    /// "Not ready", in the form that the dialect has for it.
    NotReady,
    /// 503 without a body to the first call of each caller about the same thing, as from a cache
    /// that is not filled yet. Later ones pass.
    ColdCache,
    /// The connection ends without an answer.
    Drop,
    /// The connection ends after so many bytes of the answer's body, though more was announced.
    Cut {
        /// How many.
        after_bytes: u64,
    },
    /// If it is another one than the same call was given last: that one, once more.
    Stale,
}

impl Replacement {
    /// Whether it is made of the answer, so that the call has to be carried out first.
    pub(super) const fn needs_answer(&self) -> bool {
        match self {
            Self::Cut { .. } | Self::Stale => true,
            Self::Status { .. } | Self::NotReady | Self::ColdCache | Self::Drop => false,
        }
    }
}

states! {
    /// When a rule does something to a call.
    When {
        /// Before the call is carried out: one that is answered by the rule changes nothing.
        Before = "before",
        /// After the call was carried out and what it changed was committed.
        After = "after",
    }
}

states! {
    /// One step of a sequence.
    Turn {
        /// The rule is applied.
        Fail = "fail",
        /// It is not.
        Pass = "pass",
    }
}

/// A call that is being made, as far as rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The dialect.
    pub dialect: Dialect,
    /// The call's name.
    pub name: &'static str,
    /// What the caller is.
    pub caller_kind: CallerKind,
    /// Every reference that the caller goes by.
    pub caller_references: Vec<String>,
    /// The computer that the call names, or on which the instance is that it is about.
    pub computer: Option<String>,
    /// The partition, in the same way.
    pub partition: Option<String>,
    /// Title of the instance that the call is about.
    pub title: Option<String>,
    /// The same for calls that are the same in everything that they send.
    pub content: u64,
}

impl Match {
    /// Whether a call of this name could be meant.
    pub(super) fn names(&self, dialect: Dialect, name: &str) -> bool {
        self.dialect.is_none_or(|meant| meant == dialect)
            && (self.calls.is_empty() || self.calls.iter().any(|pattern| pattern.means(name)))
    }

    /// Whether the call is meant, whichever in number it is.
    pub(super) fn fits(&self, call: &Call) -> bool {
        let same =
            |meant: &Option<String>, found: &Option<String>| meant.is_none() || meant == found;
        self.names(call.dialect, call.name)
            && same(&self.computer, &call.computer)
            && same(&self.partition, &call.partition)
            && same(&self.title, &call.title)
            && self.caller.as_ref().is_none_or(|meant| meant.fits(call))
    }
}

impl CallerMatch {
    fn fits(&self, call: &Call) -> bool {
        let reference = self.reference.as_ref();
        self.kind.is_none_or(|kind| kind == call.caller_kind)
            && reference.is_none_or(|meant| call.caller_references.contains(meant))
    }
}

impl Rule {
    /// Whether its time has come and is not over.
    pub(super) fn is_in_time(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Whether it is applied to the call that is its `number`th, counted from 1, as far as that
    /// does not depend on other calls. The same for the same seed, name and number.
    pub(super) fn is_due(&self, number: u64, chance: &Chance) -> bool {
        let nth = &self.matching.nth;
        let turn = self.sequence.as_ref().map(|turns| {
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            turns.get(place).copied().unwrap_or(Turn::Pass)
        });
        (nth.is_empty() || nth.contains(&number))
            && turn != Some(Turn::Pass)
            && self
                .probability
                .is_none_or(|probability| chance.share < probability)
    }
}

impl Effect {
    /// How long a call is delayed.
    pub(super) fn delay(&self, chance: &Chance) -> Duration {
        self.delay_ms.as_ref().map_or(Duration::ZERO, |bounds| {
            let (least, most) = (*bounds.start(), *bounds.end());
            let spread = most.saturating_sub(least).saturating_add(1);
            Duration::from_millis(least + chance.number % spread)
        })
    }
}

/// What chance gives a call of a rule: nothing but the seed, the rule's name and which in number
/// the call is decides it, so that it does not change with what other rules there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// From 0 to just below 1.
    share: f64,
    /// Any number.
    number: u64,
}

impl Chance {
    pub(super) fn of(seed: u64, name: &RuleName, call: u64) -> Self {
        // FNV-1a, which is the same on every machine and in every version.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = name.as_str().bytes().chain(call.to_le_bytes());
        let mut random = fastrand::Rng::with_seed(bytes.fold(0xcbf2_9ce4_8422_2325 ^ seed, hash));
        Self {
            share: random.f64(),
            number: random.u64(..),
        }
    }
}
