//! How a server is found, and by what it is believed.

use std::fs;

use super::{World, ctl, done, failed, parsed};
use crate::support::process::{Server, command, run};

const LIST: [&str; 3] = ["fault", "list", "--json"];

#[test]
fn a_server_is_found_by_its_url_its_ready_file_or_a_variable() {
    let world = World::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--listen",
        "unix:DIR/slap.sock",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let ready = world.server.path("ready.json");
    let ready = ready.to_str().unwrap();
    let plain = || command(&["ctl", "fault", "list", "--json"]);
    for command in [
        plain().args(["--url", &world.server.urls[0]]),
        plain().args(["--url", &world.server.urls[1]]),
        plain().args(["--ready-file", ready]),
        plain().env("SLAPMASTER_URL", &world.server.urls[0]),
        plain().env("SLAPMASTER_URL", &world.server.urls[1]),
        plain().env("SLAPMASTER_READY_FILE", ready),
        // What is on the command line wins over variables.
        plain()
            .env("SLAPMASTER_URL", "http://127.0.0.1:1")
            .args(["--ready-file", ready]),
        plain()
            .env("SLAPMASTER_READY_FILE", "/nowhere")
            .args(["--url", &world.server.urls[0]]),
        // An empty variable says nothing.
        plain()
            .env("SLAPMASTER_URL", "")
            .env("SLAPMASTER_READY_FILE", ready),
    ] {
        assert_eq!(parsed(&done(run(command)))["faults"], serde_json::json!([]));
    }
    let before_the_words = command(&["ctl", "--ready-file", ready, "--json", "fault", "list"])
        .output()
        .unwrap();
    assert!(before_the_words.status.success());
}

#[test]
fn the_control_listener_is_asked_where_there_is_one() {
    let world = World::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--control-listen",
        "http://127.0.0.1:0",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let ready = world.server.path("ready.json");
    done(run(command(&["ctl", "tree", "--ready-file"]).arg(&ready)));
    failed(&world.ctl("tree"), 4, "is no slapmaster");
}

#[test]
fn over_https_the_server_proves_who_it_is() {
    let world = World::start_with(&[
        "--listen",
        "https://127.0.0.1:0",
        "--ready-file",
        "DIR/ready.json",
    ]);
    let ready = world.server.path("ready.json");
    let text = fs::read_to_string(&ready).unwrap();
    let pem = parsed(&text)["ca_certificate"].as_str().unwrap().to_owned();
    let ca = world.server.path("ca.pem");
    fs::write(&ca, pem).unwrap();
    let (ready, ca) = (ready.to_str().unwrap(), ca.to_str().unwrap());
    done(run(
        command(&["ctl", "fault", "list", "--ready-file"]).arg(ready)
    ));
    for believed in [&["--ca", ca][..], &["--ready-file", ready], &["--insecure"]] {
        done(ctl(world.url(), &[&LIST[..], believed].concat()));
    }
    failed(&world.ctl("fault list"), 2, "--ca");
    failed(
        &world.ctl_with(&["fault", "list", "--ca", "/nowhere"]),
        2,
        "/nowhere",
    );
    let empty = world.server.path("empty.pem");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    failed(
        &world.ctl_with(&["fault", "list", "--ca", empty]),
        2,
        "BEGIN CERTIFICATE",
    );

    // Another authority vouches for nobody here.
    let other = Server::start_with(&["--listen", "https://127.0.0.1:0", "--ready-file", "DIR/r"]);
    let other = other.path("r");
    let outcome = world.ctl_with(&["fault", "list", "--ready-file", other.to_str().unwrap()]);
    failed(&outcome, 4, "invalid peer certificate");
}

#[test]
fn a_server_that_demands_a_client_certificate_is_not_spoken_to() {
    let world = World::start_with(&[
        "--listen",
        "https://127.0.0.1:0",
        "--client-certificate",
        "required",
    ]);
    failed(&world.ctl("fault list --insecure"), 4, "ertificate");
}

#[test]
fn serve_takes_the_variables_of_ctl_for_no_mistake() {
    let outcome = run(command(&["config"])
        .env("SLAPMASTER_URL", "http://127.0.0.1:5000")
        .env("SLAPMASTER_WORLD", "x")
        .env("SLAPMASTER_CA", "/ca.pem"));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let outcome = run(command(&["ctl", "fault", "list"]).env("SLAPMASTER_URI", "x"));
    failed(&outcome, 2, "perhaps `SLAPMASTER_URL`");
}
