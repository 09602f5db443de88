//! What is observed of a world to tell the values of a switch apart.

use slapmaster::{
    domain::{identifier::PartitionAddress, software::SoftwareReport},
    master::{ComputerReader, InstanceReport, MasterError, RequestOutcome, Result},
};

use crate::support::world::{RELEASE, Request, Setup, TestWorld, at, computer, computer_format};

const OTHER_RELEASE: &str = "https://sr.example.org/other/software.cfg";

/// Makes a world and says what is seen there of the switch.
pub(super) async fn observe(switch: &str, setup: Setup) -> String {
    match switch {
        "shared.host" | "allocation.candidates" => {
            targeted(switch, &setup.default_computer("COMP-2").start().await).await
        }
        // Where a bang reaches whole trees, one instance of each is as good as all.
        "bang.computer" => {
            let setup = setup.switch("bang.instance", "ancestors");
            observed(switch, &setup.start().await).await
        }
        _ => observed(switch, &setup.start().await).await,
    }
}

async fn observed(switch: &str, world: &TestWorld) -> String {
    match switch {
        "format.unknown_computer" => {
            word(&world.try_format(computer_format("COMP-7", vec![])).await)
        }
        "supply.unknown_computer" => supplied_unknown(world).await,
        "allocation.nothing_free" => seen(world.request("web")).await,
        _ => {
            world.format("COMP-1", 4).await;
            match switch.split_once('.').map(|(topic, _)| topic) {
                Some("allocation") => allocated(switch, world).await,
                Some("request") => requested(switch, world).await,
                _ => lived(switch, world).await,
            }
        }
    }
}

/// What became of an operation, in a word or two.
fn word<T>(result: &Result<T>) -> String {
    let word = match result {
        Ok(_) => "done",
        Err(MasterError::NotFound(_)) => "not found",
        Err(MasterError::UnknownRequester(_)) => "unknown requester",
        Err(MasterError::NothingFree(_)) => "nothing free",
        Err(MasterError::RefusedValue(_)) => "refused value",
        Err(MasterError::BrokenRule(_)) => "broken rule",
        Err(error) => panic!("{error:?}"),
    };
    word.to_owned()
}

/// What became of a request.
async fn seen(request: Request<'_>) -> String {
    match request.answer().await {
        Ok(RequestOutcome::Unchanged { computer, .. }) => format!("on {computer}"),
        Ok(RequestOutcome::Changed(view)) => format!("on {}", view.at.computer),
        Ok(RequestOutcome::Waiting(_) | RequestOutcome::NotReady) => "not ready".to_owned(),
        refused @ Err(_) => word(&refused),
    }
}

async fn supplied_unknown(world: &TestWorld) -> String {
    let supplied = word(&world.supply("COMP-7", RELEASE, "available").await);
    let before = world
        .master
        .computer_information(ComputerReader::Itself, &computer("COMP-7"))
        .await;
    world.format("COMP-7", 0).await;
    let after = world.installations("COMP-7").await.len();
    format!("{supplied}, before: {}, after: {after}", word(&before))
}

/// What is listed after the removal of software was asked for that nobody supplied.
async fn supplied_for_removal(world: &TestWorld) -> String {
    world.supply("COMP-1", RELEASE, "destroyed").await.unwrap();
    let listed = world.installations("COMP-1").await;
    if listed.is_empty() {
        return "nothing".to_owned();
    }
    let report = SoftwareReport::Destroyed;
    world
        .report_software("COMP-1", RELEASE, report)
        .await
        .unwrap();
    let left = world.installations("COMP-1").await.len();
    format!("{}; once gone: {left} left", listed.join(", "))
}

/// What becomes of a shared instance and of its host's partition when the host is gone.
async fn hosted(world: &TestWorld, host: PartitionAddress) -> String {
    let front = || world.request("front").shared();
    let first = front().on().await.reference;
    world.request("web").state("destroyed").waits().await;
    world.report_destroyed(&host).await;
    let left = world.partition_record(&host).await;
    let kept = world
        .text(&format!(
            "SELECT validation FROM instance WHERE reference = '{first}'"
        ))
        .await;
    if kept == "validated" {
        return format!("{left}, front: {kept}");
    }
    world.request("web").on().await;
    let again = front().on().await.reference;
    format!(
        "{left}, front: {kept}, asked for again: {}",
        same(&first, &again)
    )
}

