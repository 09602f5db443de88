//! Waiting until something has happened, or is so.
//!
//! A wait looks, sleeps until the journal changes, and looks again: it costs nothing while nothing
//! happens, and its limit is real time, whatever the world's clock does.

use std::{ops::RangeInclusive, time::Duration};

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::{
    domain::{
        identifier::{ComputerReference, SoftwareReleaseUri},
        parameters::Parameters,
        standing::{InstanceStanding, SoftwareStanding, Standing, Standings},
        text::InvalidValue,
    },
    front::{State, redact},
    master::Master,
    mock::journal::{Filter, Journal},
};

use super::{
    super::{
        openapi::{Answer, Body, Key, Kind, Operation, may, need},
        problem::Problem,
        read::{self, Object},
        render,
    },
    LIMIT,
    filter::{self, NUMBER, NUMBERS},
    inside, shown,
};

/// How long is waited, in seconds, unless it is said.
const TIMEOUT_S: i64 = 30;
/// How long may be waited, in seconds.
const TIMEOUTS_S: RangeInclusive<i64> = 0..=300;
/// How many entries are looked at in one go.
const AT_ONCE: usize = 1024;

const SEEN: &str = "seen";
const NOTHING_WAITING: &str = "nothing_waiting";
/// How instances, software, computers and the world can be waited to stand.
const STANDINGS: [&str; 9] = [
    InstanceStanding::Allocated.as_str(),
    InstanceStanding::Started.as_str(),
    InstanceStanding::Stopped.as_str(),
    InstanceStanding::Error.as_str(),
    InstanceStanding::Destroyed.as_str(),
    SoftwareStanding::Available.as_str(),
    SoftwareStanding::Building.as_str(),
    SEEN,
    NOTHING_WAITING,
];
/// What is waited for to be so.
const STATE: &[Key] = &[
    may("is", Kind::Word(&STANDINGS)),
    may("instance", Kind::Text),
    may("connection", Kind::Dictionary),
    may("computer", Kind::Text),
    may("release", Kind::Text),
];
/// What is waited for.
const KEYS: &[Key] = &[
    may("entry", Kind::Object(filter::KEYS)),
    may("count", NUMBER),
    may("after", NUMBER),
    may("from_now", Kind::Flag),
    may("state", Kind::Object(STATE)),
    may("timeout_s", Kind::Integer(TIMEOUTS_S)),
];

/// `POST /_mock/v1/journal/wait`.
pub(in super::super) static WAIT: Operation = Operation {
    summary: "Wait until something has happened, or is so",
    query: &[],
    body: Body::Keys(KEYS),
    answer: Answer::Json(
        StatusCode::OK,
        &[&[
            may("matched", NUMBER),
            may("entries", Kind::List(shown::ENTRY)),
            may("seen", Kind::Texts),
            need("last", NUMBER),
        ]],
    ),
};

/// `POST /_mock/v1/journal/wait` with `{"entry": {…}, "count": n}` or `{"state": {…}}`, and
/// `timeout_s` (30): 200 once it has happened so often (behind number `after`, or `from_now`), or
/// is so.
///
/// Not within the time: 408, whose `detail` says what was seen, with the `entries` so far and the
/// `near_misses`. The world closes, or goes back to a snapshot: 503.
pub(in super::super) async fn wait(
    State(master): State<Master>,
    object: Object,
) -> Result<Response, Problem> {
    object.only(KEYS)?;
    let timeout_s = object.integer_in("timeout_s", &TIMEOUTS_S)?;
    let timeout_s = timeout_s.unwrap_or(TIMEOUT_S).unsigned_abs();
    let limit = Limit {
        seconds: timeout_s,
        at: Instant::now() + Duration::from_secs(timeout_s),
    };
    match (object.object("entry")?, object.object("state")?) {
        (Some(entry), None) => {
            let filter = filter::of_object(&entry).map_err(inside("entry"))?;
            let happening = Happening::read(&object, master.journal(), filter)?;
            happening.wait(master.journal(), limit, &entry).await
        }
        (None, Some(state)) => {
            for key in ["count", "after", "from_now"] {
                if object.members().any(|(given, _)| given == key) {
                    let reason = "is for `entry`, and means nothing with `state`";
                    return Err(InvalidValue::new(key, reason).into());
                }
            }
            let standing = standing(&state).map_err(inside("state"))?;
            wait_until_so(&master, limit, &standing).await
        }
        (Some(_), Some(_)) | (None, None) => {
            let reason = "names not one thing to wait for: either `entry` or `state` was expected";
            Err(InvalidValue::new("body", reason).into())
        }
    }
}

/// Until when is waited.
#[derive(Debug, Clone, Copy)]
struct Limit {
    seconds: u64,
    at: Instant,
}

impl Limit {
    /// Waits for the change; says why not.
    async fn wait(
        self,
        journal: &Journal,
        change: impl Future<Output = ()> + Send,
    ) -> Result<(), Problem> {
        if journal.is_ended() {
            let detail = "The world closes, or went back to a snapshot.";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        timeout_at(self.at, change).await.map_err(|_| {
            let detail = format!("did not happen within {} s", self.seconds);
            Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
        })
    }
}

/// Something that has to happen a number of times.
struct Happening {
    filter: Filter,
    count: u64,
    after: u64,
}

impl Happening {
    fn read(object: &Object, journal: &Journal, filter: Filter) -> Result<Self, InvalidValue> {
        let after = object.integer_in("after", &NUMBERS)?;
        let count = object.integer_in("count", &(1..=i64::MAX))?;
        let after = match (after, object.flag("from_now")?) {
            (Some(_), Some(true)) => {
                let reason = "was given with `after`, one of the two was expected";
                return Err(InvalidValue::new("from_now", reason));
            }
            (None, Some(true)) => journal.size().last,
            (after, _) => after.map_or(0, i64::unsigned_abs),
        };
        Ok(Self {
            filter,
            count: count.map_or(1, i64::unsigned_abs),
            after,
        })
    }

