//! Rules as they are read, and passes over computers that are only described.

use super::*;
use crate::domain::{
    computer::Address,
    given::Given,
    identifier::{PartitionReference, SoftwareReleaseUri},
    parameters::Parameters,
    software::SoftwareReport,
    state::{InstallationState, RequestedState},
};

const RELEASE: &str = "https://example.org/web/software.cfg";

fn text(text: &str) -> Given {
    Given::from(text)
}

fn map(pairs: &[(&str, Given)]) -> Given {
    let pairs = pairs.iter();
    Given::Map(
        pairs
            .map(|(key, of)| ((*key).to_owned(), of.clone()))
            .collect(),
    )
}

fn list(items: &[Given]) -> Given {
    Given::List(items.to_vec())
}

fn rules(given: &Given) -> Rules {
    let rules = Rules::read(given).unwrap();
    assert_eq!(
        Rules::from_stored(&rules.stored()).unwrap().stored(),
        rules.stored()
    );
    rules
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn software(id: i64, wanted: InstallationState) -> SeenSoftware {
    SeenSoftware {
        id,
        release: SoftwareReleaseUri::trusted(RELEASE.to_owned()),
        wanted,
        is_available: false,
    }
}

fn instance(id: i64) -> SeenInstance {
    SeenInstance {
        id,
        partition: PartitionReference::trusted(format!("slappart{id}")),
        addresses: vec![Address {
            interface: "tap".to_owned(),
            address: "2001:db8::1".to_owned(),
            netmask: String::new(),
            gateway: String::new(),
            network: String::new(),
        }],
        reference: format!("SOFTINST-{id}"),
        title: "web".to_owned(),
        tree: "web".to_owned(),
        release: SoftwareReleaseUri::trusted(RELEASE.to_owned()),
        software_type: "default".to_owned(),
        parameters: Parameters::new(),
        wanted: RequestedState::Started,
        timestamp: at(1),
        is_as_wanted: false,
        shared: Vec::new(),
    }
}

/// A computer that is played, second by second.
struct Game {
    rules: Rules,
    progress: Progress,
    seen: Seen,
    now: i64,
}

impl Game {
    fn new(given: &Given) -> Self {
        Self {
            rules: rules(given),
            progress: Progress::default(),
            seen: Seen {
                computer: "COMP-1".to_owned(),
                ..Seen::default()
            },
            now: 0,
        }
    }

    /// One pass: what it told in a word each, and when it is due next.
    fn pass(&mut self) -> (Vec<String>, Option<i64>) {
        let (deeds, next) = pass(&self.rules, &mut self.progress, &self.seen, 7, at(self.now));
        let stored = self.progress.stored();
        assert_eq!(
            Progress::from_stored(&stored).as_ref(),
            Some(&self.progress)
        );
        let words = deeds.into_iter().map(|deed| match deed {
            Deed::Software { report, .. } => match report {
                SoftwareReport::Building => "building".to_owned(),
                SoftwareReport::Available => "available".to_owned(),
                SoftwareReport::Destroyed => "removed".to_owned(),
                SoftwareReport::Error { log } => log,
                SoftwareReport::ErrorMessage { message } => message,
            },
            Deed::Publish {
                shared, connection, ..
            } => {
                let pairs = connection
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.unwrap_or_default()));
                let pairs: Vec<_> = pairs.collect();
                let of = shared.unwrap_or_default();
                format!("publish{of} {}", pairs.join(","))
            }
            Deed::Instance { report, .. } => match report {
                Told::Started => "started".to_owned(),
                Told::Stopped => "stopped".to_owned(),
                Told::Destroyed => "destroyed".to_owned(),
                Told::Error(text) => text,
            },
        });
        // What is due within a second is looked at when that is over.
        let next = next.map(|next| next.plus_micros(999_999).as_seconds());
        (words.collect(), next)
    }

    /// Every pass until nothing is due before `until`: when what was told.
    fn run(&mut self, until: i64) -> Vec<(i64, String)> {
        let mut told = Vec::new();
        loop {
            let (words, next) = self.pass();
            told.extend(words.into_iter().map(|word| (self.now, word)));
            match next {
                Some(next) if next <= until => self.now = next,
                _ => break,
            }
        }
        self.now = until;
        told
    }
}

fn told(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    let expected = expected.iter();
    expected
        .map(|(at, word)| (*at, (*word).to_owned()))
        .collect()
}

