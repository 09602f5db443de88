use std::{borrow::Cow, future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;

use super::*;
use crate::domain::{
    event::{About, EventKind},
    identifier::{ComputerReference, InstanceReference, PartitionReference, Title},
};

fn event(subject: &str, text: &str) -> Event {
    Event {
        at: Timestamp::from_seconds(0),
        kind: EventKind::ComputerMade,
        subject: subject.to_owned(),
        about: About::default(),
        text: text.to_owned(),
        by_simulation: false,
    }
}

fn call(body: &Bytes) -> Call {
    Call {
        method: Cow::Borrowed("GET"),
        target: Unredacted::new(Bytes::from_static(b"/getRunId")),
        dialect: Some("slap"),
        name: Some("getRunId"),
        caller: None,
        computer: Some("COMP-1".to_owned()),
        partition: None,
        instance: None,
        rule: None,
        status: Some(200),
        duration: Duration::ZERO,
        request_body: Body::default(),
        response_body: Body {
            media_type: None,
            length: 0,
            beginning: Unredacted::new(body.clone()),
        },
    }
}

fn limits(entries: usize, bytes: usize) -> Journal {
    Journal::new(JournalLimits {
        entries,
        bytes,
        ..JournalLimits::default()
    })
}

fn sequences(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.sequence).collect()
}

fn fill(journal: &Journal, count: usize) {
    for _ in 0..count {
        journal.happened(None, event("COMP-1", "x"));
    }
}

#[test]
fn the_oldest_of_a_million_entries_go_and_are_counted() {
    let journal = Journal::default();
    fill(&journal, 1_000_000);
    let size = journal.size();
    assert_eq!(size.entries, JournalLimits::default().entries);
    assert_eq!((size.gone, size.last), (990_000, 1_000_000));
    assert!(size.bytes <= JournalLimits::default().bytes, "{size:?}");
    assert_eq!(journal.about("COMP-1").len(), 10_000);
    let batch = journal.after(0, 1);
    assert_eq!((batch.lost, batch.last), (990_000, 990_001));
}

#[test]
fn bytes_are_bounded_and_long_texts_are_cut() {
    let journal = limits(1000, 300_000);
    for _ in 0..10 {
        journal.happened(None, event("x", &"é".repeat(TEXT_BYTES)));
    }
    let size = journal.size();
    assert_eq!((size.entries, size.gone), (4, 6));
    assert!(
        size.bytes <= 300_000 && size.bytes > 4 * TEXT_BYTES,
        "{size:?}"
    );
    assert_eq!(journal.about("x")[0].text.len(), TEXT_BYTES);
    journal.clear();
    assert_eq!(journal.size().bytes, 0);
}

#[test]
fn what_is_answered_from_memory_is_kept_once() {
    let journal = limits(10, 1 << 20);
    let body = Bytes::from(vec![b'x'; 1000]);
    let at = Timestamp::default();
    journal.called(at, None, call(&body));
    let one = journal.size().bytes;
    for _ in 0..3 {
        journal.called(at, None, call(&body));
    }
    let four = journal.size().bytes;
    assert_eq!((four - one) % 3, 0);
    assert_eq!(
        (four - one) / 3 + 1000,
        one,
        "only the first pays for the body"
    );
    fill(&journal, 10);
    assert!(
        journal.size().bytes < 10 * (one - 1000),
        "the last took the body with it"
    );
    journal.called(at, None, call(&body));
    journal.clear();
    assert_eq!(journal.size().bytes, 0);
}

#[test]
fn numbers_go_on_after_everything_was_taken_away() {
    let journal = Journal::default();
    fill(&journal, 2);
    journal.clear();
    fill(&journal, 1);
    let batch = journal.after(0, 10);
    assert_eq!((sequences(&batch.entries), batch.lost), (vec![3], 2));
    assert_eq!(journal.after(3, 10).last, 3);
}

#[test]
fn a_journal_that_goes_back_gives_no_number_twice() {
    let journal = Journal::default();
    fill(&journal, 2);
    let state = journal.state();
    fill(&journal, 2);
    let bytes = journal.size().bytes;
    let other = journal.continued(&state);
    assert_eq!(other.size().bytes * 2, bytes);
    // What still runs in the world as it was ends there.
    fill(&journal, 1);
    fill(&other, 1);
    let batch = other.after(0, 10);
    assert_eq!(sequences(&batch.entries), [1, 2, 6]);
    assert_eq!(batch.lost, 0);
    // Who had read up to the third learns that two are gone.
    assert_eq!(other.after(3, 10).lost, 2);
    // A copy in another world begins behind what it was given.
    let copy = Journal::default().continued(&other.state());
    fill(&copy, 1);
    assert_eq!(sequences(&copy.after(2, 10).entries), [6, 7]);
}

