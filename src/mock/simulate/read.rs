//! How a computer is simulated, as it is written, in fixtures and for the control surface: read
//! strictly.

use super::{
    rules::{Breakdown, Fails, Failure, Profile, Rule, Rules, Said, Spread, Task},
    stored,
    template::{Scope, Template},
};
use crate::domain::{
    given::{Given, Read, Reading, WrongValue},
    text::check_legal,
};

/// The keys of `simulate`.
pub const SIMULATE_KEYS: [&str; 14] = [
    "profile",
    "build_s",
    "remove_s",
    "start_s",
    "stop_s",
    "destroy_s",
    "retry_s",
    "needs_software",
    "build_failure",
    "start_failure",
    "breakdown",
    "publish",
    "publish_shared",
    "rules",
];
/// The keys of a rule of `simulate`.
pub const SIMULATE_RULE_KEYS: [&str; 14] = [
    "release",
    "type",
    "build_s",
    "remove_s",
    "start_s",
    "stop_s",
    "destroy_s",
    "retry_s",
    "needs_software",
    "build_failure",
    "start_failure",
    "breakdown",
    "publish",
    "publish_shared",
];
/// The keys of `build_failure` and `start_failure`.
pub const FAILURE_KEYS: [&str; 3] = ["text", "count", "probability"];
/// The keys of `breakdown`.
pub const BREAKDOWN_KEYS: [&str; 2] = ["after_s", "text"];
/// The keys of a rule that say something of builds, which have no software type.
const BUILD_KEYS: [&str; 3] = ["build_s", "remove_s", "build_failure"];

/// The longest time that a task takes: ten years, in seconds.
const MOST_SECONDS: u32 = 315_360_000;
/// How many rules a computer has.
pub const MOST_RULES: usize = 100;
/// How many connection parameters are published for an instance.
pub const MOST_PUBLISHED: usize = 100;
/// How long a text may be, in bytes.
pub const MOST_TEXT_BYTES: usize = 4 * 1024;
/// How often something fails, at most.
pub const MOST_COUNTED: u64 = 1_000_000_000;

impl Rules {
    /// Reads how a computer is simulated: a profile, or a profile with what is otherwise.
    pub fn read(given: &Given) -> Read<Self> {
        Self::read_part(&Reading::of("simulate", given))
    }

    /// The same for a part of a larger whole.
    pub fn read_part(whole: &Reading<'_>) -> Read<Self> {
        if matches!(whole.value(), Given::Text(_)) {
            return Ok(Self {
                written: whole.value().clone(),
                profile: whole.word()?,
                said: Said::default(),
                exceptions: Vec::new(),
            });
        }
        if !matches!(whole.value(), Given::Map(_)) {
            return Err(whole.wrong("a profile, or an object"));
        }
        whole.only(&SIMULATE_KEYS)?;
        let profile = whole.get("profile").map(|given| given.word());
        let rules = whole.get("rules").map_or(Ok(Vec::new()), |given| {
            let items = given.items()?;
            bounded(&given, items.len(), MOST_RULES)?;
            items.iter().map(read_rule).collect()
        });
        Ok(Self {
            written: without_nothing(whole.value()),
            profile: profile.transpose()?.unwrap_or(Profile::Healthy),
            said: read_said(whole)?,
            exceptions: rules?,
        })
    }

    /// What was written, as the database keeps it.
    pub fn stored(&self) -> String {
        stored::text(&self.written)
    }

    /// Reads what [`Self::stored`] gave.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::read(&stored::given(text)?).ok()
    }
}

/// The same without what counts as not given.
fn without_nothing(given: &Given) -> Given {
    match given {
        Given::Map(pairs) => {
            let pairs = pairs.iter().filter(|(_, value)| *value != Given::Nothing);
            Given::Map(
                pairs
                    .map(|(key, value)| (key.clone(), without_nothing(value)))
                    .collect(),
            )
        }
        Given::List(items) => Given::List(items.iter().map(without_nothing).collect()),
        Given::Nothing | Given::Flag(_) | Given::Integer(_) | Given::Float(_) | Given::Text(_) => {
            given.clone()
        }
    }
}

fn bounded(given: &Reading<'_>, found: usize, most: usize) -> Read<()> {
    if found <= most {
        return Ok(());
    }
    Err(given.refused(format!("has {found} items, at most {most} were expected")))
}

fn read_rule(given: &Reading<'_>) -> Read<Rule> {
    given.only(&SIMULATE_RULE_KEYS)?;
    let text = |key| {
        let found = given
            .get(key)
            .map(|value| value.short_text(MOST_TEXT_BYTES));
        Ok(found.transpose()?.map(str::to_owned))
    };
    let software_type = text("type")?;
    if software_type.is_some()
        && let Some(value) = BUILD_KEYS.iter().find_map(|key| given.get(key))
    {
        return Err(value.refused(
            "is of a rule for a software type, which software has not while it is built; \
             a rule without `type` was expected",
        ));
    }
    Ok(Rule {
        release: text("release")?,
        software_type,
        said: read_said(given)?,
    })
}

