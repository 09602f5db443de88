//! Rust tests with a master in their own process. In a package of your own, put
//! `slapmaster = { path = "…/slapmaster" }` below `[dev-dependencies]`, and this into `tests/`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use slapmaster::embed::{Entries, Fault, Slapmaster, Standing};

const WORLD: &str = "computers: [{reference: COMP-1, partitions: 2}]";

#[test]
fn a_deployment_outlasts_a_master_that_is_not_ready_yet() {
    let master = Slapmaster::builder().fixture(WORLD).start().unwrap();
    let slow = Fault::on("requestComputerPartition")
        .named("slow")
        .not_ready()
        .times(2);
    master.faults().set(slow).get().unwrap();

    assert_eq!(deploy(master.url(), "web", 5), Ok("slappart0".to_owned()));

    let asked = Entries::calls("requestComputerPartition");
    master.journal().verify_exactly(3, &asked).get().unwrap();
    master
        .journal()
        .verify_exactly(2, &asked.rule("slow"))
        .get()
        .unwrap();
}

#[test]
fn a_deployment_that_gives_up_early_leaves_an_instance_that_waits() {
    let master = Slapmaster::builder()
        .fixture(WORLD)
        .switch("allocation.moment", "round")
        .frozen_at("2026-11-23T08:30:00Z")
        .start()
        .unwrap();

    assert!(deploy(master.url(), "web", 1).is_err());

    // A second later, without waiting for one, the master's alarms have allocated it.
    master
        .clock()
        .advance(Duration::from_secs(1))
        .get()
        .unwrap();
    let allocated = Standing::instance("web", "allocated");
    let at_most = Duration::from_secs(10);
    master
        .journal()
        .wait_until(&allocated, at_most)
        .get()
        .unwrap();
    let [event] = master
        .journal()
        .verify_exactly(1, &Entries::events("instance_allocated"))
        .get()
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(event.at.rfc3339().unwrap(), "2026-11-23T08:30:01Z");
    assert_eq!(deploy(master.url(), "web", 1), Ok("slappart0".to_owned()));
}

/// What is tested here: asks a master for an instance until it is ready, `tries` times at most.
/// Yours has a client library for this.
fn deploy(master_url: &str, title: &str, tries: usize) -> Result<String, String> {
    let form = format!(
        "partition_reference={title}&software_release=https%3A%2F%2Fexample.org%2Fsoftware.cfg\
         &software_type=default&state=%3Cmarshal%3E%3Cnone%2F%3E%3C%2Fmarshal%3E\
         &shared_xml=%3Cmarshal%3E%3Cbool%3E0%3C%2Fbool%3E%3C%2Fmarshal%3E\
         &partition_parameter_xml=%3Cmarshal%3E%3Cdictionary+id%3D%22i2%22%2F%3E%3C%2Fmarshal%3E\
         &filter_xml=%3Cmarshal%3E%3Cdictionary+id%3D%22i2%22%2F%3E%3C%2Fmarshal%3E"
    );
    let host = master_url.trim_start_matches("http://");
    for _ in 0..tries {
        let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
        let request = format!(
            "POST /requestComputerPartition HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        stream
            .write_all(request.as_bytes())
            .map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .map_err(|error| error.to_string())?;
        match answer.split(' ').nth(1) {
            Some("200") => {
                let (_, rest) = answer
                    .split_once("<string>slap_computer_partition_id</string><string>")
                    .unwrap();
                return Ok(rest.split('<').next().unwrap_or_default().to_owned());
            }
            Some("408") => {}
            status => return Err(format!("answered {status:?}")),
        }
    }
    Err(format!("not ready after {tries} tries"))
}
