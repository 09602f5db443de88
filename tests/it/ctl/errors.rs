//! What goes wrong, and the exit code that says so.

use std::{io::Write as _, net::TcpListener, thread};

use super::{World, ctl, done, failed, parsed};
use crate::support::process::{command, run, slapmaster};

#[test]
fn who_is_not_there_is_exit_code_4() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    failed(&ctl(&url, &["tree"]), 4, &url);
    failed(&ctl(&url, &["tree"]), 4, "start `slapmaster serve`");
    failed(
        &ctl("unix:/nowhere.sock", &["tree"]),
        4,
        "unix:/nowhere.sock",
    );
    let outcome = run(&mut command(&["ctl", "tree", "--ready-file", "/nowhere"]));
    failed(&outcome, 4, "ready file `/nowhere`");
}

#[test]
fn who_is_no_slapmaster_is_exit_code_4() {
    for answer in [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        "220 mail.example.org ESMTP\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            // Whoever asks may still be writing.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        });
        let outcome = ctl(&url, &["tree"]);
        assert_eq!(outcome.code, 4, "{answer}: {outcome:?}");
        server.join().unwrap();
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_nobody_is_asked() {
    let nobody = "http://127.0.0.1:1";
    for (arguments, expected) in [
        (&["falt"][..], "fault"),
        (&["token", "mke"], "make"),
        (&["fault", "show"], "NAME"),
        (&["fault", "add", "{effect: [1"], "argument:1:"),
        (&["fault", "add", "no-such-file.yaml"], "no-such-file.yaml"),
        (&["computer", "add", "COMP-9"], "`COMP-9` is no file, and"),
        (&["fault", "add", "[1]", "--drop"], "keys with their values"),
        (
            &["fault", "add", "{effect: x}", "--drop"],
            "`effect` has no keys",
        ),
        (
            &["fault", "add", "--status", "x"],
            "--status: `x` is no whole number",
        ),
        (&["fault", "add", "--lifetime", "x"], "for example 30s"),
        (&["fault", "add", "--when", "then"], "before, after"),
        (
            &["fault", "add", "--status", "500", "--header", "x"],
            "KEY=VALUE",
        ),
        (&["wait", "--timeout", "soon"], "for example 30s"),
        (
            &["journal", "--follow", "--order", "newest"],
            "--order: means nothing",
        ),
        (&["tree", "--state", "start"], "started"),
        (
            &["tree", "--url", "127.0.0.1:5000"],
            "is no URL of a server",
        ),
        (&["tree", "--url", "unix:run.sock"], "unix:"),
        (&["tree", "--url", "https://127.0.0.1:1"], "--ca"),
        (&["tree", "--control-token", "a\nb"], "--control-token"),
    ] {
        let mut command = command(&["ctl"]);
        if !arguments.contains(&"--url") {
            command.args(["--url", nobody]);
        }
        failed(&run(command.args(arguments)), 2, expected);
    }
}

#[test]
fn what_the_server_refuses_is_exit_code_3_with_its_words() {
    let world = World::start();
    for (words, expected) in [
        (
            "fault show none",
            "Not Found: There is no fault rule `none`.",
        ),
        ("fault add --call x", "Bad Request: `effect`: is missing"),
        ("fault add --status 99", "`effect.status`"),
        (
            "certificate show ab",
            "Not Found: certificate `ab` is not known",
        ),
        ("certificate issue", "Bad Request: "),
        ("certificate issue --computer COMP-9", "Not Found: "),
        (
            "journal --event instance_start",
            "perhaps `instance_started` was meant",
        ),
        ("journal --limit 0", "`limit`: is 0"),
        ("token make --user nobody", "nobody"),
        ("tree --after HOSTSUBS-99", "HOSTSUBS-99"),
        ("journal --follow --event x", "`event`: is `x`"),
        ("wait --is started", "Bad Request: "),
    ] {
        failed(&world.ctl(words), 3, expected);
    }
    failed(
        &world.ctl("fault show none"),
        3,
        "(GET /_mock/v1/faults/none)",
    );
}

#[test]
fn with_json_the_refusal_is_printed_as_it_came() {
    let world = World::start();
    let outcome = world.ctl("fault show none --json");
    failed(&outcome, 3, "Not Found");
    let problem = parsed(&outcome.stdout);
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["detail"], "There is no fault rule `none`.");
}

#[test]
fn the_control_token_opens_the_door() {
    let world = World::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--control-token",
        "open-sesame",
    ]);
    failed(&world.ctl("tree"), 3, "SLAPMASTER_CONTROL_TOKEN");
    let wrong = world.ctl("tree --control-token hunter2");
    failed(&wrong, 3, "The control token is another one.");
    assert!(!wrong.stderr.contains("hunter2"), "{wrong:?}");
    world.done("tree --control-token open-sesame");
    let by_variable = run(command(&["ctl", "tree", "--url", world.url()])
        .env("SLAPMASTER_CONTROL_TOKEN", "open-sesame"));
    done(by_variable);
}

#[test]
fn help_tells_the_exit_codes_and_shows_no_secret() {
    let outcome = run(command(&["ctl", "--help"]).env("SLAPMASTER_CONTROL_TOKEN", "hunter2"));
    assert_eq!(outcome.code, 0);
    for part in ["Exit codes: 0 done; 1 ", "fault", "journal", "--ready-file"] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("hunter2"));
    assert_eq!(slapmaster(&["ctl", "fault", "add", "--help"]).code, 0);
    failed(&slapmaster(&["ctl"]), 2, "subcommand");
}
