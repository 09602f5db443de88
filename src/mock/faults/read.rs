//! Rules as they are written, in fixtures and for the control surface, read strictly; and written
//! again.

use std::ops::RangeInclusive;

use super::rule::{
    CallPattern, CallerMatch, Effect, Match, Replacement, Rule, RuleName, Turn, When,
};
use crate::domain::{
    call::{self, Dialect},
    given::{Given, Read, Reading, suggestion},
    time::Timestamp,
};

/// The keys of a rule.
pub const RULE_KEYS: [&str; 10] = [
    "name",
    "match",
    "effect",
    "when",
    "count",
    "sequence",
    "probability",
    "from",
    "until",
    "lifetime_s",
];
/// The keys of `match`.
pub const MATCH_KEYS: [&str; 7] = [
    "call",
    "dialect",
    "caller",
    "computer",
    "partition",
    "title",
    "nth",
];
/// The keys of `caller`.
pub const CALLER_KEYS: [&str; 2] = ["kind", "reference"];
/// The keys of `effect`.
pub const EFFECT_KEYS: [&str; 9] = [
    "delay_ms",
    "status",
    "headers",
    "body",
    "not_ready",
    "cold_cache",
    "drop",
    "cut_after_bytes",
    "stale",
];

/// The longest delay: ten minutes, in milliseconds.
pub const MOST_DELAY_MS: u64 = 600_000;
/// The longest body of an answer, in bytes.
pub const MOST_BODY_BYTES: usize = 32 * 1024;
/// The statuses that an answer may have.
pub const STATUSES: RangeInclusive<u64> = 200..=599;
/// How many bytes of an answer may be sent before it is cut.
pub const MOST_CUT_BYTES: u64 = 1024 * 1024 * 1024;
/// How often something may be counted; also the longest lifetime in seconds.
pub const MOST_COUNTED: u64 = 1_000_000_000;
/// How many items a list in a rule may have.
pub const MOST_ITEMS: usize = 1_000;
/// How long a text in a rule may be, in bytes; a body may be longer.
const MOST_TEXT_BYTES: usize = 4 * 1024;
/// How many headers an answer may be given.
const MOST_HEADERS: usize = 32;

/// Headers that say where an answer ends, or which it is: they stay as they are.
const KEPT_HEADERS: [&str; 5] = [
    "connection",
    "content-length",
    "date",
    "transfer-encoding",
    "x-request-id",
];

/// A rule as it was written: with the name that it was given, if it was.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenRule {
    /// Its name.
    pub name: Option<RuleName>,
    /// What it says.
    pub rule: Rule,
}

impl WrittenRule {
    /// Reads a rule.
    pub fn read(given: &Given) -> Read<Self> {
        let whole = Reading::of("rule", given);
        whole.only(&RULE_KEYS)?;
        let number = |key| read_integer(&whole, key, 1..=MOST_COUNTED);
        let effect = read_effect(&whole.need("effect", "what the rule does")?)?;
        let rule = Rule {
            matching: whole
                .get("match")
                .map_or(Ok(Match::default()), |given| read_match(&given))?,
            when: read_when(whole.get("when"), &effect)?,
            effect,
            count: number("count")?,
            sequence: whole
                .get("sequence")
                .map(|given| read_sequence(&given))
                .transpose()?,
            probability: whole
                .get("probability")
                .map(|given| given.fraction())
                .transpose()?,
            from: whole.get("from").map(|given| given.time()).transpose()?,
            until: whole.get("until").map(|given| given.time()).transpose()?,
            lifetime_s: number("lifetime_s")?,
        };
        if let (Some(from), Some(until), Some(given)) = (rule.from, rule.until, whole.get("until"))
            && until <= from
        {
            return Err(given.refused("is not after `from`, a later time was expected"));
        }
        let name = whole.get("name");
        let name = name.map(|name| RuleName::read(&name)).transpose()?;
        Ok(Self { name, rule })
    }
}