/// The computers of eight partitions on two computers, in the order in which they are taken.
pub(super) async fn order(world: &TestWorld) -> Vec<PartitionAddress> {
    world.format("COMP-1", 4).await;
    world.format("COMP-2", 4).await;
    let mut places = Vec::new();
    for name in ["a", "b", "c", "d"] {
        places.push(world.request(name).on().await.at);
    }
    places
}

async fn targeted(switch: &str, world: &TestWorld) -> String {
    if switch == "shared.host" {
        world.format("COMP-1", 1).await;
        world.request("web").on().await;
        return seen(world.request("front").shared()).await;
    }
    let taken = order(world).await;
    for computer in ["COMP-1", "COMP-2"] {
        let ordered: Vec<_> = (0..4)
            .map(|n| at(computer, &format!("slappart{n}")))
            .collect();
        if taken == ordered {
            return format!("in order from {computer}");
        }
    }
    "in another order".to_owned()
}

/// What is seen of a request, and once more after what it needed was done, if that was needed.
async fn then(request: Request<'_>, what: &str, done: impl Future<Output = ()>) -> String {
    let first = seen(request.clone()).await;
    if first != "not ready" {
        return first;
    }
    done.await;
    format!("{first}, once {what}: {}", seen(request).await)
}

async fn allocated(switch: &str, world: &TestWorld) -> String {
    let web = || world.request("web");
    match switch {
        "allocation.moment" => {
            let first = seen(web()).await;
            world.advance(1);
            world.master.background_tick().await.unwrap();
            let second = seen(web()).await;
            world.round().await;
            let third = seen(web()).await;
            format!("{first}, a second later: {second}, after a round: {third}")
        }
        "allocation.stopped" => {
            let first = seen(web().state("stopped")).await;
            match first.as_str() {
                "not ready" => format!("{first}, once started: {}", seen(web()).await),
                _ => first,
            }
        }
        "allocation.require_supply" => {
            let supply = async { world.supply("COMP-1", RELEASE, "available").await.unwrap() };
            then(web(), "supplied", supply).await
        }
        "allocation.require_product" => {
            let statement = format!(
                "INSERT INTO software_product (id, reference, project_id) VALUES (1, 'demo', 1);
                 INSERT INTO software_product_release (product_id, release, effective_us)
                     VALUES (1, '{RELEASE}', 0);
                 INSERT INTO software_product_type (product_id, software_type)
                     VALUES (1, 'default');"
            );
            then(web(), "in a product", world.sql(&statement)).await
        }
        "allocation.sla" => {
            let mut found = Vec::new();
            for (key, value) in [
                ("foo", "1"),
                ("capability", "x"),
                ("computer_guid", "COMP-9"),
            ] {
                let request = world.request(key).sla(key, value);
                found.push(format!("{key}: {}", seen(request).await));
            }
            found.join(", ")
        }
        "allocation.interface_keys" => seen(web().sla("port", "80")).await,
        "allocation.capacity_check" => {
            let poll = async {
                world.poll("COMP-1").await;
            };
            then(web(), "seen", poll).await
        }
        other => panic!("nothing is observed of {other}"),
    }
}

async fn requested(switch: &str, world: &TestWorld) -> String {
    let web = || world.request("web");
    match switch {
        "request.project" => {
            world
                .sql("INSERT INTO project (reference, is_default) VALUES ('PROJ-2', 0)")
                .await;
            let none = seen(web()).await;
            let unknown = seen(world.request("unknown").project("PROJ-9")).await;
            seen(web().project("PROJ-1")).await;
            let again = seen(web()).await;
            format!("none: {none}, unknown: {unknown}, again: {again}")
        }
        "request.unknown_requester" => {
            let free = world.request("a").child_of(&at("COMP-1", "slappart3"));
            let unknown = world.request("b").child_of(&at("COMP-9", "slappart3"));
            format!(
                "free: {}, unknown: {}",
                seen(free).await,
                seen(unknown).await
            )
        }
        "request.lock_release" => {
            web().on().await;
            seen(web().release(OTHER_RELEASE)).await
        }
        "request.state_none" => {
            web().state("stopped").on().await;
            let kept = web().no_state().on().await.state;
            let new = world.request("new").no_state().on().await.state;
            format!("{kept}, new: {new}")
        }
        "request.destroyed_answer" => {
            web().on().await;
            let known = seen(web().state("destroyed")).await;
            let unknown = seen(world.request("unknown").state("destroyed")).await;
            format!("{known}, unknown: {unknown}")
        }
        "request.after_destroy" => {
            let first = web().on().await;
            web().state("destroyed").waits().await;
            same(&first.reference, &web().on().await.reference).to_owned()
        }
        other => panic!("nothing is observed of {other}"),
    }
}

