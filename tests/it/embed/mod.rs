//! A master in the process of a test: started, asked, and ended with its value.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::json;
use slapmaster::{
    domain::behaviour::Preset,
    embed::{Entries, Fault, Method, Slapmaster, Standing, StartError},
};

use crate::support::{
    http::get,
    process::address,
    tls::{Client, Pair},
};

/// The example that is shown to others, run as it stands there.
#[path = "../../../examples/rust/embedded.rs"]
mod example;

const WORLD: &str = "computers: [{reference: COMP-1, partitions: 2}]";

fn start() -> Slapmaster {
    Slapmaster::builder().fixture(WORLD).start().unwrap()
}

fn at(master: &Slapmaster) -> SocketAddr {
    address(master.url())
}

#[test]
fn ten_masters_run_beside_each_other_and_share_nothing() {
    let masters: Vec<Slapmaster> = thread::scope(|scope| {
        let starts: Vec<_> = (0..10).map(|_| scope.spawn(start)).collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    let mut seen: Vec<String> = Vec::new();
    thread::scope(|scope| {
        for (number, master) in masters.iter().enumerate() {
            scope.spawn(move || {
                for _ in 0..=number {
                    assert_eq!(get(at(master), "/getRunId").status, 200);
                }
                let now = format!("20{:02}-01-01T00:00:00Z", 30 + number);
                master.clock().freeze_at(now.as_str()).get().unwrap();
            });
        }
    });
    for (number, master) in masters.iter().enumerate() {
        let calls = Entries::calls("getRunId");
        let count = u64::try_from(number + 1).unwrap();
        master
            .journal()
            .verify_exactly(count, &calls)
            .get()
            .unwrap();
        let told = master.clock().read().get().unwrap();
        assert_eq!(
            told.now.rfc3339().unwrap(),
            format!("20{}-01-01T00:00:00Z", 30 + number)
        );
        seen.push(get(at(master), "/getRunId").body);
        seen.push(master.database().display().to_string());
        seen.push(master.url().to_owned());
    }
    seen.sort();
    let all = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), all, "{seen:?}");
}

/// Nothing listens there, and the file is gone.
fn ended(at: SocketAddr, database: &Path) {
    TcpStream::connect(at).unwrap_err();
    TcpListener::bind(at).unwrap();
    assert!(!database.exists(), "{}", database.display());
}

#[test]
fn what_is_dropped_frees_its_port_and_removes_its_database() {
    let master = start();
    let (at, database) = (at(&master), master.database().to_owned());
    assert!(database.exists());
    assert_eq!(get(at, "/getRunId").status, 200);
    drop(master);
    ended(at, &database);
}

#[test]
fn a_panic_ends_the_master_as_well() {
    let mut left: Option<(SocketAddr, PathBuf)> = None;
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let master = start();
        left = Some((at(&master), master.database().to_owned()));
        panic!("on purpose");
    }));
    assert!(told.is_err());
    let (at, database) = left.unwrap();
    ended(at, &database);
}

#[test]
fn a_database_that_was_named_stays_and_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let open = || Slapmaster::builder().database(&path);
    let master = open().fixture(WORLD).start().unwrap();
    assert_eq!(
        master.database(),
        fs::canonicalize(&path).unwrap_or_default()
    );
    drop(master);
    let master = open().without_socket().start().unwrap();
    let information = master.get("/getFullComputerInformation?computer_id=COMP-1");
    assert_eq!(information.get().unwrap().status(), 200);
}

#[tokio::test]
async fn a_master_is_awaited_in_a_runtime_that_has_one_thread() {
    let master = start();
    let waiting = master
        .journal()
        .wait_until(&Standing::seen("COMP-1"), Duration::from_secs(20));
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let answer = master.get(path).await.unwrap();
    assert_eq!(answer.status(), 200);
    waiting.await.unwrap();
    // Also there it can be waited for, as often as one likes.
    for _ in 0..1000 {
        master.clock().read().get().unwrap();
    }
    // And dropped.
}

