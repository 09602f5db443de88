//! What is written, accepted and refused, in tables.

use crate::xml::XmlError;

use super::{Class, MarshalError, Value, read, read_answer, write};

/// A document and its value, in both directions.
#[track_caller]
fn check(value: &Value<'_>, document: &str) {
    let document = format!("<marshal>{document}</marshal>");
    assert_eq!(write(value), document);
    assert_eq!(read(&document).as_ref(), Ok(value));
}

#[test]
fn values_travel_in_both_directions() {
    check(&Value::None, "<none/>");
    check(&true.into(), "<bool>1</bool>");
    check(&false.into(), "<bool>0</bool>");
    check(&"started".into(), "<string>started</string>");
    check(&"".into(), "<string></string>");
    check(
        &"é€😀\u{85}".into(),
        "<string>&#233;&#8364;&#128512;&#133;</string>",
    );
    check(&"a<b".into(), "<string>a&amp;lt;b</string>");
    check(&"a&b".into(), "<string>a&amp;amp;b</string>");
    check(&"a&amp;b".into(), "<string>a&amp;amp;amp;b</string>");
    check(&"\"x\" 'y'".into(), "<string>\"x\" 'y'</string>");
    check(&"a\r\nb\tc".into(), "<string>a&#13;\nb\tc</string>");
    check(&(-5).into(), "<int>-5</int>");
    check(
        &Value::BigInt("999999999999999983222783".into()),
        "<int>999999999999999983222783</int>",
    );
    check(
        &Value::BigInt("-999999999999999983222784".into()),
        "<long>-999999999999999983222784</long>",
    );
    check(&1.5.into(), "<float>1.5</float>");
    check(&1e16.into(), "<float>1e+16</float>");
    check(&f64::INFINITY.into(), "<float>inf</float>");
    check(&Value::Complex(1.0, -2.0), "<complex>1.0 -2.0</complex>");
    check(&Value::List(vec![]), "<list id=\"i2\"/>");
    check(&Value::Tuple(vec![]), "<tuple/>");
    check(
        &Value::Set(vec![1.into()]),
        "<set id=\"i2\"><int>1</int></set>",
    );
    check(&Value::Dictionary(vec![]), "<dictionary id=\"i2\"/>");
    check(
        &Value::List(vec![1.into(), "a".into(), Value::None]),
        "<list id=\"i2\"><int>1</int><string>a</string><none/></list>",
    );
    check(
        &Value::Tuple(vec![1.into(), Value::tuple(["a"])]),
        "<tuple><int>1</int><tuple><string>a</string></tuple></tuple>",
    );
    check(
        &Value::dictionary([
            ("a", Value::dictionary([("x", Value::list([1]))])),
            ("b", 1.into()),
        ]),
        "<dictionary id=\"i2\"><string>a</string><dictionary id=\"i3\"><string>x</string>\
         <list id=\"i4\"><int>1</int></list></dictionary><string>b</string><int>1</int>\
         </dictionary>",
    );
}