#[test]
fn entries_are_selected_from_either_end() {
    let journal = Journal::default();
    fill(&journal, 3 * READ_AT_ONCE);
    let rare = |entry: &Entry| entry.sequence.is_multiple_of(1000);
    let select = |between, order, limit| sequences(&journal.select(between, order, limit, rare));
    let all = (0, u64::MAX);
    assert_eq!(select(all, Order::Oldest, 2), [1000, 2000]);
    assert_eq!(select(all, Order::Newest, 2), [3000, 2000]);
    assert_eq!(select((1000, 3000), Order::Oldest, 9), [2000]);
    assert_eq!(select((1000, 3000), Order::Newest, 9), [2000]);
    assert_eq!(select((9999, 3), Order::Newest, 9), [0_u64; 0]);
}

#[tokio::test]
async fn a_change_between_looking_and_waiting_is_not_missed() {
    let journal = Journal::default();
    let is_ready = async |future: &mut std::pin::Pin<&mut (dyn Future<Output = ()> + Send)>| {
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    };
    let mut event_waited = pin!(journal.next_event());
    let mut change_waited = pin!(journal.next_change());
    let mut event_waited: std::pin::Pin<&mut (dyn Future<Output = ()> + Send)> =
        event_waited.as_mut();
    let mut change_waited: std::pin::Pin<&mut (dyn Future<Output = ()> + Send)> =
        change_waited.as_mut();
    journal.called(Timestamp::default(), None, call(&Bytes::new()));
    assert!(is_ready(&mut change_waited).await);
    assert!(!is_ready(&mut event_waited).await, "a call is no event");
    journal.happened(None, event("x", "x"));
    assert!(is_ready(&mut event_waited).await);
    let ended = journal.clone();
    let mut waited = pin!(ended.next_event());
    let mut waited: std::pin::Pin<&mut (dyn Future<Output = ()> + Send)> = waited.as_mut();
    assert!(!is_ready(&mut waited).await);
    journal.end();
    assert!(is_ready(&mut waited).await && journal.is_ended());
}

/// The words of an entry, as a front would say them.
fn words(entry: &Entry) -> String {
    match &entry.what {
        What::Event(event) => event.text.clone(),
        What::Call(call) => String::from_utf8_lossy(call.target.raw()).into_owned(),
    }
}

/// An event and a call about everything that can be asked for.
fn samples() -> (Entry, Entry) {
    let about = About {
        computer: Some(ComputerReference::trusted("COMP-1".to_owned())),
        partition: Some(PartitionReference::trusted("slappart0".to_owned())),
        instance: Some(InstanceReference::trusted("SOFTINST-1".to_owned())),
        title: Some(Title::trusted("web".to_owned())),
        tree: None,
        release: None,
    };
    let request = Some(RequestId {
        process: 0xab,
        count: 7,
    });
    let happened = Event {
        kind: EventKind::InstanceStarted,
        about,
        ..event("SOFTINST-1", "instance `web` reported started")
    };
    let called = Call {
        caller: Some("COMP-1/slappart0".to_owned()),
        partition: Some("slappart0".to_owned()),
        instance: Some("web".to_owned()),
        rule: Some("slow".to_owned()),
        status: Some(404),
        ..call(&Bytes::new())
    };
    let entry = |what| Entry {
        sequence: 1,
        at: Timestamp::from_seconds(100),
        request,
        what,
    };
    (
        entry(What::Event(Box::new(happened))),
        entry(What::Call(Box::new(called))),
    )
}