#[test]
fn a_master_without_a_socket_is_called_in_the_process() {
    let master = Slapmaster::builder()
        .fixture(WORLD)
        .without_socket()
        .start()
        .unwrap();
    assert_eq!((master.url(), master.https_url()), ("", ""));
    let fields = [
        ("url", "https://example.org/a b.cfg"),
        ("computer_id", "COMP-1"),
    ];
    let answer = master.post("/supplySupply", &fields).get().unwrap();
    assert_eq!(answer.status(), 200);
    let request_id = answer
        .headers()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    let asked = Entries::events("software_asked").with("request_id", request_id);
    let [event] = &master.journal().verify_exactly(1, &asked).get().unwrap()[..] else {
        panic!("one was there");
    };
    assert_eq!(event.text("release"), "https://example.org/a b.cfg");
    for (fault, words) in [
        (
            Fault::on("getRunId").drop_connection(),
            "the connection was dropped",
        ),
        (
            Fault::on("getRunId").cut_after_bytes(3),
            "the answer was cut off",
        ),
    ] {
        master.faults().set(fault).get().unwrap();
        let refused = master.get("/getRunId").get().unwrap_err();
        assert_eq!((refused.status(), refused.detail()), (None, words));
        assert_eq!(master.faults().clear().get(), Ok(1));
    }
    assert_eq!(master.get("no path").get().unwrap_err().status(), None);
}

