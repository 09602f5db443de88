//! Where and when instances are allocated: C.18 to C.31.

use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, Request, Setup, TestMaster};

fn with(switch: &str, value: &str) -> Setup {
    TestMaster::preset(Preset::Default).switch(switch, value)
}

fn on(answer: &crate::support::master::Answer) -> (&str, &str) {
    (
        answer.text_of("slap_computer_id"),
        answer.text_of("slap_computer_partition_id"),
    )
}

/// C.18: `allocation.moment`.
#[tokio::test]
async fn allocation_is_made_by_the_request_or_by_a_round() {
    let master = with("allocation.moment", "request").start().await;
    master.format("COMP-1", 1).await;
    master.request(Request::new("web")).await.expect(200);
    for moment in ["round", "manual"] {
        let master = with("allocation.moment", moment).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(408);
        master.round().await;
        master.request(Request::new("web")).await.expect(200);
    }
}

/// C.49: it follows `allocation.moment`.
#[tokio::test]
async fn a_partition_is_freed_by_the_report_or_by_a_round() {
    for (moment, at_once) in [("request", true), ("round", false)] {
        let master = with("allocation.moment", moment).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await;
        master.round().await;
        master
            .request(Request::new("web").state("destroyed"))
            .await
            .expect(408);
        master
            .report("destroyedComputerPartition", "COMP-1", "slappart0")
            .await
            .expect(200);
        master
            .request(Request::new("next"))
            .await
            .expect(if at_once { 200 } else { 408 });
        master.round().await;
        master.request(Request::new("next")).await.expect(200);
    }
}

/// C.20: `allocation.stopped`.
#[tokio::test]
async fn what_was_never_started_may_have_to_wait() {
    for (value, status) in [("on", 200), ("off", 408)] {
        let master = with("allocation.stopped", value).start().await;
        master.format("COMP-1", 1).await;
        master
            .request(Request::new("web").state("stopped"))
            .await
            .expect(status);
        master.request(Request::new("web")).await.expect(200);
    }
}

/// C.21: `allocation.require_supply`.
#[tokio::test]
async fn software_may_have_to_be_supplied_first() {
    for (value, status) in [("off", 200), ("on", 408)] {
        let master = with("allocation.require_supply", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(status);
        master.supply("COMP-1", RELEASE).await;
        master.request(Request::new("web")).await.expect(200);
    }
}

/// C.22: `allocation.require_product`.
#[tokio::test]
async fn a_product_is_not_required_unless_switched_on() {
    for (value, status) in [("off", 200), ("on", 408)] {
        let master = with("allocation.require_product", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(status);
    }
}

/// C.23: `allocation.candidates`.
#[tokio::test]
async fn the_candidates_are_in_order_or_at_random_or_the_default_computer() {
    let ordered = with("allocation.candidates", "ordered").start().await;
    let random = with("allocation.candidates", "random").start().await;
    let default = with("allocation.candidates", "default_computer");
    let default = default.default_computer("COMP-10").start().await;
    for master in [&ordered, &random, &default] {
        for computer in ["COMP-10", "COMP-2"] {
            master.format(computer, 10).await;
        }
    }
    let mut random_places = Vec::new();
    for number in 0..6 {
        let request = Request::new(&format!("web{number}"));
        let partition = format!("slappart{number}");
        let answer = ordered.request(request.clone()).await.expect(200);
        assert_eq!(on(&answer), ("COMP-2", partition.as_str()));
        let answer = default.request(request.clone()).await.expect(200);
        assert_eq!(on(&answer), ("COMP-10", partition.as_str()));
        let answer = random.request(request).await.expect(200);
        random_places.push(on(&answer).0.to_owned());
    }
    for computer in ["COMP-10", "COMP-2"] {
        assert!(
            random_places.iter().any(|place| place == computer),
            "{random_places:?}"
        );
    }
}

/// C.24, C.25: `allocation.sla`.
#[tokio::test]
async fn the_sla_restricts_or_is_ignored() {
    for (value, status) in [("full", 408), ("ignore", 200)] {
        let master = with("allocation.sla", value).start().await;
        master.format("COMP-1", 10).await;
        for (key, text) in [("capability", "x"), ("region", "x"), ("whatever", "x")] {
            master
                .request(Request::new(key).sla(key, text))
                .await
                .expect(status);
        }
        // The one key that counts in either.
        master
            .request(Request::new("a").sla("computer_guid", "COMP-9"))
            .await
            .expect(408);
        master
            .request(Request::new("b").sla("computer_guid", "COMP-1"))
            .await
            .expect(200);
    }
}

/// C.26: `allocation.interface_keys`.
#[tokio::test]
async fn keys_that_only_the_interface_names_are_recorded_or_block() {
    for (value, status) in [("record", 200), ("block", 408)] {
        let master = with("allocation.interface_keys", value).start().await;
        master.format("COMP-1", 2).await;
        for key in ["partition_type", "port"] {
            let answer = master
                .request(Request::new(key).sla(key, "x"))
                .await
                .expect(status);
            assert_eq!(answer.tells(key), status == 200);
        }
    }
}

/// C.28: it is stored and told in every preset.
#[tokio::test]
async fn the_sla_is_told_back() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        master.format("COMP-1", 1).await;
        let request = Request::new("web").sla("computer_guid", "COMP-1");
        let answer = master.request(request).await.expect(200);
        assert_eq!(answer.text_of("computer_guid"), "COMP-1");
    }
}

/// C.29: `allocation.capacity_check`.
#[tokio::test]
async fn a_silent_computer_may_be_closed() {
    for (value, status) in [("off", 200), ("on", 408)] {
        let master = with("allocation.capacity_check", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(status);
    }
}

/// C.31: `shared.host`.
#[tokio::test]
async fn a_shared_instance_finds_its_host_anywhere_or_on_the_target() {
    for (value, status) in [("any", 200), ("target_computer", 408)] {
        let master = with("shared.host", value)
            .switch("allocation.candidates", "default_computer")
            .default_computer("COMP-1")
            .start()
            .await;
        master.format("COMP-2", 1).await;
        let host = Request::new("web").sla("computer_guid", "COMP-2");
        master.request(host).await.expect(200);
        master
            .request(Request::new("a").shared())
            .await
            .expect(status);
        let there = Request::new("b").shared().sla("computer_guid", "COMP-2");
        assert_eq!(
            on(&master.request(there).await.expect(200)),
            ("COMP-2", "slappart0")
        );
    }
}