#[test]
fn objects_are_written_as_clients_read_them() {
    let computer = Value::object(
        Class::Computer,
        ["COMP-1".into()],
        [("_computer_id", "COMP-1".into())],
    );
    assert_eq!(
        write(&computer),
        "<marshal><object id=\"i2\" module=\"slapos.slap.slap\" class=\"Computer\"><tuple>\
         <string>COMP-1</string></tuple><dictionary id=\"i3\"><string>_computer_id</string>\
         <string>COMP-1</string></dictionary></object></marshal>"
    );
    let nothing: [(&str, Value<'_>); 0] = [];
    assert_eq!(
        write(&Value::object(Class::SoftwareInstance, [], nothing)),
        "<marshal><object id=\"i2\" module=\"slapos.slap.slap\" class=\"SoftwareInstance\">\
         <tuple/><dictionary id=\"i3\"/></object></marshal>"
    );
}

#[test]
fn objects_are_read_of_answers_alone() {
    let release = Value::object(
        Class::SoftwareRelease,
        ["url".into(), "COMP-1".into()],
        [("_software_release", "url".into())],
    );
    let partition = Value::object(
        Class::ComputerPartition,
        ["COMP-1".into(), "slappart0".into(), Value::None],
        [
            ("_parameter_dict", Value::dictionary([("a", 1.into())])),
            ("_software_release_document", release),
            ("ip_list", Value::list([Value::tuple(["eth0", "::1"])])),
        ],
    );
    let document = write(&partition);
    assert_eq!(read_answer(&document), Ok(partition));
    assert!(matches!(
        read(&document),
        Err(MarshalError::Refused { position: 9, .. })
    ));
    let bare =
        "<marshal><object module='slapos.slap.slap' class='Computer'><tuple/></object></marshal>";
    let computer = Value::object::<&str>(Class::Computer, [], []);
    assert_eq!(read_answer(bare), Ok(computer));
}

#[test]
fn odd_objects_are_refused() {
    #[track_caller]
    fn refused(class: &str, inside: &str, expected: &MarshalError) {
        let text = format!("<marshal><object {class}>{inside}</object></marshal>");
        assert_eq!(read_answer(&text).as_ref(), Err(expected), "{text}");
    }
    const SLAP: &str = "module='slapos.slap.slap' class='Computer'";
    for (class, found) in [
        ("module='os' class='Computer'", "os.Computer"),
        (
            "module='slapos.slap.slap' class='slap'",
            "slapos.slap.slap.slap",
        ),
        ("", "."),
    ] {
        let found = found.to_owned();
        let position = 9;
        refused(
            class,
            "<tuple/>",
            &MarshalError::UnknownClass { position, found },
        );
    }
    for inside in [
        "",
        "<dictionary/>",
        "<none/>",
        "<list/>",
        "<tuple/><none/>",
        "<tuple/><list/>",
        "<tuple/><dictionary><int>1</int><none/></dictionary>",
        "<tuple/><dictionary/><none/>",
    ] {
        let position = 9 + "<object >".len() + SLAP.len() + inside.len();
        refused(SLAP, inside, &MarshalError::MalformedObject { position });
    }
    let nested = "<object module='slapos.slap.slap' class='Computer'><tuple>".repeat(51)
        + &"</tuple></object>".repeat(51);
    let deep = read_answer(&format!("<marshal>{nested}</marshal>"));
    assert!(matches!(deep, Err(MarshalError::TooDeep { .. })));
}

#[test]
fn keys_are_written_in_code_point_order() {
    let dictionary =
        Value::dictionary(["a", "_", "B", "\u{ffef}", "😀", ""].map(|key| (key, Value::None)));
    assert_eq!(
        write(&dictionary).replace("<none/>", ""),
        "<marshal><dictionary id=\"i2\"><string></string><string>B</string><string>_</string>\
         <string>a</string><string>&#65519;</string><string>&#128512;</string></dictionary>\
         </marshal>"
    );
    let numbers = Value::Dictionary(vec![(10.into(), 1.into()), (9.into(), 2.into())]);
    assert_eq!(
        write(&numbers),
        "<marshal><dictionary id=\"i2\"><int>9</int><int>2</int><int>10</int><int>1</int>\
         </dictionary></marshal>"
    );
}

#[test]
fn forbidden_characters_are_dropped_when_written() {
    assert_eq!(
        write(&"\u{1b}[31mred\u{0}\u{fffe}\u{ffff}\u{7f}".into()),
        "<marshal><string>[31mred\u{7f}</string></marshal>"
    );
}

/// What stands inside `marshal`, and what it reads as: the accepted oddities of
/// `marshalling.md` 1.1, 1.6 and 1.8.
#[test]
fn odd_documents_are_accepted() {
    #[track_caller]
    fn reads(inside: &str, expected: &Value<'_>) {
        let document = format!("<marshal>{inside}</marshal>");
        assert_eq!(read(&document).as_ref(), Ok(expected), "{inside}");
    }
    let one = Value::Int(1);
    reads("<int> 1 </int>", &one);
    reads("<int>+1</int>", &one);
    reads("<int>1_000</int>", &1000.into());
    reads("<long>1</long>", &one);
    reads("<long>1L</long>", &one);
    reads("<bool>7</bool>", &true.into());
    reads("<bool> 0 </bool>", &false.into());
    reads("<float>1</float>", &1.0.into());
    reads("<float> -Infinity\n</float>", &f64::NEG_INFINITY.into());
    reads("<unicode>a</unicode>", &"a".into());
    reads("<string/>", &"".into());
    reads("<string>&lt;&amp;</string>", &"<&".into());
    reads("<string>&amp;amp;lt;</string>", &"&lt;".into());
    reads(
        "<string>&amp;quot;&amp;#33;</string>",
        &"&quot;&#33;".into(),
    );
    reads(
        "<string>a<!-- x -->b<?p?><![CDATA[&lt;]]></string>",
        &"ab<".into(),
    );
    reads("<string> a\r\nb\rc </string>", &" a\nb\nc ".into());
    reads("<none>anything</none>", &Value::None);
    reads(" \n<!-- x --> <none/>\t", &Value::None);
    reads("<m:int xmlns:m='any' m:n='1' n='2'>1</m:int>", &one);
    reads("<list>\n <int>1</int>\n</list>", &Value::list([1]));
    reads(
        "<dictionary><int>1</int><none/><string>a</string><int>1</int><bool>1</bool><int>2</int>\
         <float>1.0</float><int>3</int><tuple><int>1</int></tuple><int>4</int>\
         <tuple><float>1</float></tuple><int>5</int></dictionary>",
        &Value::Dictionary(vec![
            (one.clone(), 3.into()),
            ("a".into(), one.clone()),
            (Value::tuple([1]), 5.into()),
        ]),
    );
    reads(
        "<set><int>1</int><int>1</int></set>",
        &Value::Set(vec![one.clone()]),
    );
    reads("<complex>1 -2e3</complex>", &Value::Complex(1.0, -2000.0));
    let inner = Value::dictionary([("k", 1.into())]);
    reads(
        "<dictionary id='i2'><string>a</string><dictionary id='i3'><string>k</string><int>1</int>\
         </dictionary><string>b</string><reference id='i3'/></dictionary>",
        &Value::dictionary([("a", inner.clone()), ("b", inner)]),
    );
    reads(
        "<list><list id='x'/><list id='x'><int>1</int></list><reference id='x'> </reference></list>",
        &Value::list([Value::List(vec![]), Value::list([1]), Value::list([1])]),
    );
    for document in [
        "\u{feff}<marshal><int>1</int></marshal>",
        "<?xml version='1.0' encoding='UTF-8'?>\n<marshal><int>1</int></marshal>\n<!-- end -->",
        "<?xml version='1.0' encoding='us-ascii'?><marshal><int>1</int></marshal>",
        "<x:marshal xmlns:x='y'><int>1</int></x:marshal>",
    ] {
        assert_eq!(read(document), Ok(Value::Int(1)), "{document}");
    }
}

/// What stands inside `marshal`, and why it is refused: the rows of `marshalling.md` 1.6 and 1.7
/// that we refuse.
#[test]
fn malformed_values_are_refused() {
    use MarshalError::*;
    #[track_caller]
    fn refused(inside: &str, expected: &MarshalError) {
        let document = format!("<marshal>{inside}</marshal>");
        assert_eq!(read(&document).as_ref(), Err(expected), "{inside}");
    }
    let number = |text: &str, expected| BadNumber {
        position: 9,
        text: text.into(),
        expected,
    };
    refused("<int/>", &number("", "an integer"));
    refused("<int>1.0</int>", &number("1.0", "an integer"));
    refused("<int>0x10</int>", &number("0x10", "an integer"));
    refused("<int>1L</int>", &number("1L", "an integer"));
    refused("<bool>true</bool>", &number("true", "a boolean"));
    refused("<bool/>", &number("", "a boolean"));
    refused("<float>1,5</float>", &number("1,5", "a float"));
    refused("<complex>1</complex>", &number("1", "a complex number"));
    refused(
        &format!("<int>{}</int>", "1".repeat(41)),
        &TooManyDigits { position: 9 },
    );
    let element = |position, found: &str, expected| UnexpectedElement {
        position,
        found: found.into(),
        expected,
    };
    refused(
        "<string>a<string>b</string>c</string>",
        &element(18, "string", "only text in this element"),
    );
    refused("<foo/>", &element(9, "foo", "the element of a value"));
    refused(
        "<marshal><none/></marshal>",
        &element(9, "marshal", "the element of a value"),
    );
    refused(
        "<none/><none/>",
        &element(16, "none", "exactly one value in `marshal`"),
    );
    refused("", &NoValue);
    refused("text", &UnexpectedText { position: 9 });
    refused("<none/>&amp;", &UnexpectedText { position: 16 });
    refused(
        "<list> <int>1</int> text </list>",
        &UnexpectedText { position: 28 },
    );
    refused(
        "<dictionary><string>a</string></dictionary>",
        &KeyWithoutValue { position: 39 },
    );
    let key = |position, found| Unhashable { position, found };
    refused(
        "<dictionary><list/><none/></dictionary>",
        &key(35, "a list"),
    );
    refused(
        "<dictionary><tuple><tuple><set/></tuple></tuple><none/></dictionary>",
        &key(64, "a tuple that holds a list, a dictionary or a set"),
    );
    refused("<set><dictionary/></set>", &key(27, "a dictionary"));
    refused(
        "<object module='os' class='system'/>",
        &Refused {
            position: 9,
            element: "object",
        },
    );
    refused(
        "<code>YQ==</code>",
        &Refused {
            position: 9,
            element: "code",
        },
    );
    let reference = |position, id: &str, reason| BadReference {
        position,
        id: id.into(),
        reason,
    };
    refused(
        "<reference id='i2'/>",
        &reference(9, "i2", "names no container that started before it"),
    );
    refused("<reference/>", &reference(9, "", "has no `id`"));
    refused(
        "<list id='i2'><list><reference id='i2'/></list></list>",
        &reference(29, "i2", "names a container that it is in"),
    );
    refused(
        "<list><tuple id='t'/><string id='s'/><reference id='t'/></list>",
        &reference(46, "t", "names no container that started before it"),
    );
    refused(
        "<list><list id='a'/><reference id='a'><none/></reference></list>",
        &element(47, "none", "nothing in a `reference`"),
    );
    assert_eq!(
        read("<list/>"),
        Err(element(0, "list", "`marshal` as root"))
    );
}

/// Documents that are refused before their values are looked at (`marshalling.md` 1.1, 1.6, 1.7).
#[test]
fn unsafe_documents_are_refused() {
    let document_type = Err(MarshalError::Xml(XmlError::DocumentType { position: 0 }));
    assert_eq!(
        read("<!DOCTYPE marshal [<!ENTITY a \"x\">]><marshal><string>&a;</string></marshal>"),
        document_type
    );
    assert_eq!(
        read("<!DOCTYPE marshal SYSTEM 'http://localhost/x.dtd'><marshal><none/></marshal>"),
        document_type
    );
    assert_eq!(
        read("<?xml version='1.0' encoding='iso-8859-1'?><marshal><none/></marshal>"),
        Err(MarshalError::Xml(XmlError::Encoding {
            found: "iso-8859-1".into()
        }))
    );
    for document in [
        "",
        "<marshal>",
        "<marshal><none/></marshal>x",
        "x",
        "<marshal/><marshal/>",
    ] {
        assert!(
            matches!(
                read(document),
                Err(MarshalError::Xml(XmlError::NotWellFormed { .. }))
            ),
            "{document}"
        );
    }
    assert_eq!(
        read("<marshal><string>&#27;</string></marshal>"),
        Err(MarshalError::Xml(XmlError::ForbiddenCharacter {
            position: 17,
            code: 27
        }))
    );
}

#[test]
fn a_dictionary_becomes_flat_parameters() {
    let dictionary = Value::dictionary([
        ("e", "".into()),
        ("n", Value::None),
        ("i", 5.into()),
        ("l", Value::list([Value::text("a"), 1.into()])),
        ("t", true.into()),
        ("f", 1e22.into()),
        ("amp", "a&amp;b <x>".into()),
    ]);
    let parameters = dictionary.into_parameters("xml").unwrap();
    let pairs: Vec<_> = parameters.iter().collect();
    assert_eq!(
        pairs,
        [
            ("amp", Some("a&amp;b <x>")),
            ("e", None),
            ("f", Some("1e+22")),
            ("i", Some("5")),
            ("l", Some("['a', 1]")),
            ("n", Some("None")),
            ("t", Some("True")),
        ]
    );
    assert_eq!(Value::from(&parameters).get("e"), Some(&Value::None));

    let refusal = Value::list([1]).into_parameters("filter_xml").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`filter_xml`: is a list, a dictionary was expected"
    );
    let refusal = Value::Dictionary(vec![(1.into(), Value::None)])
        .into_parameters("x")
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`x`: a key is an integer, a text was expected"
    );
}

#[test]
fn fields_read_as_the_type_that_a_call_expects() {
    assert_eq!(
        Value::text("a").into_optional_text("state"),
        Ok(Some("a".into()))
    );
    assert_eq!(Value::None.into_optional_text("state"), Ok(None));
    assert_eq!(
        Value::Int(1)
            .into_optional_text("state")
            .unwrap_err()
            .to_string(),
        "`state`: is an integer, a text was expected"
    );
    assert!(Value::None.into_text("state").is_err());
    assert_eq!(Value::Bool(true).into_bool("shared_xml"), Ok(true));
    assert_eq!(Value::Int(0).into_bool("shared_xml"), Ok(false));
    assert_eq!(Value::None.into_bool("shared_xml"), Ok(false));
    assert_eq!(
        Value::text("1")
            .into_bool("shared_xml")
            .unwrap_err()
            .to_string(),
        "`shared_xml`: is a text, a boolean was expected"
    );
}
