//! `slapmaster ctl tree`: instance trees, drawn.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    ask::{Ask, Plan, Show},
    declare::{Verb, perhaps, value, word},
    show::{Page, plain},
};

/// How deep is drawn: deeper ones stand at the last depth.
const MOST_DEEP: usize = 64;

/// `slapmaster ctl tree`.
pub(super) const VERB: Verb = Verb {
    name: "tree",
    about: "Instance trees, drawn: what is wanted, what was reported, and where",
    more: "\
An instance has behind its title its reference, its state, and its partition. The state is the one \
that was reported; with the one that is wanted behind an arrow, where that is another.",
    takes: &[&[
        perhaps("TITLE", "The tree of this title; without it, all"),
        word(
            "state",
            &["started", "stopped", "destroyed"],
            "Trees that are asked to be so",
        ),
        value("owner", "REF", "Trees of this user"),
        value("after", "REF", "Behind the tree of this reference"),
        value("limit", "N", "At most so many: 100"),
    ]],
    plan: |line| {
        let ask = Ask::get(&["v1", "trees"]).query("title", line.text("TITLE"));
        let ask = ["state", "owner", "after", "limit"]
            .iter()
            .fold(ask, |ask, key| ask.query(key, line.text(key)));
        Ok(Plan::new(ask, Show::Page(draw)))
    },
};

/// What lines are drawn with.
struct Lines {
    child: &'static str,
    last: &'static str,
    beside: &'static str,
    below: &'static str,
}

const UNICODE: Lines = Lines {
    child: "├── ",
    last: "└── ",
    beside: "│   ",
    below: "    ",
};
const ASCII: Lines = Lines {
    child: "|-- ",
    last: "`-- ",
    beside: "|   ",
    below: "    ",
};

fn draw(answer: &Value, page: &mut Page) {
    let trees = answer.get("trees").and_then(Value::as_array);
    let trees = trees.map_or(&[][..], Vec::as_slice);
    if trees.is_empty() {
        page.line("no such tree");
    }
    for tree in trees {
        let text = |key: &str| plain(tree.get(key).and_then(Value::as_str).unwrap_or("-"));
        let mut head = format!(
            "{}  {}  {}  of {}",
            text("title"),
            text("reference"),
            page.toned(&text("state")),
            text("owner")
        );
        if tree.get("archived") == Some(&Value::Bool(true)) {
            head.push_str("  archived");
        }
        if text("subscription") != "subscribed" {
            head.push_str("  ");
            head.push_str(&text("subscription"));
        }
        page.text.push_str(&head);
        page.text.push('\n');
        let instances = tree.get("instances").and_then(Value::as_array);
        let forest = Forest(instances.map_or(&[][..], Vec::as_slice));
        let roots: Vec<&Value> = forest.roots().collect();
        forest.level(&roots, "", 0, page);
    }
}

/// The instances of a tree.
struct Forest<'v>(&'v [Value]);

impl<'v> Forest<'v> {
    fn is_there(&self, reference: &Value) -> bool {
        self.0
            .iter()
            .any(|instance| instance.get("reference") == Some(reference))
    }

    /// Those that no instance requested which is still there.
    fn roots(&self) -> impl Iterator<Item = &'v Value> {
        self.0.iter().filter(|instance| {
            !instance
                .get("parent")
                .is_some_and(|parent| self.is_there(parent))
        })
    }

    fn children(&self, of: &Value) -> Vec<&'v Value> {
        let reference = of.get("reference");
        let is_child = |instance: &&Value| instance.get("parent") == reference;
        self.0.iter().filter(is_child).collect()
    }

    /// Draws instances and all that they requested.
    fn level(&self, instances: &[&Value], indent: &str, depth: usize, page: &mut Page) {
        let lines = if page.look.unicode { UNICODE } else { ASCII };
        for (number, instance) in instances.iter().enumerate() {
            let is_last = number + 1 == instances.len();
            let (branch, beside) = if is_last {
                (lines.last, lines.below)
            } else {
                (lines.child, lines.beside)
            };
            let drawn = format!("{indent}{branch}{}\n", one(instance, page));
            page.text.push_str(&drawn);
            if depth < MOST_DEEP {
                let indent = format!("{indent}{beside}");
                self.level(&self.children(instance), &indent, depth + 1, page);
            }
        }
    }
}

