//! How a simulated computer behaves: what its work takes, what of it fails, what is published.

use super::template::Template;
use crate::domain::{given::Given, state::states};

states! {
    /// How a simulated computer behaves where nothing else is said.
    Profile {
        /// Everything is done in a second or two.
        Healthy = "healthy",
        /// Everything is done at once.
        Instant = "instant",
        /// Everything is done, in minutes.
        Slow = "slow",
        /// Builds and starts fail now and then, and what runs breaks down; the next try helps.
        Flaky = "flaky",
        /// No software can be built.
        BrokenBuild = "broken-build",
        /// No instance starts.
        BrokenStart = "broken-start",
    }
}

/// How long something takes: somewhere between the two, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The least.
    pub least_us: i64,
    /// The most.
    pub most_us: i64,
}

impl Spread {
    const fn seconds(least: i64, most: i64) -> Self {
        Self {
            least_us: least * 1_000_000,
            most_us: most * 1_000_000,
        }
    }
}

/// Something that fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What is reported.
    pub text: String,
    /// How many times; none for always.
    pub count: Option<u64>,
    /// How likely, from 0 to 1.
    pub probability: f64,
}

/// A running instance that breaks down, and is well again at the next try.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakdown {
    /// How long it runs before.
    pub after: Spread,
    /// What is reported.
    pub text: String,
}

states! {
    /// What takes time.
    Task {
        /// Building software.
        Build = "build_s",
        /// Removing software.
        Remove = "remove_s",
        /// Starting an instance, or giving a running one what changed.
        Start = "start_s",
        /// Stopping an instance.
        Stop = "stop_s",
        /// Destroying an instance.
        Destroy = "destroy_s",
        /// What passes before what failed is tried again.
        Retry = "retry_s",
    }
}

/// Whether something fails, where that is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fails<T> {
    /// It does not, whatever the profile says.
    Never,
    /// It does, in this way.
    As(T),
}

impl<T: Clone> Fails<T> {
    fn given(&self) -> Option<T> {
        match self {
            Self::Never => None,
            Self::As(failure) => Some(failure.clone()),
        }
    }
}

/// What is said of a computer, or by a rule of some of what is on it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// How long each task takes.
    pub(super) times: [Option<Spread>; Task::ALL.len()],
    /// Whether an instance needs its software.
    pub(super) needs_software: Option<bool>,
    /// What fails of builds: something, or nothing.
    pub(super) build_failure: Option<Fails<Failure>>,
    /// What fails of starts.
    pub(super) start_failure: Option<Fails<Failure>>,
    /// What breaks down.
    pub(super) breakdown: Option<Fails<Breakdown>>,
    /// What an instance publishes.
    pub(super) publish: Option<Vec<(String, Template)>>,
    /// What is published for each shared instance that it serves.
    pub(super) publish_shared: Option<Vec<(String, Template)>>,
}

/// A rule for some of what is on a computer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// For which releases: a URL, in which `*` stands for any characters; none for all.
    pub(super) release: Option<String>,
    /// For which software type; none for all, and for builds.
    pub(super) software_type: Option<String>,
    /// What it says.
    pub(super) said: Said,
}

/// How a simulated computer behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub(super) written: Given,
    pub(super) profile: Profile,
    pub(super) said: Said,
    pub(super) exceptions: Vec<Rule>,
}

/// What rules say of a release, built, or run as a software type.
#[derive(Debug, Clone, Copy)]
pub struct Applied<'r> {
    rules: &'r Rules,
    rule: Option<&'r Said>,
}

impl Default for Rules {
    fn default() -> Self {
        let profile = Profile::Healthy;
        Self {
            written: Given::from(profile.as_str()),
            profile,
            said: Said::default(),
            exceptions: Vec::new(),
        }
    }
}

impl Rules {
    /// What was written.
    pub const fn written(&self) -> &Given {
        &self.written
    }