fn read_integer(of: &Reading<'_>, key: &str, bounds: RangeInclusive<u64>) -> Read<Option<u64>> {
    let given = of.get(key);
    given.map(|given| given.integer(bounds)).transpose()
}

fn read_text(of: &Reading<'_>, key: &str) -> Read<Option<String>> {
    let given = of.get(key);
    given
        .map(|given| given.short_text(MOST_TEXT_BYTES).map(str::to_owned))
        .transpose()
}

/// The items of a list, or this alone; neither none nor too many.
fn read_items<'g>(given: &Reading<'g>) -> Read<Vec<Reading<'g>>> {
    let items = given.one_or_more()?;
    if items.is_empty() || items.len() > MOST_ITEMS {
        let found = items.len();
        return Err(given.refused(format!(
            "has {found} items, 1 to {MOST_ITEMS} were expected"
        )));
    }
    Ok(items)
}

fn read_match(given: &Reading<'_>) -> Read<Match> {
    given.only(&MATCH_KEYS)?;
    let dialect = given.get("dialect");
    let dialect = dialect.map(|given| given.word()).transpose()?;
    let calls = given.get("call").map_or(Ok(Vec::new()), |given| {
        let items = read_items(&given)?;
        items.iter().map(|item| read_call(item, dialect)).collect()
    })?;
    let nth = given.get("nth").map_or(Ok(Vec::new()), |given| {
        let items = read_items(&given)?;
        items
            .iter()
            .map(|item| item.integer(1..=MOST_COUNTED))
            .collect()
    })?;
    Ok(Match {
        calls,
        dialect,
        caller: given
            .get("caller")
            .map(|given| read_caller(&given))
            .transpose()?,
        computer: read_text(given, "computer")?,
        partition: read_text(given, "partition")?,
        title: read_text(given, "title")?,
        nth,
    })
}

/// A call that there is, or the beginning of several: a misspelt one would never be made.
fn read_call(given: &Reading<'_>, dialect: Option<Dialect>) -> Read<CallPattern> {
    let text = given.short_text(MOST_TEXT_BYTES)?;
    let beginning = text.strip_suffix('*');
    let pattern = CallPattern {
        name: beginning.unwrap_or(text).to_owned(),
        is_beginning: beginning.is_some(),
    };
    let known = || {
        let dialects = Dialect::ALL.iter().copied();
        dialects
            .filter(move |one| dialect.is_none_or(|dialect| dialect == *one))
            .flat_map(|dialect| call::names(dialect).iter().copied())
    };
    if known().any(|name| pattern.means(name)) {
        return Ok(pattern);
    }
    let of = dialect.map_or_else(String::new, |dialect| {
        format!(" of the dialect `{dialect}`")
    });
    let near = suggestion(text, known());
    Err(given.refused(format!(
        "is `{text}`, which is no call{of}{near}; the name of a call was expected, or its \
         beginning and `*`"
    )))
}

fn read_caller(given: &Reading<'_>) -> Read<CallerMatch> {
    given.only(&CALLER_KEYS)?;
    let caller = CallerMatch {
        kind: given.get("kind").map(|given| given.word()).transpose()?,
        reference: read_text(given, "reference")?,
    };
    if caller.kind.is_none() && caller.reference.is_none() {
        return Err(given.refused("says nothing, `kind` or `reference` was expected"));
    }
    Ok(caller)
}

fn read_sequence(given: &Reading<'_>) -> Read<Vec<Turn>> {
    read_items(given)?.iter().map(Reading::word).collect()
}

fn read_when(given: Option<Reading<'_>>, effect: &Effect) -> Read<When> {
    let needs_answer = effect
        .answer
        .as_ref()
        .is_some_and(Replacement::needs_answer);
    match given {
        None if needs_answer => Ok(When::After),
        None => Ok(When::Before),
        Some(given) => {
            let when = given.word()?;
            if needs_answer && when == When::Before {
                return Err(given.refused(
                    "is `before`, `after` was expected: the effect is made of the call's own answer",
                ));
            }
            Ok(when)
        }
    }
}