#[test]
fn every_condition_holds_for_what_is_so_and_no_other() {
    let (happened, called) = samples();
    let text = str::to_owned;
    let at = Timestamp::from_seconds;
    let mut keys = Vec::new();
    let mut check = |condition: Condition, of_event: bool, of_call: bool| {
        let filter = Filter::new(vec![condition.clone()]);
        assert_eq!(filter.admits(&happened, words), of_event, "{condition:?}");
        assert_eq!(filter.admits(&called, words), of_call, "{condition:?}");
        keys.push(condition.key());
    };
    check(Condition::Kind(Kind::Event), true, false);
    check(Condition::Kind(Kind::Call), false, true);
    check(Condition::Event(EventKind::InstanceStarted), true, false);
    check(Condition::Event(EventKind::InstanceStopped), false, false);
    check(Condition::Dialect(text("slap")), false, true);
    check(Condition::Dialect(text("web")), false, false);
    check(Condition::Call(text("getRunId")), false, true);
    check(Condition::Call(text("getRun")), false, false);
    check(Condition::Caller(text("COMP-1/slappart0")), false, true);
    check(Condition::Caller(text("COMP-1")), false, false);
    check(Condition::Computer(text("COMP-1")), true, true);
    check(Condition::Computer(text("COMP-2")), false, false);
    check(Condition::Partition(text("slappart0")), true, true);
    check(Condition::Partition(text("slappart1")), false, false);
    check(Condition::Instance(text("web")), true, true);
    check(Condition::Instance(text("SOFTINST-1")), true, false);
    check(Condition::Instance(text("db")), false, false);
    check(Condition::Subject(text("SOFTINST-1")), true, false);
    check(Condition::Subject(text("web")), false, false);
    check(Condition::Release(text("x")), false, false);
    check(Condition::Status(StatusFilter::Exactly(404)), false, true);
    check(Condition::Status(StatusFilter::Exactly(200)), false, false);
    check(Condition::Status(StatusFilter::Class(4)), false, true);
    check(Condition::Status(StatusFilter::Class(5)), false, false);
    check(Condition::Status(StatusFilter::Unanswered), false, false);
    check(Condition::Rule(text("slow")), false, true);
    check(Condition::Rule(text("fast")), false, false);
    check(Condition::Request(text("000000ab-7")), true, true);
    check(Condition::Request(text("000000ab-8")), false, false);
    check(Condition::Text(text("reported")), true, false);
    check(Condition::Text(text("RunId")), false, true);
    check(Condition::Since(at(100)), true, true);
    check(Condition::Since(at(101)), false, false);
    check(Condition::Until(at(101)), true, true);
    check(Condition::Until(at(100)), false, false);
    keys.dedup();
    assert_eq!(keys.len(), 16, "a condition without a case: {keys:?}");
}

#[test]
fn a_near_miss_differs_in_one_thing_and_says_in_which() {
    let (happened, called) = samples();
    let text = str::to_owned;
    let started = Condition::Event(EventKind::InstanceStarted);
    let stopped = Condition::Event(EventKind::InstanceStopped);
    let check = |conditions: Vec<Condition>, of: &Entry, expected: Option<(&str, Option<&str>)>| {
        let filter = Filter::new(conditions);
        let miss = filter.near_miss(of, words);
        let told = miss
            .as_ref()
            .map(|miss| (miss.condition.key(), miss.actual.as_deref()));
        assert_eq!(told, expected, "{filter:?}");
    };
    let web = || Condition::Instance(text("web"));
    check(vec![started.clone(), web()], &happened, None);
    check(
        vec![stopped.clone(), web()],
        &happened,
        Some(("event", Some("instance_started"))),
    );
    check(
        vec![started.clone(), Condition::Instance(text("db"))],
        &happened,
        Some(("instance", Some("web"))),
    );
    check(
        vec![stopped, Condition::Instance(text("db"))],
        &happened,
        None,
    );
    check(
        vec![
            Condition::Call(text("getRunId")),
            Condition::Status(StatusFilter::Exactly(200)),
        ],
        &called,
        Some(("status", Some("404"))),
    );
    // That it is no event at all is not near.
    check(vec![started, web()], &called, None);
    // Asked for one thing only, everything else differs in it alone: only what is spelt so counts.
    check(
        vec![Condition::Call(text("getRunid"))],
        &called,
        Some(("call", Some("getRunId"))),
    );
    check(vec![Condition::Call(text("supplySupply"))], &called, None);
    check(vec![Condition::Call(text("getRunId"))], &happened, None);
    check(
        vec![Condition::Status(StatusFilter::Class(2))],
        &called,
        None,
    );
}

#[test]
fn nothing_that_may_be_secret_is_shown_by_chance() {
    let body = Bytes::from_static(b"hunter2");
    let journal = Journal::default();
    journal.called(Timestamp::default(), None, call(&body));
    let shown = format!("{:?} {:?}", journal, journal.after(0, 9));
    assert!(
        !shown.contains("hunter2") && !shown.contains("104, 117"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_happens_because_of_a_request_knows_its_id() {
    let id = Some(RequestId {
        process: 1,
        count: 2,
    });
    assert_eq!(of_request(id, async { request() }).await, id);
    assert_eq!(request(), None);
}
