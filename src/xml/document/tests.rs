//! What is a document and what is not, in tables.

use std::fmt::Write as _;

use super::{DeclaredEncoding, Document, Event, XmlError};

/// The events of a document in a short form, or its refusal.
fn events(text: &str) -> Result<String, XmlError> {
    let mut document = Document::new(text, DeclaredEncoding::MustBeUtf8)?;
    let mut out = String::new();
    loop {
        match document.next()? {
            Event::Start(element) => {
                out.push('<');
                out.push_str(element.name);
                for attribute in element.attributes {
                    let _ = write!(out, " {}={:?}", attribute.name, attribute.value);
                }
                if let Some(namespace) = element.namespace {
                    let _ = write!(out, " in {namespace}");
                }
                out.push('>');
            }
            Event::End => out.push_str("</>"),
            Event::Text(piece) => out.push_str(&piece),
            Event::Aside => out.push('~'),
            Event::Eof => return Ok(out),
        }
    }
}

#[track_caller]
fn reads(text: &str, expected: &str) {
    assert_eq!(events(text).as_deref(), Ok(expected), "{text:?}");
}

/// The text is refused, with a message that starts so.
#[track_caller]
fn refused(text: &str, expected: &str) {
    match events(text) {
        Ok(events) => panic!("{text:?} reads {events}"),
        Err(error) => assert!(error.to_string().contains(expected), "{text:?}: {error}"),
    }
}

#[test]
fn documents_read_as_xml_says() {
    reads("<a/>", "<a></>");
    reads("\u{feff}<a/>", "<a></>");
    reads("<?xml version='1.0'?>\n<a />\n", "~~<a></>~");
    reads(
        "<?xml version=\"1.0\" encoding=\"US-ASCII\" standalone='no' ?><a></a >",
        "~<a></>",
    );
    reads("<a>x<!-- c --><?pi d?>y</a><!-- e -->", "<a>x~~y</>~");
    reads("<a>&lt;&#233;&#xE9;<![CDATA[&lt;]]></a>", "<a><éé&lt;</>");
    reads(
        "<a>1\r\n2\r3&#13;\n<![CDATA[\r]]></a>",
        "<a>1\n2\n3\r\n\n</>",
    );
    reads(
        "<a b = 'x&#10;\t\r\ny&quot;\"' c=\"d'>\"/>",
        "<a b=\"x\\n  y\\\"\\\"\" c=\"d'>\"></>",
    );
    reads(
        "<a xmlns='u'><b xmlns=''/><p:c xmlns:p='v'/></a>",
        "<a in u><b></><c in v></></>",
    );
    reads(
        "<p:a xmlns:p='u' p:b='1' xml:lang='e'/>",
        "<a b=\"1\" lang=\"e\" in u></>",
    );
}

#[test]
fn what_is_not_a_document_is_refused() {
    for (text, expected) in [
        ("", "no root element"),
        (" ", "no root element"),
        ("a", "text outside the root"),
        ("<a/>a", "text outside the root"),
        ("<a/>&amp;", "text outside the root"),
        ("<![CDATA[a]]><a/>", "text outside the root"),
        ("\u{feff}\u{feff}<a/>", "text before the root"),
        ("<a/><b/>", "a second root"),
        ("<a>", "inside an element"),
        ("<a><b></a></b>", "expected `</b>`"),
        ("</a>", "byte 0"),
        ("<a", "byte 0"),
        ("<a b=1/>", "without quotes"),
        ("<a b/>", "without a value"),
        ("<a b='1'c='2'/>", "no white space"),
        ("<a b='1' b='2'/>", "the same attribute twice"),
        ("<a b='<'/>", "`<` in an attribute"),
        ("<a b='&'/>", "`&` without `;`"),
        ("<a b='&x;'/>", "entity `x`"),
        ("<a 1='2'/>", "attribute with a wrong name"),
        ("<1/>", "element with a wrong name"),
        ("<p:a/>", "bound to no namespace"),
        ("<a p:b='1'/>", "bound to no namespace"),
        ("<a><b xmlns:p='u'/><p:c/></a>", "bound to no namespace"),
        ("<a xmlns:p=''/>", "bound to no namespace"),
        ("<a>]]></a>", "`]]>` in a text"),
        ("<a><!-- -- --></a>", "byte"),
        ("<a>&x;</a>", "entity `x`"),
        ("<a>& b</a>", "byte 3"),
        ("<a>&#;</a>", "wrong numeric reference"),
        ("<a>&#+5;</a>", "wrong numeric reference"),
        ("<a>&#X41;</a>", "wrong numeric reference"),
        ("<a>&#0;</a>", "U+0000"),
        ("<a>&#xFFFE;</a>", "U+FFFE"),
        ("<a>&#xD800;</a>", "U+D800"),
        ("<a>&#99999999999;</a>", "U+FFFFFFFF"),
        ("<a>\u{1b}</a>", "U+001B at byte 3"),
        ("<a>é\u{ffff}</a>", "U+FFFF at byte 5"),
        ("<!DOCTYPE a><a/>", "document type"),
        (
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "document type",
        ),
        ("<!DOCTYPE", "document type"),
        ("<!ENTITY a \"b\"><a/>", "document type"),
        (" <?xml version='1.0'?><a/>", "not at the start"),
        ("<?xml?><a/>", "without version"),
        ("<?xml encoding='utf-8'?><a/>", "without version"),
        ("<?xml version='2.0'?><a/>", "wrong XML declaration"),
        ("<?xml version='1.0' x='y'?><a/>", "wrong XML declaration"),
        (
            "<?xml version='1.0' standalone='y'?><a/>",
            "wrong XML declaration",
        ),
        (
            "<?xml version='1.0' encoding='latin-1'?><a/>",
            "encoding `latin-1`",
        ),
        ("<?XML version='1.0'?><a/>", "processing instruction"),
        ("<? a?><a/>", "processing instruction"),
        ("<a><? ?></a>", "processing instruction"),
        ("<a/ >", "wrong name"),
    ] {
        refused(text, expected);
    }
}