fn read_effect(given: &Reading<'_>) -> Read<Effect> {
    const ANSWERS: [&str; 6] = [
        "status",
        "not_ready",
        "cold_cache",
        "drop",
        "cut_after_bytes",
        "stale",
    ];
    given.only(&EFFECT_KEYS)?;
    let mut chosen: Option<&str> = None;
    for key in ANSWERS {
        let Some(value) = given.get(key) else {
            continue;
        };
        if !matches!(key, "status" | "cut_after_bytes") && !value.flag()? {
            continue;
        }
        if let Some(other) = chosen {
            return Err(value.refused(format!("is there beside `{other}`, one was expected")));
        }
        chosen = Some(key);
    }
    for key in ["headers", "body"] {
        if let (Some(value), true) = (given.get(key), chosen != Some("status")) {
            return Err(value.refused("is there without `status`, both were expected"));
        }
    }
    let answer = match chosen {
        None => None,
        Some("not_ready") => Some(Replacement::NotReady),
        Some("cold_cache") => Some(Replacement::ColdCache),
        Some("drop") => Some(Replacement::Drop),
        Some("stale") => Some(Replacement::Stale),
        Some("cut_after_bytes") => {
            let value = given.need("cut_after_bytes", "a number")?;
            Some(Replacement::Cut {
                after_bytes: value.integer(0..=MOST_CUT_BYTES)?,
            })
        }
        Some(_) => Some(read_status(given)?),
    };
    let delay_ms = given
        .get("delay_ms")
        .map(|given| read_delay(&given))
        .transpose()?;
    if delay_ms.is_none() && answer.is_none() {
        let expected = ANSWERS.join("`, `");
        return Err(given.refused(format!(
            "does nothing, `delay_ms` or one of `{expected}` was expected"
        )));
    }
    Ok(Effect { delay_ms, answer })
}

/// A number of milliseconds, or the least and the most.
fn read_delay(given: &Reading<'_>) -> Read<RangeInclusive<u64>> {
    let items = given.one_or_more()?;
    let bounds: Vec<u64> = items
        .iter()
        .map(|item| item.integer(0..=MOST_DELAY_MS))
        .collect::<Read<_>>()?;
    match (bounds.as_slice(), given.value()) {
        ([both], Given::Integer(_)) => Ok(*both..=*both),
        ([least, most], _) if least <= most => Ok(*least..=*most),
        _ => Err(given.refused(
            "is no range, a number of milliseconds or a list of the least and the most was expected",
        )),
    }
}

fn read_status(given: &Reading<'_>) -> Read<Replacement> {
    let status = given.need("status", "a status")?.integer(STATUSES)?;
    let body = given.get("body").map(|given| {
        let text = given.text()?;
        if text.len() > MOST_BODY_BYTES {
            let length = text.len();
            let reason = format!("has {length} bytes, at most {MOST_BODY_BYTES} were expected");
            return Err(given.refused(reason));
        }
        Ok(text.to_owned())
    });
    let headers = given.get("headers").map_or(Ok(Vec::new()), |given| {
        let pairs = given.pairs()?;
        if pairs.len() > MOST_HEADERS {
            let found = pairs.len();
            return Err(given.refused(format!(
                "has {found} keys, at most {MOST_HEADERS} were expected"
            )));
        }
        pairs
            .into_iter()
            .map(|(name, value)| read_header(name, &value))
            .collect()
    })?;
    Ok(Replacement::Status {
        status: u16::try_from(status).unwrap_or(500),
        headers,
        body: body.transpose()?,
    })
}

fn read_header(name: &str, value: &Reading<'_>) -> Read<(String, String)> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(is_token) {
        return Err(value.refused("is no name of a header"));
    }
    let name = name.to_ascii_lowercase();
    if KEPT_HEADERS.contains(&name.as_str()) {
        return Err(value.refused("cannot be set: it says where an answer ends, or which it is"));
    }
    let text = value.text()?;
    if text.len() > MOST_TEXT_BYTES || !text.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(value.refused(format!(
            "is no value of a header, at most {MOST_TEXT_BYTES} printable ASCII characters were \
             expected"
        )));
    }
    Ok((name, text.to_owned()))
}