#[test]
fn over_https_callers_prove_who_they_are() {
    let master = Slapmaster::builder()
        .fixture(WORLD)
        .https()
        .start()
        .unwrap();
    let port = address(&master.https_url().replace("https", "http")).port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let nobody = Client::trusting(master.ca_certificate());
    assert_eq!(nobody.get(at, "localhost", path).unwrap().status, 401);
    let issued = master
        .issue_certificate("computer", "COMP-1")
        .get()
        .unwrap();
    let pair = Pair {
        certificate: issued.certificate,
        key: issued.key,
    };
    let computer = Client::trusting(master.ca_certificate()).showing(&pair);
    assert_eq!(computer.get(at, "localhost", path).unwrap().status, 200);
    master.clock().set("2037-01-01T00:00:00Z").get().unwrap();
    assert_eq!(computer.get(at, "localhost", path).unwrap().status, 401);
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_the_control_surface() {
    let master = start();
    let refused = master.clock().set("tomorrow").get().unwrap_err();
    assert_eq!(refused.status(), Some(400));
    let expected = "`now`: is no time, one as `2026-11-23T08:30:00Z` was expected";
    assert_eq!(refused.to_string(), expected);
    get(at(&master), "/getRunId");
    let wrong = Entries::calls("getRunId").status("404");
    let refused = master
        .journal()
        .verify_at_least(1, &wrong)
        .get()
        .unwrap_err();
    assert_eq!(refused.status(), Some(409));
    assert_eq!(
        refused.problem()["near_misses"].as_array().unwrap().len(),
        1
    );
    assert!(refused.detail().contains("found 0"), "{refused}");
    let started = Standing::instance("web", "started");
    let refused = master
        .journal()
        .wait_until(&started, Duration::ZERO)
        .get()
        .unwrap_err();
    assert!(
        refused.detail().contains("there is no instance `web`"),
        "{refused}"
    );
    let refused = master.faults().one("x/y z").get().unwrap_err();
    assert_eq!(refused.detail(), "There is no fault rule `x/y z`.");
    let refused = master
        .faults()
        .set(Fault::on_everything())
        .get()
        .unwrap_err();
    assert_eq!(refused.status(), Some(400));
    let token = json!({ "purpose": "user" });
    let told = master
        .control(Method::POST, "tokens", Some(token))
        .get()
        .unwrap();
    assert_eq!(told["purpose"], "user");
}

#[test]
fn rules_rounds_and_time_are_at_hand() {
    let master = Slapmaster::builder()
        .fixture(WORLD)
        .preset(Preset::Default)
        .switch("allocation.moment", "round")
        .frozen_at("2026-11-23T08:30:00Z")
        .background_on_demand()
        .seed(7)
        .without_socket()
        .start()
        .unwrap();
    let (clock, background) = (master.clock(), master.background());
    assert!(clock.read().get().unwrap().is_frozen);
    background.settle().get().unwrap();
    assert_eq!(background.round().get(), Ok(false));
    background.work_by_itself().get().unwrap();
    let fields = [("reference", "COMP-2"), ("title", "x")];
    drop(master.post("/requestComputer", &fields).get().unwrap());
    let told = clock.read().get().unwrap();
    assert_eq!(
        told.next_due.unwrap().rfc3339().unwrap(),
        "2026-11-23T08:30:01Z"
    );
    let told = clock.advance(Duration::from_millis(1500)).get().unwrap();
    assert_eq!(told.now.rfc3339().unwrap(), "2026-11-23T08:30:01.5Z");
    assert_eq!(told.next_due, None);
    let told = clock
        .advance_to(told.now.plus_micros(500_000))
        .get()
        .unwrap();
    assert_eq!(told.now.rfc3339().unwrap(), "2026-11-23T08:30:02Z");
    assert!(!clock.run_with_the_machine().get().unwrap().is_frozen);
    assert!(clock.freeze().get().unwrap().is_frozen);
    assert!(!clock.run().get().unwrap().is_frozen);
    let settled = background
        .settle_within(Duration::from_secs(1))
        .get()
        .unwrap();
    assert!(settled.settled);
    background.pause_allocation().get().unwrap();
    background.resume_allocation().get().unwrap();
    background.work_on_demand().get().unwrap();
    let rule = Fault::on("get*")
        .named("one")
        .dialect("slap")
        .computer("COMP-1")
        .status(503)
        .body("x")
        .sequence(&[false, true])
        .lifetime_s(60);
    assert_eq!(master.faults().set(rule).get().unwrap().name, "one");
    let path = "/getFullComputerInformation?computer_id=COMP-1";
    let status = || master.get(path).get().unwrap().status().as_u16();
    assert_eq!([status(), status(), status()], [200, 503, 200]);
    let told = &master.faults().list().get().unwrap()[0];
    assert_eq!((told.matched, told.applied), (3, 1));
    let last = master
        .journal()
        .wait(1, &Entries::all().rule("one"), Duration::from_secs(5))
        .get()
        .unwrap();
    let entries = master
        .journal()
        .entries(&Entries::all().rule("one"))
        .get()
        .unwrap();
    assert_eq!(
        entries
            .iter()
            .map(|entry| entry.sequence)
            .collect::<Vec<_>>(),
        [last]
    );
    master.faults().remove("one").get().unwrap();
    master.journal().clear().get().unwrap();
    master
        .journal()
        .verify_none(&Entries::calls("*"))
        .get()
        .unwrap();
}

#[test]
fn a_world_goes_back_to_its_beginning_or_to_what_was_kept() {
    let master = start();
    let releases = || -> usize {
        let path = "/getFullComputerInformation?computer_id=COMP-1";
        let answer = get(at(&master), path);
        assert_eq!(answer.status, 200);
        answer.body.matches("cfg</string>").count()
    };
    let supply = |url: &str| {
        let fields = [("url", url), ("computer_id", "COMP-1")];
        let answer = master.post("/supplySupply", &fields).get().unwrap();
        assert_eq!(answer.status(), 200);
    };
    let none = releases();
    supply("https://example.org/a.cfg");
    let one = releases();
    assert!(one > none);
    master.keep_snapshot("one").get().unwrap();
    supply("https://example.org/b.cfg");
    assert!(releases() > one);
    master.restore_snapshot("one").get().unwrap();
    assert_eq!(releases(), one);
    master.reset().get().unwrap();
    assert_eq!(releases(), none);
    let refused = master.restore_snapshot("other").get().unwrap_err();
    assert_eq!(refused.status(), Some(404), "{refused}");
}

#[test]
fn a_master_that_cannot_be_started_says_why() {
    let builder = Slapmaster::builder;
    let said = |refused: Result<Slapmaster, StartError>| refused.unwrap_err().to_string();
    let text = said(builder().fixture("computrs: []").start());
    assert!(
        text.contains("fixture-1.yaml:1:1: a fixture has no key `computrs`"),
        "{text}"
    );
    let text = said(builder().setting("journal-entrie", "1").start());
    assert_eq!(
        text,
        "there is no setting `journal-entrie`, perhaps `journal-entries` was meant"
    );
    let text = said(builder().setting("journal-entries", "many").start());
    assert!(text.contains("--journal-entries: `many`"), "{text}");
    let text = said(builder().frozen_at("never").start());
    assert!(text.contains("`now`: is no time"), "{text}");
    let text = said(builder().switch("allocation.moment", "nver").start());
    assert!(text.contains("allocation.moment"), "{text}");
    let text = said(builder().fixture_file("/nowhere/world.yaml").start());
    assert!(text.contains("/nowhere/world.yaml"), "{text}");
}

#[test]
fn the_page_shows_what_is_run() {
    let example = include_str!("../../../examples/rust/embedded.rs");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/embedding.md"));
    let page = page.unwrap();
    let shown: Vec<&str> = page
        .split("```rust\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert_eq!(shown.len(), 2);
    for block in shown {
        assert!(
            example.contains(block.trim()),
            "this is not in the example:\n{block}"
        );
    }
}
