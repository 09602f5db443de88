//! The arrows between the rooms, read from the sources: `ARCHITECTURE.md` draws them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a room may use, and which crates it must never know.
struct Room {
    /// Its folder or file below `src/`.
    name: &'static str,
    /// Rooms that it may use, besides itself.
    rooms: &'static [&'static str],
    /// Crates that stay out of it.
    banned: &'static [&'static str],
}

/// The arrows. An arrow that is not here is refused: draw it on purpose, in a commit of its own.
const ROOMS: &[Room] = &[
    Room {
        name: "domain",
        rooms: &[],
        banned: &[
            "axum",
            "hyper",
            "quick_xml",
            "serde",
            "serde_json",
            "sqlx",
            "tokio",
            "tracing",
        ],
    },
    Room {
        name: "mock",
        rooms: &["domain"],
        banned: &["axum", "hyper", "quick_xml", "serde", "sqlx"],
    },
    Room {
        name: "store",
        rooms: &["domain"],
        banned: &["axum", "hyper", "quick_xml", "serde"],
    },
    Room {
        name: "pki",
        rooms: &["domain"],
        banned: &[
            "axum",
            "hyper",
            "quick_xml",
            "serde",
            "serde_json",
            "sqlx",
            "tokio",
            "tracing",
        ],
    },
    Room {
        name: "master",
        rooms: &["domain", "mock", "pki", "store"],
        banned: &["axum", "hyper", "quick_xml", "serde", "serde_json", "sqlx"],
    },
    Room {
        name: "fixture",
        rooms: &["domain", "master", "mock"],
        banned: &["axum", "hyper", "quick_xml", "sqlx"],
    },
    Room {
        name: "xml",
        rooms: &["domain"],
        banned: &["axum", "hyper", "sqlx", "tokio"],
    },
    // The one room beside `store` that knows SQL: that of a foreign database, which it only reads.
    Room {
        name: "slapproxy",
        rooms: &["domain", "xml"],
        banned: &["axum", "hyper", "quick_xml", "serde", "serde_json"],
    },
    Room {
        name: "front",
        rooms: &["domain", "fixture", "master", "mock", "net", "xml"],
        banned: &["hyper", "hyper_util", "sqlx", "serde_saphyr"],
    },
    Room {
        name: "net",
        rooms: &[],
        banned: &["quick_xml", "serde", "serde_json", "sqlx"],
    },
    Room {
        name: "config",
        rooms: &["domain", "net"],
        banned: &["hyper", "quick_xml", "sqlx"],
    },
    Room {
        name: "app",
        rooms: &[
            "config",
            "domain",
            "fixture",
            "front",
            "master",
            "mock",
            "net",
            "slapproxy",
        ],
        banned: &["quick_xml", "sqlx"],
    },
    Room {
        name: "embed",
        rooms: &["app", "config", "domain", "net"],
        banned: &["hyper", "quick_xml", "sqlx"],
    },
    Room {
        name: "cli",
        rooms: &["app", "config", "domain", "fixture", "net"],
        banned: &["axum", "quick_xml", "sqlx"],
    },
];

/// The dialects and surfaces within `front`: none may use another.
const FRONTS: &[&str] = &["control", "hateoas", "json_rpc", "slap", "web"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The source without its comments, where rooms may be named freely.
fn code(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Paths below the crate's root that the text names, for example `front::xml` or `domain`: two
/// segments at most.
fn used_paths(text: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| is_name(c) || c == '$') {
            continue;
        }
        for item in items(&text[at + "crate::".len()..]) {
            paths.insert(item);
        }
    }
    paths
}

