//! What a request may change and how it is answered: C.3, C.5, C.37 to C.44.

use slapmaster::domain::behaviour::Preset;

use crate::support::master::{RELEASE, Request, Setup, TestMaster};

fn with(switch: &str, value: &str) -> Setup {
    TestMaster::preset(Preset::Default).switch(switch, value)
}

/// C.3, C.5: `request.project`.
#[tokio::test]
async fn a_project_is_the_default_or_guessed_or_ignored() {
    for (value, unknown) in [("default", 404), ("guess", 404), ("ignore", 200)] {
        let master = with("request.project", value).start().await;
        master.format("COMP-1", 3).await;
        master.request(Request::new("none")).await.expect(200);
        for (project, status) in [("PROJ-1", 200), ("PROJ-9", unknown)] {
            let fields = [
                ("partition_reference", project),
                ("software_release", RELEASE),
                ("project_reference", project),
            ];
            master
                .post("requestComputerPartition", &fields)
                .await
                .expect(status);
        }
    }
}

/// C.37: `request.lock_release`.
#[tokio::test]
async fn a_root_may_change_its_release_unless_it_is_locked() {
    for (value, status) in [("off", 200), ("on", 500)] {
        let master = with("request.lock_release", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        let other = "https://sr.example.org/other/software.cfg";
        master
            .request(Request::new("web").release(other))
            .await
            .expect(status);
        let typed = Request::new("web").software_type("other");
        master.request(typed).await.expect(status);
        let told = master.partition("COMP-1", "slappart0").await;
        let release = told.text_of("slap_software_type");
        assert_eq!(release, if status == 200 { "other" } else { "default" });
    }
}

/// C.39: `request.state_none`.
#[tokio::test]
async fn no_state_asks_for_started_or_keeps_the_state() {
    for (value, state) in [("started", "started"), ("keep", "stopped")] {
        let master = with("request.state_none", value).start().await;
        master.format("COMP-1", 1).await;
        let new = master.request(Request::new("web")).await.expect(200);
        assert_eq!(new.text_of("_requested_state"), "started");
        master
            .request(Request::new("web").state("stopped"))
            .await
            .expect(200);
        let again = master.request(Request::new("web")).await.expect(200);
        assert_eq!(again.text_of("_requested_state"), state);
    }
}

/// C.42: `request.destroyed_answer`.
#[tokio::test]
async fn what_is_to_be_destroyed_is_not_ready_or_told() {
    for (value, status) in [("not_ready", 408), ("instance", 200)] {
        let master = with("request.destroyed_answer", value).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        let gone = || Request::new("web").state("destroyed");
        master.request(gone()).await.expect(status);
    }
}

/// C.43: it follows `request.destroyed_answer`.
#[tokio::test]
async fn an_unknown_title_to_be_destroyed_makes_nothing_or_an_instance() {
    for (value, status) in [("not_ready", 408), ("instance", 200)] {
        let master = with("request.destroyed_answer", value).start().await;
        master.format("COMP-1", 1).await;
        let gone = || Request::new("gone").state("destroyed");
        master.request(gone()).await.expect(status);
        let told = master.partition("COMP-1", "slappart0").await;
        let made = told.told("_need_modification") == "<int>1</int>";
        assert_eq!(made, status == 200);
        master
            .report("destroyedComputerPartition", "COMP-1", "slappart0")
            .await;
        master.request(Request::new("next")).await.expect(200);
    }
}

/// C.44: `request.after_destroy`.
#[tokio::test]
async fn what_is_being_destroyed_begins_anew_or_comes_back() {
    for (value, child_status) in [("new", 500), ("revive", 200)] {
        let master = with("request.after_destroy", value).start().await;
        master.format("COMP-1", 4).await;
        let first = master.request(Request::new("web")).await.expect(200);
        let child = || Request::new("db").by("COMP-1", "slappart0");
        master.request(child()).await.expect(200);
        master.request(child().state("destroyed")).await.expect(408);
        master.request(child()).await.expect(child_status);
        master
            .request(Request::new("web").state("destroyed"))
            .await
            .expect(408);
        let again = master.request(Request::new("web")).await.expect(200);
        let same = again.text_of("_instance_guid") == first.text_of("_instance_guid");
        assert_eq!(same, value == "revive", "{value}");
        assert_eq!(again.text_of("_requested_state"), "started");
    }
}

/// C.36: the same in every preset.
#[tokio::test]
async fn an_instance_never_changes_between_software_and_shared() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        master
            .request(Request::new("web").shared())
            .await
            .expect(500);
    }
}

/// C.52: the same in every preset.
#[tokio::test]
async fn a_shared_instance_is_stopped_and_destroyed_like_others() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let master = TestMaster::preset(preset).start().await;
        master.format("COMP-1", 1).await;
        master.request(Request::new("web")).await.expect(200);
        let domain = || Request::new("domain").shared();
        let served = async || {
            let told = master.partition("COMP-1", "slappart0").await;
            told.tells("slave_reference")
        };
        master.request(domain()).await.expect(200);
        assert!(served().await);
        let stopped = master.request(domain().state("stopped")).await.expect(200);
        assert_eq!(stopped.text_of("_requested_state"), "stopped");
        assert!(!served().await);
        master.request(domain().state("started")).await.expect(200);
        assert!(served().await);
        master.request(domain().state("destroyed")).await;
        assert!(!served().await);
    }
}
