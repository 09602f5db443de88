//! What holds for every value and every text.

use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
};

use crate::domain::text::without_illegal;

use super::{Value, read, read_answer, write};

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| without_illegal(&text))
}

/// Whatever reads back as itself: all but objects and NaN, keys in the order of the writer.
fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "-?[1-9][0-9]{19,39}".prop_map(Value::BigInt),
        (proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::INFINITE)
            .prop_map(Value::Float),
        (-1e30..1e30, -1.0..1.0).prop_map(|(real, imaginary)| Value::Complex(real, imaginary)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::List),
            vec(inner.clone(), 0..8).prop_map(Value::Tuple),
            btree_set(text(), 0..8)
                .prop_map(|set| Value::Set(set.into_iter().map(Value::from).collect())),
            btree_map(any::<i64>(), inner.clone(), 0..8).prop_map(|map| Value::Dictionary(
                map.into_iter().map(|(k, v)| (k.into(), v)).collect()
            )),
            btree_map(text(), inner, 0..8).prop_map(Value::dictionary),
        ]
    })
}

/// What a hostile sender might put into a document.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<list id='i2'>".to_owned()),
        Just("</list>".to_owned()),
        Just("<reference id='i2'/>".to_owned()),
        Just("<dictionary>".to_owned()),
        Just("<object module='slapos.slap.slap' class='Computer'><tuple/>".to_owned()),
        Just("</object>".to_owned()),
        Just("<tuple><int>1".to_owned()),
        Just("</".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("<!".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<?".to_owned()),
        Just("&#".to_owned()),
        Just(" xmlns:a='".to_owned()),
        "[<>&;/!?'\"= a-z\\[\\]-]{0,6}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value()) {
        let document = write(&value);
        prop_assert!(document.is_ascii());
        prop_assert_eq!(read(&document), Ok(value.clone()));
        prop_assert_eq!(value.clone().into_owned(), value);
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        pieces in vec(fragment(), 0..30),
        inside in any::<bool>(),
    ) {
        let text = pieces.concat();
        let text = if inside { format!("<marshal>{text}</marshal>") } else { text };
        let _ = read(&text);
        let _ = read_answer(&text);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(
        value in value(),
        damage in vec((any::<prop::sample::Index>(), 0..9_usize, fragment()), 1..6),
    ) {
        let mut document = write(&value);
        for (place, length, fragment) in damage {
            let boundary = |index: usize| document.floor_char_boundary(index);
            let start = boundary(place.index(document.len() + 1));
            let end = boundary(start + length);
            document.replace_range(start..end, &fragment);
        }
        let _ = read(&document);
        let _ = read_answer(&document);
    }
}