/// What stands at the beginning: one path, or each path of a group in braces.
fn items(text: &str) -> Vec<String> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 1;
        let mut start = 0;
        let mut found = Vec::new();
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && character == ',') {
                found.extend(items(&group[start..at]));
                start = at + 1;
            }
            if depth == 0 {
                return found;
            }
        }
        return found;
    }
    let first: String = text.chars().take_while(|c| is_name(*c)).collect();
    if first.is_empty() {
        return Vec::new();
    }
    match text[first.len()..].strip_prefix("::") {
        None => vec![first],
        Some(rest) => {
            let below = items(rest);
            if below.is_empty() {
                return vec![first];
            }
            below
                .iter()
                .map(|path| format!("{first}::{}", path.split("::").next().unwrap()))
                .collect()
        }
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn used_paths_are_read_from_groups_and_single_paths() {
    let text = "use crate::{domain::{a, b}, front::xml::marshal};\nlet x = crate::store::open();";
    let paths: Vec<_> = used_paths(text).into_iter().collect();
    assert_eq!(
        paths,
        ["domain::a", "domain::b", "front::xml", "store::open"]
    );
}

#[test]
fn every_room_uses_only_the_rooms_and_crates_that_it_may() {
    let mut refused = Vec::new();
    for room in ROOMS {
        let folder = src().join(room.name);
        assert!(folder.is_dir(), "there is no room `{}` any more", room.name);
        for source in sources(&folder) {
            let text = code(&source);
            let shown = source.strip_prefix(src()).unwrap().display().to_string();
            for path in used_paths(&text) {
                let target = path.split("::").next().unwrap();
                let is_room = ROOMS.iter().any(|other| other.name == target);
                if is_room && target != room.name && !room.rooms.contains(&target) {
                    refused.push(format!("{shown}: {} must not use {target}", room.name));
                }
            }
            for banned in room.banned {
                let named = format!("{banned}::");
                let used = text.match_indices(&named).any(|(at, _)| {
                    let before = text[..at].chars().next_back();
                    !before.is_some_and(|c| is_name(c) || c == ':')
                });
                if used {
                    refused.push(format!("{shown}: {} must not know {banned}", room.name));
                }
            }
        }
    }
    assert!(
        refused.is_empty(),
        "arrows that are not in the table of tests/it/rooms.rs; if one is meant, draw it there and \
         in ARCHITECTURE.md, in a commit of its own:\n{}",
        refused.join("\n")
    );
}

#[test]
fn no_front_uses_another() {
    for front in FRONTS {
        for source in sources(&src().join("front").join(front)) {
            for path in used_paths(&code(&source)) {
                let mut segments = path.split("::");
                if segments.next() != Some("front") {
                    continue;
                }
                let used = segments.next().unwrap_or_default();
                assert!(
                    used == *front || !FRONTS.contains(&used),
                    "{}: front/{front} must not use front/{used}; what both need goes to front/",
                    source.display()
                );
            }
        }
    }
}

#[test]
fn every_folder_and_file_of_the_source_is_a_room() {
    for entry in fs::read_dir(src()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = ROOMS.iter().any(|room| room.name == name)
            || ["lib.rs", "main.rs"].contains(&name.as_str());
        assert!(
            known,
            "src/{name} is in no room: tests/it/rooms.rs lists them"
        );
    }
}

#[test]
fn every_room_says_what_it_is_for() {
    for room in ROOMS {
        let text = fs::read_to_string(src().join(room.name).join("mod.rs")).unwrap();
        assert!(
            text.starts_with("//! "),
            "src/{}/mod.rs does not say what it is for",
            room.name
        );
    }
}

#[test]
fn every_path_that_the_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["ARCHITECTURE.md", "README.md", "fixtures/README.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let mut found = 0;
        for word in text.split(['`', '(', ')', ' ', '\n']) {
            let is_path = ["src/", "tests/", "migrations/", "fixtures/", ".ci/"]
                .iter()
                .any(|folder| word.starts_with(folder));
            if is_path && !word.contains('*') {
                found += 1;
                let path = word.trim_end_matches(['.', ',', ':', ';']);
                assert!(
                    root.join(path).exists(),
                    "{document} names `{path}`, which is not there"
                );
            }
        }
        assert!(
            found > 0,
            "{document} names no path: is this test still reading it right?"
        );
    }
}