fn same<T: PartialEq>(first: &T, second: &T) -> &'static str {
    if first == second {
        "the same"
    } else {
        "another"
    }
}

async fn lived(switch: &str, world: &TestWorld) -> String {
    let web = world.request("web").on().await;
    match switch {
        "format.missing" => {
            world.format("COMP-1", 0).await;
            let partitions = world
                .texts("SELECT DISTINCT slap_state || ' ' || validation FROM partition ORDER BY 1")
                .await;
            let instance = world.instance_record(web.reference.as_str()).await;
            format!("{}; {instance}", partitions.join(", "))
        }
        "supply.unknown_release" => supplied_for_removal(world).await,
        "shared.host_gone" => hosted(world, web.at).await,
        "report.software_destroyed" => {
            world.supply("COMP-1", RELEASE, "available").await.unwrap();
            let report = SoftwareReport::Destroyed;
            let reported = world.report_software("COMP-1", RELEASE, report).await;
            let left = world.installations("COMP-1").await.len();
            format!("{}, {left} left", word(&reported))
        }
        "report.destroyed_frees" => {
            world.report_destroyed(&web.at).await;
            world.partition_record(&web.at).await
        }
        "rename.root" => {
            world.rename(&web.at, "site").await.unwrap();
            world.settle().await;
            let title = world.text("SELECT title FROM instance_tree").await;
            let root = world.request(&title).on().await;
            format!("{title}: {}", same(&web.reference, &root.reference))
        }
        "status.expiry" => {
            world
                .report(&web.at, InstanceReport::Started)
                .await
                .unwrap();
            world.advance(60);
            let known = world.status(&web.at).await.status.is_some();
            if known { "known" } else { "forgotten" }.to_owned()
        }
        "bang.instance" | "bang.computer" => banged(switch, world, web.at).await,
        "cascade.stop" => {
            let b = || world.request("b").child_of(&web.at);
            let place = b().on().await.at;
            world.request("web").state("stopped").on().await;
            let first = world.state(&place).await;
            world.settle().await;
            let settled = world.state(&place).await;
            let asked = b().on().await.state;
            format!("{first}, after rounds: {settled}, after a request: {asked}")
        }
        "cascade.destroy" => {
            let b = world.request("b").child_of(&web.at).on().await.at;
            world.request("web").state("destroyed").waits().await;
            let first = world.state(&b).await;
            world.settle().await;
            let settled = world.state(&b).await;
            let report = world.report(&web.at, InstanceReport::Destroyed).await;
            let report = report.unwrap();
            format!("{first}, after rounds: {settled}, root's report: {report:?}")
        }
        other => panic!("nothing is observed of {other}"),
    }
}

/// The titles of those whose timestamps a bang moves.
async fn banged(switch: &str, world: &TestWorld, web: PartitionAddress) -> String {
    let b = world.request("b").child_of(&web).on().await.at;
    let c = world.request("c").child_of(&b).on().await.at;
    let other = world.request("other").on().await.at;
    let places = [web, b, c, other];
    let times = async || {
        let mut times = Vec::new();
        for place in &places {
            times.push(world.timestamp(place).await);
        }
        times
    };
    let before = times().await;
    match switch {
        "bang.instance" => world.bang(&places[1], "again").await.unwrap(),
        _ => world.bang_computer("COMP-1", "again").await,
    }
    let after = times().await;
    let names = ["web", "b", "c", "other"]
        .into_iter()
        .zip(before)
        .zip(after);
    let moved: Vec<&str> = names
        .filter(|((_, before), after)| before != after)
        .map(|((name, _), _)| name)
        .collect();
    moved.join(" ")
}
