//! The limits of `marshalling.md` 1.7, and what hostile senders try.

use std::fmt::Write as _;

use super::{MAX_BYTES, MAX_DEPTH, MAX_DIGITS, MAX_NODES, MarshalError, read};

fn nested(depth: usize) -> String {
    format!(
        "<marshal>{}{}</marshal>",
        "<list>".repeat(depth),
        "</list>".repeat(depth)
    )
}

#[test]
fn limits_hold_to_the_last_unit() {
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        read(&nested(MAX_DEPTH + 1)),
        Err(MarshalError::TooDeep {
            position: 9 + MAX_DEPTH * 6
        })
    );
    assert!(matches!(
        read(&nested(400_000)),
        Err(MarshalError::TooDeep { .. })
    ));

    let digits = "9".repeat(MAX_DIGITS);
    assert!(read(&format!("<marshal><int>{digits}</int></marshal>")).is_ok());

    let sized = |size: usize| {
        let padding = size - "<marshal><string></string></marshal>".len();
        format!(
            "<marshal><string>{}</string></marshal>",
            "a".repeat(padding)
        )
    };
    assert!(read(&sized(MAX_BYTES)).is_ok());
    assert_eq!(
        read(&sized(MAX_BYTES + 1)),
        Err(MarshalError::TooLarge {
            size: MAX_BYTES + 1
        })
    );
}

#[test]
fn many_values_are_refused_before_they_are_built() {
    let too_many = Err(MarshalError::TooBig {
        limit: MAX_NODES,
        unit: "values",
    });
    let flat = |count: usize| {
        format!(
            "<marshal><list>{}</list></marshal>",
            "<none/>".repeat(count - 1)
        )
    };
    assert!(read(&flat(MAX_NODES)).is_ok());
    assert_eq!(read(&flat(MAX_NODES + 1)), too_many);

    // Thirty lists of two references each: 2^30 leaves.
    let mut bomb = "<marshal><list><list id='l0'/>".to_owned();
    for level in 1..=30 {
        let inner = format!("<reference id='l{}'/>", level - 1).repeat(2);
        let _ = write!(bomb, "<list id='l{level}'>{inner}</list>");
    }
    bomb.push_str("</list></marshal>");
    assert_eq!(read(&bomb), too_many);
}

#[test]
fn references_cannot_multiply_a_long_text_or_hide_depth() {
    let text = "a".repeat(1_000_000);
    let references = "<reference id='l'/>".repeat(100);
    assert_eq!(
        read(&format!(
            "<marshal><list><list id='l'><string>{text}</string></list>{references}</list></marshal>"
        )),
        Err(MarshalError::TooBig {
            limit: MAX_BYTES,
            unit: "bytes of text"
        })
    );

    let chain = |length: usize| {
        let mut document = "<marshal><list><list id='l0'/>".to_owned();
        for level in 1..length {
            let inner = level - 1;
            let _ = write!(
                document,
                "<list id='l{level}'><reference id='l{inner}'/></list>"
            );
        }
        document + "</list></marshal>"
    };
    assert!(read(&chain(MAX_DEPTH - 1)).is_ok());
    assert!(matches!(
        read(&chain(MAX_DEPTH)),
        Err(MarshalError::TooDeep { .. })
    ));
}

/// What makes a careless reader slow or large: anything quadratic would take minutes here.
#[test]
fn hostile_documents_take_no_time() {
    let many = |piece: &str| piece.repeat(700_000 / piece.len());
    let numbered =
        |template: fn(usize) -> String| -> String { (0..30_000).map(template).collect() };
    for inside in [
        format!("<none {}/>", numbered(|n| format!(" a{n}='1'"))),
        format!("<none {}/>", numbered(|n| format!(" xmlns:a{n}='1'"))),
        format!("<none {}/>", many("a='1' ")),
        many("<none xmlns='a'>"),
        format!("<string>{}</string>", many("&amp;")),
        format!("<string>{}</string>", many("&")),
        format!("<string>{}</string>", many("]]")),
        format!("<string>{}</string>", many("<![CDATA[]]>")),
        format!("<int>{}</int>", many("1")),
        format!("<int>{}</int>", many("1_")),
        format!("<float>{}</float>", many("1")),
        format!("<float>1e{}</float>", many("1")),
        format!("<!--{}-->", many("- ")),
        many("<!--"),
        many("<?a "),
        many("<"),
        format!("<list {}", many("a='")),
        format!("<dictionary>{}</dictionary>", many("<int>1</int>")),
        format!("<{0}/>", many("a")),
        format!("<list>{}", many("<list id='a'/>")),
    ] {
        let _ = read(&format!("<marshal>{inside}</marshal>"));
    }
}