#[test]
fn software_is_built_instances_wait_for_it_and_go_as_they_are_asked() {
    let mut game = Game::new(&map(&[
        ("build_s", Given::Integer(30)),
        ("start_s", Given::Integer(5)),
        ("stop_s", Given::Integer(2)),
        ("destroy_s", Given::Integer(3)),
        (
            "publish",
            map(&[("url", text("http://[{ipv6}]:{parameter.port|80}/"))]),
        ),
    ]));
    game.seen
        .software
        .push(software(1, InstallationState::Available));
    game.seen.instances.push(instance(2));
    let expected = [
        (0, "building"),
        (30, "available"),
        (35, "publish url=http://[2001:db8::1]:80/"),
        (35, "started"),
    ];
    assert_eq!(game.run(100), told(&expected));
    let next_day = Some(35 + 86_400);
    assert_eq!(game.pass(), (Vec::new(), next_day), "it is at rest");

    let web = &mut game.seen.instances[0];
    web.timestamp = at(2);
    web.parameters.insert("port", "81");
    let expected = [
        (105, "publish url=http://[2001:db8::1]:81/"),
        (105, "started"),
    ];
    assert_eq!(game.run(200), told(&expected));

    game.seen.instances[0].wanted = RequestedState::Stopped;
    let expected = [
        (202, "publish url=http://[2001:db8::1]:81/"),
        (202, "stopped"),
    ];
    assert_eq!(game.run(300), told(&expected));

    game.seen.instances[0].wanted = RequestedState::Destroyed;
    assert_eq!(game.run(304), told(&[(303, "stopped"), (303, "destroyed")]));
    game.seen.instances.clear();
    game.seen.software[0].wanted = InstallationState::Destroyed;
    assert_eq!(game.run(306), told(&[(305, "removed")]));
    game.seen.software.clear();
    assert_eq!(game.run(400), Vec::new());
    assert_eq!(
        game.progress,
        Progress::default(),
        "nothing is kept of what is gone"
    );
}

#[test]
fn what_fails_is_tried_again_until_it_does_not() {
    let failure = |words: &str, count| map(&[("text", text(words)), ("count", count)]);
    let mut game = Game::new(&map(&[
        ("build_s", Given::Integer(1)),
        ("start_s", Given::Integer(1)),
        ("retry_s", Given::Integer(10)),
        ("build_failure", failure("no compiler", Given::Integer(2))),
        ("start_failure", failure("no port", Given::Integer(1))),
    ]));
    game.seen
        .software
        .push(software(1, InstallationState::Available));
    game.seen.instances.push(instance(2));
    let missing = format!("Software release {RELEASE} is not installed on COMP-1");
    let expected = [
        (0, "building"),
        (1, "no compiler"),
        (1, missing.as_str()),
        (11, "building"),
        (12, "no compiler"),
        (12, missing.as_str()),
        (22, "building"),
        (23, "available"),
        (24, "no port"),
        (35, "started"),
    ];
    assert_eq!(game.run(1000), told(&expected));
}

#[test]
fn an_instance_without_its_software_is_an_error_unless_it_needs_none() {
    let mut game = Game::new(&map(&[("retry_s", Given::Integer(60))]));
    game.seen.instances.push(instance(2));
    let missing = format!("Software release {RELEASE} is not installed on COMP-1");
    assert_eq!(game.run(59), told(&[(0, &missing)]));
    // Somebody supplies it: it is not waited for the next try.
    game.seen
        .software
        .push(software(1, InstallationState::Available));
    let expected = [(59, "building"), (61, "available"), (62, "started")];
    assert_eq!(game.run(500), told(&expected));

    let mut game = Game::new(&map(&[("needs_software", Given::Flag(false))]));
    game.seen.instances.push(instance(2));
    assert_eq!(game.run(500), told(&[(1, "started")]));
}

#[test]
fn the_first_rule_that_is_meant_says_how_and_the_rest_comes_from_above() {
    let mut game = Game::new(&map(&[
        ("profile", text("broken-build")),
        ("start_s", Given::Integer(7)),
        ("needs_software", Given::Flag(false)),
        (
            "rules",
            list(&[
                map(&[
                    ("release", text("https://other.example.org/*")),
                    ("start_s", Given::Integer(1)),
                ]),
                map(&[
                    ("release", text("https://*/web/software.cfg")),
                    ("type", text("frontend")),
                    ("publish", map(&[("type", text("{type}"))])),
                ]),
                map(&[
                    ("release", text("*")),
                    ("build_failure", Given::Flag(false)),
                ]),
            ]),
        ),
    ]));
    game.seen
        .software
        .push(software(1, InstallationState::Available));
    game.seen.instances.push(SeenInstance {
        software_type: "frontend".to_owned(),
        ..instance(2)
    });
    let expected = [
        (0, "building"),
        (2, "available"),
        (7, "publish type=frontend"),
        (7, "started"),
    ];
    assert_eq!(game.run(100), told(&expected));
}

