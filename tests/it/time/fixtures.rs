//! The clock and the background in fixtures.

use std::path::PathBuf;

use slapmaster::fixture::Fixture;

use super::{BACKGROUND, CLOCK, START};
use crate::support::master::{Request, TestMaster};

const WORLD: &str = "\
clock: {mode: frozen, now: '2020-02-03T04:05:06Z'}
background: {mode: manual, allocation: paused}
computers:
- {reference: COMP-1, partitions: 1}
";

#[tokio::test]
async fn a_world_may_begin_at_another_time_and_with_a_background_on_demand() {
    let master = TestMaster::start().await;
    master.seed(WORLD).await;
    let told = master.read(CLOCK, &[]).await.expect(200).json();
    assert_eq!(told["now"], "2020-02-03T04:05:06Z");
    assert_eq!(told["mode"], "frozen");
    let told = master.read(BACKGROUND, &[]).await.expect(200).json();
    assert_eq!(
        (&told["mode"], &told["allocation"]),
        (&"manual".into(), &"paused".into())
    );
    let made = master.happened("computer_made").await;
    assert!(
        made.iter().all(|(at, _)| at == "2020-02-03T04:05:06Z"),
        "{made:?}"
    );
    master.request(Request::new("web")).await.expect(408);
}

#[tokio::test]
async fn a_fixture_that_is_refused_leaves_the_clock_and_the_background() {
    let master = TestMaster::start().await;
    master.format("COMP-1", 1).await;
    let files = [(PathBuf::from("world.yaml"), WORLD.to_owned())];
    let fixture = Fixture::parse(&files).unwrap();
    fixture.apply(&master.master).await.unwrap_err();
    let told = master.read(CLOCK, &[]).await.expect(200).json();
    assert_eq!(told["now"], START);
    let told = master.read(BACKGROUND, &[]).await.expect(200).json();
    assert_eq!(
        (&told["mode"], &told["allocation"]),
        (&"timer".into(), &"running".into())
    );
}

#[test]
fn a_clock_or_a_background_that_cannot_be_is_refused_where_it_stands() {
    for (text, expected) in [
        (
            "clock: {}\n",
            "1:8: `clock`: is empty, `mode`, `now` or `offset_s` was expected",
        ),
        (
            "clock:\n  mode: froze\n",
            "2:9: `mode`: is `froze`, perhaps `frozen` was meant; one of `running`, `frozen` was \
             expected",
        ),
        (
            "clock: {now: 1960-01-01T00:00:00Z}\n",
            "1:14: `now`: is out of bounds: a time from 1970-01-01T00:00:00Z to \
             9999-01-01T00:00:00Z was expected",
        ),
        (
            "background: {mode: timer, alocation: paused}\n",
            "1:38: `alocation`: is not known here, perhaps `allocation` was meant; expected \
             were: `mode`, `allocation`",
        ),
    ] {
        let files = [(PathBuf::from("world.yaml"), text.to_owned())];
        let said = Fixture::parse(&files).unwrap_err().to_string();
        assert_eq!(said, format!("world.yaml:{expected}"), "{text}");
    }
    let files = [
        (
            PathBuf::from("a.yaml"),
            "clock: {mode: frozen}\n".to_owned(),
        ),
        (
            PathBuf::from("b.yaml"),
            "clock: {mode: running}\n".to_owned(),
        ),
    ];
    let said = Fixture::parse(&files).unwrap_err().to_string();
    let expected = "b.yaml:1:8: section `clock` is there already, in a.yaml:1; expected it once";
    assert_eq!(said, expected);
}