/// An instance in a line.
fn one(instance: &Value, page: &Page) -> String {
    let text = |key: &str| instance.get(key).and_then(Value::as_str);
    let shown = |key: &str| plain(text(key).unwrap_or("-"));
    let (wanted, reported) = (shown("requested_state"), text("reported_state"));
    let state = match reported {
        Some(reported) if reported == wanted => page.toned(&wanted),
        reported => {
            let reported = page.toned(reported.unwrap_or("unreported"));
            format!("{reported} -> {}", page.toned(&wanted))
        }
    };
    let mut words = format!("{}  {}  {state}", shown("title"), shown("reference"));
    match (text("computer"), text("partition")) {
        (Some(computer), Some(partition)) => {
            let _ = write!(words, "  {}/{}", plain(computer), plain(partition));
        }
        _ => words.push_str("  on no partition"),
    }
    if text("kind") == Some("shared") {
        words.push_str("  shared");
        if let Some(host) = text("host") {
            let _ = write!(words, ", served by {}", plain(host));
        }
    }
    if let Some(why) = text("waits_because") {
        let _ = write!(words, "  ({})", plain(why));
    } else if reported == Some("error") {
        let _ = write!(words, "  ({})", shown("reported"));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::show::Look, *};

    fn drawn(unicode: bool) -> String {
        let instance = |n: u8, title: &str, parent: Option<u8>, kind: &str| {
            json!({
                "reference": format!("SOFTINST-{n}"), "title": title, "kind": kind,
                "parent": parent.map(|parent| format!("SOFTINST-{parent}")),
                "requested_state": "started", "reported_state": (n < 2).then_some("started"),
                "computer": (n < 4).then_some("COMP-1"), "partition": (n < 4).then_some("slappart0"),
                "host": (n == 3).then_some("SOFTINST-1"),
                "waits_because": (n == 4).then_some("no partition is free"),
            })
        };
        let answer = json!({ "trees": [{
            "reference": "HOSTSUBS-1", "title": "web", "state": "started", "owner": "alice",
            "archived": false, "subscription": "subscribed",
            "instances": [
                instance(1, "web", None, "software"),
                instance(2, "db", Some(1), "software"),
                instance(3, "route", Some(2), "shared"),
                instance(4, "cache\u{1b}", Some(1), "software"),
                // Whose requester is gone.
                instance(5, "left", Some(9), "software"),
            ],
        }] });
        let mut page = Page::new(Look {
            colour: false,
            unicode,
        });
        draw(&answer, &mut page);
        page.text
    }

    #[test]
    fn a_tree_is_drawn_with_states_and_places() {
        assert_eq!(
            drawn(true),
            "\
web  HOSTSUBS-1  started  of alice
├── web  SOFTINST-1  started  COMP-1/slappart0
│   ├── db  SOFTINST-2  unreported -> started  COMP-1/slappart0
│   │   └── route  SOFTINST-3  unreported -> started  COMP-1/slappart0  shared, served by SOFTINST-1
│   └── cache\\u{1b}  SOFTINST-4  unreported -> started  on no partition  (no partition is free)
└── left  SOFTINST-5  unreported -> started  on no partition
"
        );
    }

    #[test]
    fn elsewhere_the_lines_are_ascii() {
        let ascii = drawn(false);
        assert!(ascii.is_ascii(), "{ascii}");
        assert!(ascii.contains("|   |   `-- route"), "{ascii}");
    }
}