#[test]
fn shared_instances_are_published_for_with_their_own_parameters() {
    let mut game = Game::new(&map(&[
        ("profile", text("instant")),
        ("needs_software", Given::Flag(false)),
        (
            "publish_shared",
            map(&[("database", text("{parameter.schema}@{host_title}"))]),
        ),
    ]));
    let shared = |reference: &str, schema: Option<&str>| {
        let mut parameters = Parameters::new();
        if let Some(schema) = schema {
            parameters.insert("schema", schema);
        }
        SeenShared {
            reference: reference.to_owned(),
            title: reference.to_owned(),
            tree: "shop".to_owned(),
            software_type: "default".to_owned(),
            parameters,
        }
    };
    game.seen.instances.push(SeenInstance {
        shared: vec![
            shared("SOFTINST-7", Some("a")),
            shared("SOFTINST-8", Some("b")),
        ],
        ..instance(2)
    });
    let expected = [
        (0, "publishSOFTINST-7 database=a@web"),
        (0, "publishSOFTINST-8 database=b@web"),
        (0, "started"),
    ];
    assert_eq!(game.run(5), told(&expected));

    game.seen.instances[0]
        .shared
        .push(shared("SOFTINST-9", None));
    game.seen.instances[0].timestamp = at(5);
    let missing = "shared instance SOFTINST-9: `database` cannot be published: the parameter \
                   `schema` is missing";
    assert_eq!(game.run(6), told(&[(5, missing)]));
}

#[test]
fn what_is_held_stands_still_and_goes_on_where_it_stood() {
    let mut game = Game::new(&map(&[
        ("build_s", Given::Integer(10)),
        ("start_s", Given::Integer(4)),
    ]));
    game.seen
        .software
        .push(software(1, InstallationState::Available));
    assert_eq!(game.run(3), told(&[(0, "building")]));
    assert!(game.progress.hold(Part::Software, at(3)));
    assert!(!game.progress.hold(Part::Software, at(5)), "it is held");
    game.seen.instances.push(instance(2));
    assert_eq!(game.run(100), Vec::new());
    assert!(game.progress.release(Part::Software, at(100)));
    assert!(
        !game.progress.release(Part::Software, at(100)),
        "it is not held"
    );
    assert_eq!(game.run(200), told(&[(107, "available"), (111, "started")]));
}

#[test]
fn a_failure_that_is_ordered_comes_as_often_as_it_was_and_recovery_spares_the_next_try() {
    let mut game = Game::new(&map(&[
        ("retry_s", Given::Integer(10)),
        ("needs_software", Given::Flag(false)),
    ]));
    game.seen.instances.push(instance(2));
    game.run(5);
    game.progress.ordered.push(Ordered {
        release: None,
        partition: Some("slappart2".to_owned()),
        text: "pulled the plug".to_owned(),
        left: 2,
    });
    let expected = [
        (5, "pulled the plug"),
        (16, "pulled the plug"),
        (27, "started"),
    ];
    assert_eq!(game.run(100), told(&expected));

    let mut broken = Game::new(&text("broken-build"));
    broken
        .seen
        .software
        .push(software(1, InstallationState::Available));
    let expected = [
        (0, "building"),
        (2, "simulated: the software cannot be built"),
    ];
    assert_eq!(broken.run(5), told(&expected));
    let recovered = broken.progress.recover(|_| true, |_| true, |_| true, at(5));
    assert_eq!(recovered, 1);
    assert_eq!(broken.run(100), told(&[(5, "building"), (7, "available")]));
}