    /// What is so where nothing else is said.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// What is said of the building of a release.
    pub fn of_build(&self, release: &str) -> Applied<'_> {
        self.applied(|rule| rule.software_type.is_none() && rule.is_of(release))
    }

    /// What is said of an instance of a release and a software type.
    pub fn of_instance(&self, release: &str, software_type: &str) -> Applied<'_> {
        self.applied(|rule| {
            let meant = rule.software_type.as_deref();
            meant.is_none_or(|meant| meant == software_type) && rule.is_of(release)
        })
    }

    fn applied(&self, is_meant: impl Fn(&Rule) -> bool) -> Applied<'_> {
        let rule = self.exceptions.iter().find(|rule| is_meant(rule));
        Applied {
            rules: self,
            rule: rule.map(|rule| &rule.said),
        }
    }
}

impl Rule {
    fn is_of(&self, release: &str) -> bool {
        self.release
            .as_deref()
            .is_none_or(|pattern| is_like(pattern, release))
    }
}

/// Whether a text is as a pattern, in which `*` stands for any characters.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

impl<'r> Applied<'r> {
    fn said<T>(self, of: impl Fn(&'r Said) -> Option<T>) -> Option<T> {
        self.rule.and_then(&of).or_else(|| of(&self.rules.said))
    }

    /// How long a task takes.
    pub fn time(self, task: Task) -> Spread {
        let said = self.said(|said| said.times.get(task as usize).copied().flatten());
        said.unwrap_or_else(|| self.rules.profile.time(task))
    }

    /// Whether an instance needs its software.
    pub fn needs_software(self) -> bool {
        self.said(|said| said.needs_software).unwrap_or(true)
    }

    /// What fails of builds.
    pub fn build_failure(self) -> Option<Failure> {
        let said = self.said(|said| said.build_failure.as_ref());
        said.map_or_else(|| self.rules.profile.build_failure(), Fails::given)
    }

    /// What fails of starts.
    pub fn start_failure(self) -> Option<Failure> {
        let said = self.said(|said| said.start_failure.as_ref());
        said.map_or_else(|| self.rules.profile.start_failure(), Fails::given)
    }

    /// What breaks down.
    pub fn breakdown(self) -> Option<Breakdown> {
        let said = self.said(|said| said.breakdown.as_ref());
        said.map_or_else(|| self.rules.profile.breakdown(), Fails::given)
    }

    /// What an instance publishes.
    pub fn publish(self) -> Option<&'r [(String, Template)]> {
        self.said(|said| said.publish.as_deref())
    }

    /// What is published for each shared instance that it serves.
    pub fn publish_shared(self) -> Option<&'r [(String, Template)]> {
        self.said(|said| said.publish_shared.as_deref())
    }
}

impl Profile {
    const fn time(self, task: Task) -> Spread {
        match (self, task) {
            (Self::Instant, Task::Retry) => Spread::seconds(10, 10),
            (Self::Instant, _) => Spread::seconds(0, 0),
            (Self::Slow, Task::Build) => Spread::seconds(600, 1800),
            (Self::Slow, Task::Start) => Spread::seconds(60, 300),
            (Self::Slow, _) => Spread::seconds(60, 60),
            (Self::Flaky, Task::Retry) => Spread::seconds(5, 10),
            (Self::Flaky, _) => Spread::seconds(1, 5),
            (_, Task::Build) => Spread::seconds(2, 2),
            (_, Task::Retry) => Spread::seconds(10, 10),
            (_, _) => Spread::seconds(1, 1),
        }
    }

    fn build_failure(self) -> Option<Failure> {
        let text = "simulated: the software cannot be built";
        match self {
            Self::BrokenBuild => Some(Failure::new(text, 1.0)),
            Self::Flaky => Some(Failure::new(text, 0.3)),
            Self::Healthy | Self::Instant | Self::Slow | Self::BrokenStart => None,
        }
    }

    fn start_failure(self) -> Option<Failure> {
        let text = "simulated: the instance cannot be started";
        match self {
            Self::BrokenStart => Some(Failure::new(text, 1.0)),
            Self::Flaky => Some(Failure::new(text, 0.3)),
            Self::Healthy | Self::Instant | Self::Slow | Self::BrokenBuild => None,
        }
    }

    fn breakdown(self) -> Option<Breakdown> {
        (self == Self::Flaky).then(|| Breakdown {
            after: Spread::seconds(60, 600),
            text: "simulated: the instance broke down".to_owned(),
        })
    }
}

impl Failure {
    fn new(text: &str, probability: f64) -> Self {
        Self {
            text: text.to_owned(),
            count: None,
            probability,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "a-c-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*b", "ab", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }
}