    async fn wait(
        self,
        journal: &Journal,
        limit: Limit,
        asked: &Object,
    ) -> Result<Response, Problem> {
        let mut read_up_to = self.after;
        let mut matched = 0;
        let mut entries: Vec<Value> = Vec::new();
        loop {
            let change = journal.next_change();
            loop {
                let batch = journal.after(read_up_to, AT_ONCE);
                read_up_to = batch.last;
                if batch.entries.is_empty() {
                    break;
                }
                for entry in &batch.entries {
                    if matched < self.count && self.filter.admits(entry, redact::words) {
                        matched += 1;
                        if entries.len() < LIMIT {
                            entries.push(shown::entry(entry));
                        }
                        // Where somebody goes on from, to see what comes behind it.
                        read_up_to = entry.sequence;
                    }
                }
                if matched >= self.count {
                    let last = read_up_to;
                    let answer = json!({ "matched": matched, "entries": entries, "last": last });
                    return Ok(render::json(StatusCode::OK, &answer));
                }
                read_up_to = batch.last;
            }
            if let Err(problem) = limit.wait(journal, change).await {
                let near = shown::near_misses(journal, &self.filter, self.after);
                let detail = format!(
                    "{} of {} of {} happened; {}",
                    matched,
                    self.count,
                    filter::in_words(Some(asked)),
                    shown::in_words(&near),
                );
                return Err(problem
                    .with_detail(&detail)
                    .with_member("matched", matched)
                    .with_member("entries", Value::Array(entries))
                    .with_member("near_misses", shown::values(near))
                    .with_member("last", read_up_to));
            }
        }
    }
}

async fn wait_until_so(
    master: &Master,
    limit: Limit,
    standing: &Standing,
) -> Result<Response, Problem> {
    let journal = master.journal();
    let mut found: Option<Standings> = None;
    let mut read_up_to = journal.size().last;
    loop {
        let event = journal.next_event();
        // An event that is about something else leaves it as it was.
        let mut may_differ = found.is_none();
        loop {
            let batch = journal.after(read_up_to, AT_ONCE);
            read_up_to = batch.last;
            may_differ |= batch.lost > 0;
            if batch.entries.is_empty() {
                break;
            }
            let mut events = batch.entries.iter().filter_map(|entry| entry.event());
            may_differ |= events.any(|event| standing.may_follow(&event.about));
        }
        let standings = match found.take() {
            Some(standings) if !may_differ => standings,
            Some(_) | None => master.standing(standing).await?,
        };
        if standings.holds {
            let last = journal.size().last;
            let answer = json!({ "seen": standings.seen, "last": last });
            return Ok(render::json(StatusCode::OK, &answer));
        }
        if let Err(problem) = limit.wait(journal, event).await {
            return Err(problem
                .with_detail(&standings.seen.join("; "))
                .with_member("seen", standings.seen)
                .with_member("last", journal.size().last));
        }
        found = Some(standings);
    }
}

/// What has to be so.
fn standing(object: &Object) -> Result<Standing, InvalidValue> {
    object.only(STATE)?;
    let is = object.text("is")?;
    let is = is
        .map(|text| read::word("is", text, &STANDINGS))
        .transpose()?;
    let connection = connection(object)?;
    let computer = object.text("computer")?;
    let computer = computer.map(|text| ComputerReference::parse("computer", text));
    let release = object.text("release")?;
    let release = release.map(|text| SoftwareReleaseUri::parse("release", text));
    let no_such = |of: &str| {
        let found = is.map_or_else(|| "is missing".to_owned(), |is| format!("is `{is}`"));
        InvalidValue::new("is", format!("{found}, how {of} stands was expected"))
    };
    let told = (
        object.text("instance")?,
        computer.transpose()?,
        release.transpose()?,
    );
    match told {
        (Some(name), None, None) => {
            let is = match is {
                None if connection.is_empty() => return Err(no_such("an instance")),
                None => None,
                Some(word) => Some(word.parse().map_err(|_| no_such("an instance"))?),
            };
            Ok(Standing::Instance {
                name: name.to_owned(),
                is,
                connection,
            })
        }
        (_, _, _) if !connection.is_empty() => {
            let reason =
                "is what an instance publishes: `instance` was expected beside it, and no computer";
            Err(InvalidValue::new("connection", reason))
        }
        (None, Some(computer), Some(release)) => Ok(Standing::Software {
            computer,
            release,
            is: is
                .and_then(|word| word.parse().ok())
                .ok_or_else(|| no_such("software"))?,
        }),
        (None, Some(computer), None) if is == Some(SEEN) => Ok(Standing::Seen(computer)),
        (None, Some(_), None) => Err(no_such("a computer")),
        (None, None, None) if is == Some(NOTHING_WAITING) => Ok(Standing::NothingWaiting),
        (Some(_), _, _) | (None, None, _) => Err(InvalidValue::new(
            "instance",
            "and what is beside it name nothing that can stand so: `instance`, `computer` with `release`, `computer`, \
             or nothing beside `nothing_waiting` was expected",
        )),
    }
}

fn connection(object: &Object) -> Result<Parameters, InvalidValue> {
    let mut parameters = Parameters::new();
    let given = object.object("connection")?;
    for (key, value) in given.iter().flat_map(Object::members) {
        let text = value.as_str().ok_or_else(|| {
            let reason = format!("is {}, a text was expected", read::kind(value));
            InvalidValue::new(format!("connection.{key}"), reason)
        })?;
        parameters.insert(key, text);
    }
    Ok(parameters)
}