fn read_said(given: &Reading<'_>) -> Read<Said> {
    let mut said = Said::default();
    for (task, time) in Task::ALL.iter().zip(&mut said.times) {
        let value = given.get(task.as_str());
        *time = value.map(|value| read_spread(&value)).transpose()?;
    }
    let needs = given.get("needs_software").map(|value| value.flag());
    said.needs_software = needs.transpose()?;
    said.build_failure = read_unless_off(given, "build_failure", read_failure)?;
    said.start_failure = read_unless_off(given, "start_failure", read_failure)?;
    said.breakdown = read_unless_off(given, "breakdown", read_breakdown)?;
    said.publish = read_published(given, "publish", Scope::Own)?;
    said.publish_shared = read_published(given, "publish_shared", Scope::Shared)?;
    Ok(said)
}

/// What is said under a key; `false` says that there is none of it.
fn read_unless_off<T>(
    given: &Reading<'_>,
    key: &str,
    read: fn(&Reading<'_>) -> Read<T>,
) -> Read<Option<Fails<T>>> {
    match given.get(key) {
        None => Ok(None),
        Some(value) if *value.value() == Given::Flag(false) => Ok(Some(Fails::Never)),
        Some(value) => read(&value).map(|read| Some(Fails::As(read))),
    }
}

/// A number of seconds, or the least and the most.
fn read_spread(given: &Reading<'_>) -> Read<Spread> {
    let items = given.one_or_more()?;
    let bounds: Vec<i64> = items.iter().map(read_seconds).collect::<Read<_>>()?;
    match (bounds.as_slice(), given.value()) {
        ([both], Given::Integer(_) | Given::Float(_)) => Ok(Spread {
            least_us: *both,
            most_us: *both,
        }),
        ([least, most], _) if least <= most => Ok(Spread {
            least_us: *least,
            most_us: *most,
        }),
        _ => Err(given.refused(
            "is no time, a number of seconds or a list of the least and the most was expected",
        )),
    }
}

/// Seconds, in microseconds.
fn read_seconds(given: &Reading<'_>) -> Read<i64> {
    let seconds = match given.value() {
        Given::Integer(number) => u32::try_from(*number).ok().map(f64::from),
        Given::Float(number) => Some(*number),
        Given::Nothing | Given::Flag(_) | Given::Text(_) | Given::List(_) | Given::Map(_) => None,
    };
    let seconds = seconds.filter(|seconds| (0.0..=f64::from(MOST_SECONDS)).contains(seconds));
    let seconds = seconds
        .ok_or_else(|| given.wrong(&format!("a number of seconds from 0 to {MOST_SECONDS}")))?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bounds were looked at: it is far below what an i64 holds"
    )]
    Ok((seconds * 1e6).round() as i64)
}

fn read_text(given: &Reading<'_>) -> Read<String> {
    let text = given.short_text(MOST_TEXT_BYTES)?;
    legal(given, text)?;
    Ok(text.to_owned())
}

fn legal(given: &Reading<'_>, text: &str) -> Result<(), WrongValue> {
    if text.is_empty() {
        return Ok(());
    }
    check_legal("text", text).map_err(|invalid| given.refused(invalid.reason))
}

fn read_failure(given: &Reading<'_>) -> Read<Failure> {
    given.only(&FAILURE_KEYS)?;
    let count = given
        .get("count")
        .map(|value| value.integer(1..=MOST_COUNTED));
    let probability = given.get("probability").map(|value| value.fraction());
    Ok(Failure {
        text: read_text(&given.need("text", "what is reported")?)?,
        count: count.transpose()?,
        probability: probability.transpose()?.unwrap_or(1.0),
    })
}

fn read_breakdown(given: &Reading<'_>) -> Read<Breakdown> {
    given.only(&BREAKDOWN_KEYS)?;
    let after = given.need("after_s", "a number of seconds")?;
    let spread = read_spread(&after)?;
    // What breaks down in the moment in which it started would never have run.
    if spread.least_us < 1_000_000 {
        return Err(after.refused("is less than a second, at least one was expected"));
    }
    Ok(Breakdown {
        after: spread,
        text: read_text(&given.need("text", "what is reported")?)?,
    })
}

fn read_published(
    given: &Reading<'_>,
    key: &str,
    scope: Scope,
) -> Read<Option<Vec<(String, Template)>>> {
    let Some(given) = given.get(key) else {
        return Ok(None);
    };
    let pairs = given.pairs()?;
    bounded(&given, pairs.len(), MOST_PUBLISHED)?;
    let mut published = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if name.is_empty() || name.len() > MOST_TEXT_BYTES {
            return Err(value.refused("has no name, or one that is too long"));
        }
        legal(&value, name)?;
        let template = match value.value() {
            Given::Integer(number) => Template::parse(&number.to_string(), scope),
            Given::Text(text) if text.len() <= MOST_TEXT_BYTES => {
                legal(&value, text)?;
                Template::parse(text, scope)
            }
            Given::Text(_) => Err(format!(
                "is too long, at most {MOST_TEXT_BYTES} bytes were expected"
            )),
            Given::Nothing | Given::Flag(_) | Given::Float(_) | Given::List(_) | Given::Map(_) => {
                return Err(value.wrong("a text with names in braces"));
            }
        };
        published.push((
            name.to_owned(),
            template.map_err(|reason| value.refused(reason))?,
        ));
    }
    Ok(Some(published))
}
