//! What a server keeps while it runs, and what stays of one that was killed.

use std::{path::Path, process::Command};

use crate::support::{
    http::send,
    process::{Running, SLAPMASTER, address, command},
};

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn ready(process: &Running) -> String {
    let line = process.stdout.next();
    process.stdout.find("ready in");
    line.strip_prefix("listening on ").unwrap().to_owned()
}

#[test]
fn what_a_killed_server_left_is_removed_by_the_next_and_what_one_that_runs_has_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut serve = command(&["serve", "--listen", "http://127.0.0.1:0"]);
        Running::spawn(serve.env("TMPDIR", folder.path()))
    };
    let mut killed = start();
    ready(&killed);
    let left = names(folder.path());
    assert_eq!(left.len(), 1, "{left:?}");
    killed.signal("KILL");
    killed.wait();
    assert_eq!(names(folder.path()), left);

    let mut first = start();
    ready(&first);
    let of_first = names(folder.path());
    assert_eq!(of_first.len(), 1, "{of_first:?}");
    assert_ne!(of_first, left);
    let mut second = start();
    ready(&second);
    assert_eq!(names(folder.path()).len(), 2);
    for server in [&mut second, &mut first] {
        server.signal("TERM");
        assert!(server.wait().success());
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_low_limit_on_open_files_that_may_be_raised_does_not_limit_the_worlds() {
    let serve = format!("ulimit -Sn 64; exec '{SLAPMASTER}' serve --listen http://127.0.0.1:0");
    let process = Running::spawn(Command::new("sh").args(["-c", &serve]));
    let url = ready(&process);
    for number in 0..40 {
        let path = format!("/_mock/v1/worlds/w{number}");
        let answer = send(
            address(&url),
            format!(
                "PUT {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
            ),
        );
        assert_eq!(answer.status, 201, "{path}");
    }
}
