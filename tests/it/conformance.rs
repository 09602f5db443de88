//! The unmodified slapos.core client, library and commands, against the built binary.
//!
//! The tests themselves are Python (`tests/conformance`); each module of them is one test here. Every
//! Python test starts a server of its own, so none sees another's world.

use std::fs;
use std::process::Command;

use crate::support::python;

/// Runs one module of `tests/conformance`, or one program of it, and shows its words if it fails.
fn check(python: &std::path::Path, arguments: &[&str]) {
    let output = Command::new(python)
        .args(arguments)
        .current_dir(python::scripts())
        .env("BINARY_UNDER_TEST", env!("CARGO_BIN_EXE_slapmaster"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // Warnings of the client's own making would bury the words of a test that fails.
        .env("PYTHONWARNINGS", "ignore")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "`{}` failed ({}):\n{}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// One test per module of Python tests, and a test that no module was forgotten.
macro_rules! modules {
    ($(in $environment:path { $($module:ident: $says:literal),+ $(,)? })+) => {
        $($(
            #[doc = $says]
            #[test]
            fn $module() {
                check(&$environment(), &["-m", "unittest", "-v", stringify!($module)]);
            }
        )+)+

        #[test]
        fn every_python_module_has_its_test_here() {
            let known = [$($(stringify!($module)),+),+];
            for entry in fs::read_dir(python::scripts()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if let Some(module) = name.strip_suffix(".py").filter(|name| name.starts_with("test_")) {
                    assert!(known.contains(&module), "`{name}` is run by nobody: add it to `modules!`");
                }
            }
        }
    };
}

modules! {
    in python::python {
        test_cli: "The commands of a client: `slapos request` and the like.",
        test_cli_hateoas: "The commands that read over HATEOAS: `slapos service info` and the like.",
        test_cli_node: "The commands of a node: `slapos node format` and the like.",
        test_clock: "The world's clock and its background: what expires, grows old and comes when it is moved.",
        test_computer: "Format, computer information, status, bang, usage, and what is true of every call.",
        test_ctl: "A life told and watched by `slapmaster ctl` alone; its page's examples.",
        test_differential: "One script beside the real slapproxy, answers compared.",
        test_durability: "`kill -9` in the middle of writes.",
        test_faults: "Fault rules: not ready, refused, dropped, cut, delayed, before and after the change.",
        test_fixtures: "Worlds exported and loaded elsewhere, the schema for editors, the page's examples.",
        test_forwarding: "Requests for other masters, slapmaster's and the real slapproxy's.",
        test_hateoas: "The library's methods that use HATEOAS: trees, computers, news, tokens.",
        test_hostile: "Bad input of every kind.",
        test_interface: "No method of the library is left out.",
        test_journal: "The journal of what the client does: waited for, verified, followed; no secret.",
        test_json_rpc: "Generated requests and every answer under the schemas of slapos.core.",
        test_main_flow: "The main flow, as one program.",
        test_metrics: "The counters, read by the parser of Prometheus' own client.",
        test_openapi: "The server's own description, against what the server does.",
        test_partition: "Every method of a partition.",
        test_presets: "What `real` and `slapproxy` do otherwise.",
        test_request: "Requests of a user and of an instance.",
        test_scenario: "A story that a fixture tells: built at the third try, started, published, expired.",
        test_shared: "Shared instances.",
        test_simulation: "Simulated computers, as whoever only requests meets them.",
        test_software: "Supply, software reports, products.",
        test_slapos_cfg: "The configuration of a slapproxy, beside the real one: what it says is so.",
        test_slapproxy_import: "The world of a slapproxy of any age, taken over.",
        test_tls_client: "`slapos configure client`, `slapos computer token`, commands over https.",
        test_tls_flow: "A computer's life from its token to its next one.",
        test_tls_library: "The calls that hand out certificates, and who may do what with one.",
        test_tls_register: "`slapos node register`.",
        test_tls_revocation: "How fast revocation bites, in which way, and how it is told.",
        test_tree: "State cascades and allocation.",
        test_worlds: "Worlds of one process, reset and snapshots; whose certificates count where.",
    }
    in python::suite_python {
        test_schemathesis: "The control surface, by calls that schemathesis makes of its description.",
    }
    in python::node_python {
        test_node_commands: "When the commands of a node run, and how they end; `slapos node bang`, `slapos node boot`.",
        test_node_instance: "The life of instances: `slapos node instance`.",
        test_node_promise: "Promises, looked at by `slapos node instance` and by `slapos node promise`.",
        test_node_report: "Usage and the end of instances: `slapos node report`, `slapos node collect`.",
        test_node_software: "Software: `slapos node software`.",
        test_node_speed: "How long a pass of `slapos node instance` takes, beside slapproxy.",
        test_node_tls: "A node's life over https, with the certificate of `slapos node register`.",
        test_standalone: "`StandaloneSlapOS` and the test framework of slapos.core, by the recipe for both.",
    }
}

#[test]
fn a_slapproxy_of_2022_is_taken_over() {
    check(
        &python::old_client_python(),
        &[
            "-W",
            "ignore",
            "-m",
            "unittest",
            "-v",
            "test_slapproxy_import.FromTheRealOne",
        ],
    );
}

#[test]
fn a_client_of_2022_gets_certificates_and_calls_with_them() {
    check(
        &python::old_client_python(),
        &[
            "-W",
            "ignore",
            "-m",
            "unittest",
            "-v",
            "test_tls_library.Certificates",
            "test_tls_library.OfAnInstance.test_it_publishes_its_own_connection",
            "test_tls_library.OfAnInstance.test_it_reads_and_reports_itself",
        ],
    );
}