#[test]
fn what_runs_breaks_down_and_is_well_again() {
    let breakdown = map(&[
        ("after_s", list(&[Given::Integer(100), Given::Integer(200)])),
        ("text", text("out of memory")),
    ]);
    let game = |rules: &Given| {
        let mut game = Game::new(rules);
        game.seen.instances.push(instance(2));
        game
    };
    let rules = map(&[
        ("profile", text("instant")),
        ("needs_software", Given::Flag(false)),
        ("breakdown", breakdown),
    ]);
    let all = game(&rules).run(1000);
    let words: Vec<_> = all.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(
        words[..4],
        ["started", "out of memory", "started", "out of memory"]
    );
    let ran = all[1].0 - all[0].0;
    assert!((100..=201).contains(&ran), "{ran}");
    assert_eq!(all[2].0 - all[1].0, 10, "the next try is after `retry_s`");
    assert_eq!(game(&rules).run(1000), all, "the same seed draws the same");
}

#[test]
fn what_was_reported_before_counts_as_done() {
    let mut game = Game::new(&text("healthy"));
    game.seen.software.push(SeenSoftware {
        is_available: true,
        ..software(1, InstallationState::Available)
    });
    game.seen.instances.push(SeenInstance {
        is_as_wanted: true,
        ..instance(2)
    });
    assert_eq!(game.pass(), (Vec::new(), Some(86_400)));
}

#[test]
fn what_is_done_is_done_anew_once_a_day_so_that_its_status_stays_fresh() {
    let mut game = Game::new(&map(&[
        ("profile", text("instant")),
        ("needs_software", Given::Flag(false)),
    ]));
    game.seen.instances.push(instance(2));
    let expected = [(0, "started"), (86_400, "started"), (172_800, "started")];
    assert_eq!(game.run(200_000), told(&expected));
    game.seen.instances[0].wanted = RequestedState::Stopped;
    let expected = [(200_000, "stopped"), (286_400, "stopped")];
    assert_eq!(game.run(300_000), told(&expected));
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (given, expected) in [
        (
            text("helthy"),
            "`simulate`: is `helthy`, perhaps `healthy` was meant; one of `healthy`, `instant`, \
             `slow`, `flaky`, `broken-build`, `broken-start` was expected",
        ),
        (
            list(&[]),
            "`simulate`: is a list, a profile, or an object was expected",
        ),
        (
            map(&[("buld_s", Given::Integer(1))]),
            "`buld_s`: is not known here, perhaps `build_s` was meant",
        ),
        (
            map(&[("build_s", Given::Integer(-1))]),
            "`build_s`: is the number `-1`, a number of seconds from 0 to 315360000 was expected",
        ),
        (
            map(&[("start_s", list(&[Given::Integer(2), Given::Integer(1)]))]),
            "`start_s`: is no time, a number of seconds or a list of the least and the most was \
             expected",
        ),
        (
            map(&[("publish", map(&[("url", text("{ip6}"))]))]),
            "`publish.url`: names `ip6`, which is not known",
        ),
        (
            map(&[("publish", map(&[("url", text("{host}"))]))]),
            "`publish.url`: names `host`, which is not known",
        ),
        (
            map(&[(
                "rules",
                list(&[map(&[("type", text("a")), ("build_s", Given::Integer(1))])]),
            )]),
            "`rules[0].build_s`: is of a rule for a software type",
        ),
        (
            map(&[("build_failure", Given::Flag(true))]),
            "`build_failure`: is `true`, an object was expected",
        ),
        (
            map(&[("build_failure", map(&[("count", Given::Integer(1))]))]),
            "`build_failure.text`: is missing, what is reported was expected",
        ),
        (
            map(&[(
                "breakdown",
                map(&[("after_s", Given::Integer(0)), ("text", text("x"))]),
            )]),
            "`breakdown.after_s`: is less than a second",
        ),
    ] {
        let refused = Rules::read(&given).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[test]
fn who_is_due_is_taken_in_order_and_once() {
    let simulation = Simulation::new(1);
    let computer = |id: i64| ComputerReference::trusted(format!("COMP-{id}"));
    for id in [1, 2, 3] {
        simulation.add(id, &computer(id), at(0), at(10 - id));
    }
    assert_eq!(simulation.due(), Some(at(7)));
    assert_eq!(simulation.take_due(9, at(8)), [(3, true), (2, true)]);
    assert_eq!(simulation.due(), Some(at(9)));
    simulation.schedule(3, at(20));
    simulation.wake(&BTreeSet::from([3, 4]), at(9));
    simulation.schedule(3, at(30));
    assert_eq!(simulation.take_due(9, at(9)), [(1, true), (3, false)]);
    assert_eq!(simulation.due(), None);
    simulation.schedule(2, at(40));
    simulation.remove(2);
    assert_eq!((simulation.due(), simulation.len()), (None, 2));
    assert_eq!(simulation.since("COMP-2"), None);
}