impl Rule {
    /// The rule as it is written, under this name: what is read again as the same.
    pub fn written(&self, name: &RuleName) -> Given {
        let mut pairs = vec![("name", Given::from(name.as_str()))];
        let matching = self.matching.written();
        if !matching.is_empty() {
            pairs.push(("match", map(matching)));
        }
        pairs.push(("effect", map(self.effect.written())));
        pairs.push(("when", self.when.as_str().into()));
        let mut put = |key, value: Option<Given>| pairs.extend(value.map(|value| (key, value)));
        put("count", self.count.map(Given::from));
        put(
            "sequence",
            self.sequence
                .as_ref()
                .map(|turns| Given::List(turns.iter().map(|turn| turn.as_str().into()).collect())),
        );
        put("probability", self.probability.map(Given::Float));
        let time = |at: Option<Timestamp>| at.and_then(Timestamp::rfc3339).map(Given::Text);
        put("from", time(self.from));
        put("until", time(self.until));
        put("lifetime_s", self.lifetime_s.map(Given::from));
        map(pairs)
    }
}

impl Match {
    fn written(&self) -> Vec<(&'static str, Given)> {
        let mut pairs = Vec::new();
        let mut put = |key, value: Option<Given>| pairs.extend(value.map(|value| (key, value)));
        let text = |text: &Option<String>| text.as_deref().map(Given::from);
        let calls = self.calls.iter().map(|call| Given::Text(call.to_string()));
        put("call", some_list(calls));
        put(
            "dialect",
            self.dialect.map(|dialect| dialect.as_str().into()),
        );
        put(
            "caller",
            self.caller.as_ref().map(|caller| {
                let kind = caller.kind.map(|kind| ("kind", kind.as_str().into()));
                let reference = text(&caller.reference).map(|reference| ("reference", reference));
                map(kind.into_iter().chain(reference))
            }),
        );
        put("computer", text(&self.computer));
        put("partition", text(&self.partition));
        put("title", text(&self.title));
        put("nth", some_list(self.nth.iter().copied().map(Given::from)));
        pairs
    }
}

impl Effect {
    fn written(&self) -> Vec<(&'static str, Given)> {
        let mut pairs = Vec::new();
        if let Some(bounds) = &self.delay_ms {
            let (least, most) = (*bounds.start(), *bounds.end());
            let delay = if least == most {
                least.into()
            } else {
                Given::List(vec![least.into(), most.into()])
            };
            pairs.push(("delay_ms", delay));
        }
        let yes = Given::Flag(true);
        match &self.answer {
            None => {}
            Some(Replacement::NotReady) => pairs.push(("not_ready", yes)),
            Some(Replacement::ColdCache) => pairs.push(("cold_cache", yes)),
            Some(Replacement::Drop) => pairs.push(("drop", yes)),
            Some(Replacement::Stale) => pairs.push(("stale", yes)),
            Some(Replacement::Cut { after_bytes }) => {
                pairs.push(("cut_after_bytes", (*after_bytes).into()));
            }
            Some(Replacement::Status {
                status,
                headers,
                body,
            }) => {
                pairs.push(("status", u64::from(*status).into()));
                if !headers.is_empty() {
                    let headers = headers.iter();
                    let headers =
                        headers.map(|(name, value)| (name.as_str(), value.as_str().into()));
                    pairs.push(("headers", map(headers)));
                }
                pairs.extend(body.as_deref().map(|body| ("body", body.into())));
            }
        }
        pairs
    }
}

fn map<'k>(pairs: impl IntoIterator<Item = (&'k str, Given)>) -> Given {
    let pairs = pairs.into_iter();
    Given::Map(pairs.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn some_list(items: impl Iterator<Item = Given>) -> Option<Given> {
    let items: Vec<Given> = items.collect();
    (!items.is_empty()).then_some(Given::List(items))
}
