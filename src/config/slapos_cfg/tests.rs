//! What each option becomes, and what is refused with which words.

use super::*;

const WHOLE: &str = "
[slapos]
software_root = /opt/slapgrid
computer_id = local_computer

[slapproxy]
host = ::1
port = 5000
database_uri = /srv/slapproxy.db
local_software_release_root = /srv/project/
software_product_list =
  kvm https://example.org/kvm/software.cfg
  erp5 /srv/project/erp5/software.cfg

[multimaster/https://slap.example.org]
key = /etc/key
cert = /etc/cert
software_release_list =
  https://example.org/frontend/software.cfg

  /some/path
computer = COMP-9
partition = slappart3

[multimaster/http://other.example.org]
";

fn parse(text: &str) -> Result<SlaposCfg, SlaposCfgError> {
    SlaposCfg::parse(Path::new("slapos.cfg"), text)
}

#[test]
fn a_whole_file_is_read() {
    let cfg = parse(WHOLE).unwrap();
    assert_eq!(
        cfg.listen.as_ref().unwrap().to_string(),
        "http://[::1]:5000"
    );
    let own = cfg.own_database().unwrap();
    assert_eq!(own, Path::new("/srv/slapproxy.db.slapmaster"));
    assert_eq!(cfg.computer.as_ref().unwrap().as_str(), "local_computer");
    assert_eq!(cfg.release_root.as_path(), Path::new("/srv/project"));
    let products: Vec<_> = cfg
        .products
        .iter()
        .map(|(product, release)| (product.as_str(), release.as_str()))
        .collect();
    assert_eq!(
        products,
        [
            ("kvm", "https://example.org/kvm/software.cfg"),
            ("erp5", "/srv/project/erp5/software.cfg"),
        ]
    );
    let [slap, other] = &cfg.other_masters[..] else {
        panic!("two masters: {:?}", cfg.other_masters);
    };
    assert_eq!(slap.url, "https://slap.example.org");
    assert_eq!(slap.key.as_deref(), Some(Path::new("/etc/key")));
    assert_eq!(slap.certificate.as_deref(), Some(Path::new("/etc/cert")));
    let releases: Vec<_> = slap
        .releases
        .iter()
        .map(SoftwareReleaseUri::as_str)
        .collect();
    assert_eq!(
        releases,
        ["https://example.org/frontend/software.cfg", "/some/path"]
    );
    let requester = slap.requester.as_ref().unwrap();
    assert_eq!(requester.to_string(), "slappart3 on COMP-9");
    assert_eq!(
        *other,
        OtherMaster {
            url: "http://other.example.org".to_owned(),
            certificate: None,
            key: None,
            releases: Vec::new(),
            requester: None,
        }
    );
    assert_eq!(cfg.warnings, Vec::<String>::new());
}

#[test]
fn an_option_counts_where_it_is_first_and_not_empty() {
    let cfg =
        parse("[slapproxy]\nport = 1\nhost =\n[slapos]\nport = 2\nhost = localhost\n").unwrap();
    assert_eq!(cfg.listen.unwrap().to_string(), "http://127.0.0.1:1");
    let cfg = parse("[slapos]\nport = 2\n[slapproxy]\nport = 1\n").unwrap();
    assert_eq!(cfg.listen.unwrap().to_string(), "http://127.0.0.1:2");
    let cfg = parse("[DEFAULT]\nhost = ::\nother = x\n[slapproxy]\nport = 1\n").unwrap();
    assert_eq!(cfg.listen.unwrap().to_string(), "http://[::]:1");
}

#[test]
fn what_is_missing_is_nothing_yet() {
    let cfg = parse("[slapproxy]\n").unwrap();
    assert_eq!((cfg.listen, cfg.database, cfg.computer), (None, None, None));
    assert_eq!(cfg.release_root, ReleaseRoot::default());
}

#[test]
fn what_has_no_effect_is_named_once() {
    let cfg = parse(
        "[slapproxy]\npublic_directory_path = /srv\nlog_file = /x\nshacache-content-directory = /y\n\
         shacache_metadata_directory =\nsoftware_product_list =\n a b\n a c\n\
         [multimaster/https://x]\ncomputer = COMP-1\n",
    )
    .unwrap();
    assert_eq!(
        cfg.warnings,
        [
            "slapos.cfg:2: `public_directory_path` has no effect: no public directory is served",
            "slapos.cfg:3: `log_file` has no effect: logs go to standard error, redirect that",
            "slapos.cfg:4: `shacache-content-directory` has no effect: no networkcache is served",
            "slapos.cfg:6: product `a` is there twice: the last one counts",
            "slapos.cfg:9: `[multimaster/https://x]` has no `cert` and `key`, without which nothing \
             is forwarded to an https URL",
            "slapos.cfg:10: `computer` has no effect: only `computer` and `partition` together have",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    for (text, expected) in [
        (
            "",
            "`slapos.cfg`: there is neither a section `[slapproxy]` nor a section `[slapos]`",
        ),
        (
            "[slapproxi]\nport = 1\n",
            "nor a section `[slapos]`, only `[slapproxi]`: is that misspelt?",
        ),
        (
            "port = 1\n",
            "slapos.cfg:1: an option stands before the first `[section]`",
        ),
        (
            "[slapproxy]\nport = x\n",
            "slapos.cfg:2: port: `x`: expected a port, from 0 to 65535",
        ),
        (
            "[slapproxy]\nport = 65536\n",
            "slapos.cfg:2: port: `65536`: expected a port",
        ),
        (
            "[slapproxy]\nport = 1\nhost = example.org\n",
            "slapos.cfg:3: host: `example.org`: expected an IP address",
        ),
        (
            "[slapproxy]\ndatabase-uri = x\n",
            "slapos.cfg:2: section `[slapproxy]` has no option `database-uri`, perhaps `database_uri`",
        ),
        (
            "[slapproxy]\nqqq = x\n",
            "section `[slapproxy]` has no option `qqq`; it can have `host`, `port`,",
        ),
        (
            "[slapos]\ncomputer_di = x\n",
            "section `[slapos]` has no option `computer_di`, perhaps `computer_id`",
        ),
        (
            "[slapproxy]\nsoftware_product_list =\n  kvm\n",
            "slapos.cfg:2: software_product_list: `kvm`: expected the reference of a product",
        ),
        (
            "[slapproxy]\n[multimaster/]\n",
            "slapos.cfg:2: `[multimaster/]` names no master",
        ),
        (
            "[slapproxy]\n[multimaster/http://x]\nkeys = y\n",
            "slapos.cfg:3: section `[multimaster/http://x]` has no option `keys`, perhaps `key`",
        ),
        (
            "[slapproxy]\ncomputer_id = a\u{8}b\n",
            "slapos.cfg:2: computer_id: `a\u{8}b`: the character at position 1",
        ),
        (
            "[slapproxy]\nport = %(p)s\n",
            "slapos.cfg:2: `port` refers to `%(p)s`",
        ),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    // Other commands have their own options in the common section, and their own sections.
    parse("[slapos]\nmaster_url = x\nmy_own = y\n[slapformat]\nz = %q\n").unwrap();
}
