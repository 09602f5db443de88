//! Health, the page at the root, and the health check without curl.

use std::{net::TcpListener, path::Path, time::Instant};

use axum::{body::Body, http::Request};
use slapmaster::{
    domain::behaviour::Behaviour,
    front::{
        self, AppState,
        readiness::{Readiness, held_until_ready},
    },
    master::{Master, WorldSettings},
    mock::clock::Clock,
};
use tower::{Service, ServiceExt};

use crate::support::{
    http::{get, request},
    process::{Outcome, Running, Server, command, run, slapmaster},
};

#[test]
fn the_root_is_a_small_page_that_no_browser_can_be_harmed_by() {
    let server = Server::start();
    let page = get(server.address(), "/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert!(page.body.contains("for tests only"));
    assert!(page.body.contains(env!("CARGO_PKG_VERSION")));
    let head = request(server.address(), "HEAD", "/", &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn live_and_ready_answer_json() {
    let server = Server::start();
    for (path, body) in [
        ("live", r#"{"status":"live"}"#),
        ("ready", r#"{"status":"ready"}"#),
    ] {
        let answer = get(server.address(), &format!("/_mock/health/{path}"));
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn before_the_fixtures_are_in_only_health_answers() {
    let master = Master::open(WorldSettings {
        database: None,
        behaviour: Behaviour::default(),
        default_computer: None,
        seed: 0,
        clock: Clock::system(),
        ..WorldSettings::default()
    })
    .await
    .unwrap();
    let readiness = Readiness::default();
    let state = AppState {
        readiness: readiness.clone(),
        ..AppState::new(master)
    };
    let service = held_until_ready(front::router(&state), readiness.clone());
    let ask = |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let mut service = service.clone();
        async move {
            service
                .ready()
                .await
                .unwrap()
                .call(request)
                .await
                .unwrap()
                .status()
        }
    };
    assert_eq!(ask("/_mock/health/live").await, 200);
    assert_eq!(ask("/_mock/health/ready").await, 503);
    let mut page = std::pin::pin!(ask("/"));
    // Of the control surface, health alone answers: the rest would show half a fixture.
    let mut authority = std::pin::pin!(ask("/_mock/v1/ca.pem"));
    tokio::select! {
        biased;
        status = &mut page => panic!("answered {status} too early"),
        status = &mut authority => panic!("answered {status} too early"),
        () = tokio::task::yield_now() => {}
    }
    readiness.set();
    assert_eq!(page.await, 200);
    assert_eq!(authority.await, 200);
    assert_eq!(ask("/_mock/health/ready").await, 200);
}

fn healthcheck(arguments: &[&str]) -> Outcome {
    run(command(&["healthcheck"]).args(arguments))
}

#[test]
fn healthcheck_follows_the_settings_of_the_server() {
    let server = Server::start_with(&[
        "--listen",
        "http://0.0.0.0:0",
        "--ready-file",
        "DIR/ready.json",
        "--listen",
        "unix:DIR/slap.sock",
    ]);
    let path = |name: &str| server.path(name).to_str().unwrap().to_owned();
    let ready_file = path("ready.json");
    for arguments in [
        &["--listen", server.urls[0].as_str()][..],
        &["--listen", server.urls[1].as_str()],
        &["--listen", "http://0.0.0.0:0", "--ready-file", &ready_file],
    ] {
        assert_eq!(healthcheck(arguments).code, 0, "{arguments:?}");
    }
    let by_variable =
        run(command(&["healthcheck"]).env("SLAPMASTER_LISTEN", server.urls.join(",")));
    assert_eq!(by_variable.code, 0);

    let unknown = healthcheck(&["--listen", "http://127.0.0.1:0"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.error().contains("--ready-file"),
        "{}",
        unknown.error()
    );
}

#[test]
fn healthcheck_asks_the_control_listener_where_there_is_one() {
    let server = Server::start_with(&[
        "--listen",
        "http://127.0.0.1:0",
        "--control-listen",
        "http://127.0.0.1:0",
    ]);
    let [main, control] = server.urls.as_slice() else {
        panic!("{:?}", server.urls)
    };
    assert_eq!(healthcheck(&["--listen", main]).code, 1);
    assert_eq!(
        healthcheck(&["--listen", main, "--control-listen", control]).code,
        0
    );
}

#[test]
fn healthcheck_waits_as_long_as_it_is_told() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let began = Instant::now();
    let failed = healthcheck(&["--listen", &url, "--wait", "300ms"]);
    assert_eq!(failed.code, 1);
    assert!(began.elapsed().as_millis() >= 200);
    assert!(
        failed.error().contains("does not answer"),
        "{}",
        failed.error()
    );

    let mut waiting = Running::spawn(&mut command(&[
        "healthcheck",
        "--listen",
        &url,
        "--wait",
        "15s",
    ]));
    let server = Server::start_with(&["--listen", &url]);
    assert_eq!(waiting.wait().code(), Some(0));
    drop(server);
}

#[test]
fn check_needs_a_file() {
    let outcome = slapmaster(&["check"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.error().contains("FILE"), "{}", outcome.error());
    assert!(!Path::new("FILE").exists());
}
