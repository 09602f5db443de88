use super::{Class, Value, read, write};

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
