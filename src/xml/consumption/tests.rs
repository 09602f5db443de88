//! Reports that are accepted and refused.

use proptest::prelude::*;

use super::{is_float, read};

const TRANSACTION: &str = "<title>t</title><start_date/><stop_date>2026-01-02</stop_date>\
    <reference>2026-global</reference><currency/><payment_mode/><category/><category/>";
const ARROW: &str = "<arrow type=\"Administration\"><source/><destination/></arrow>";
const MOVEMENT: &str = "<movement><resource>r</resource><title/><reference>other</reference>\
    <quantity>1.5</quantity><price>0</price><VAT/><category/></movement>";

/// A report with one transaction that holds this.
fn report(inside: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<journal>\n<transaction type=\"x\">{inside}</transaction></journal>\n"
    )
}

#[test]
fn the_reference_is_that_of_the_first_transaction() {
    let document = report(&format!("{TRANSACTION}{ARROW}{MOVEMENT}"));
    let found = read(&document).unwrap();
    assert_eq!(found.transaction_reference, "2026-global");
    assert_eq!(found.document, document);

    let transaction = |reference: &str| {
        format!(
            "<transaction type=''><start_date/><stop_date/><reference>{reference}</reference>\
             <currency/><payment_mode/><arrow type=''/>{MOVEMENT}{MOVEMENT}</transaction>"
        )
    };
    let two = format!(
        "<journal>{}{}</journal>",
        transaction(""),
        transaction("second")
    );
    assert_eq!(read(&two).unwrap().transaction_reference, "");
}

#[test]
fn refusals_say_what_was_found_and_what_was_expected() {
    #[track_caller]
    fn check(document: &str, expected: &str) {
        assert_eq!(
            read(document).unwrap_err().to_string(),
            expected,
            "{document}"
        );
    }
    check(
        "",
        "not well-formed XML at byte 0: there is no root element",
    );
    check(
        "<consumption/>",
        "found element `consumption` at byte 0, expected `journal`",
    );
    check(
        "<journal/>",
        "`journal` ends at byte 10, expected `transaction`",
    );
    check(
        "<journal a='1'/>",
        "found attribute `a` of `journal` at byte 0, expected none such",
    );
    check(
        "<journal>a</journal>",
        "found text in `journal` at byte 9, expected elements only",
    );
    check(
        "<journal xmlns='u'/>",
        "found element `{u}journal` at byte 0, expected `journal`",
    );
    check(
        "<journal><transaction/></journal>",
        "`transaction` at byte 9 has no attribute `type`",
    );
    check(
        "<journal><transaction type=''><title/><title/></transaction></journal>",
        "found element `title` at byte 38, expected `start_date`",
    );
    check(
        "<journal><transaction type=''><title>a<b/></title></transaction></journal>",
        "found element `b` at byte 38, expected the end of `title`",
    );
    check(
        "<journal><transaction type=''><stop_date/></transaction></journal>",
        "found element `stop_date` at byte 30, expected `title` or `start_date`",
    );
    let before =
        report(&format!("{TRANSACTION}{ARROW}")).len() - "</transaction></journal>\n".len();
    check(
        &report(&format!("{TRANSACTION}{ARROW}")),
        &format!("`transaction` ends at byte {before}, expected `arrow` or `movement`"),
    );
    check(
        &report(&format!("{TRANSACTION}{ARROW}{MOVEMENT}<category/>")),
        &format!(
            "found element `category` at byte {}, expected `movement` or the end of `transaction`",
            before + MOVEMENT.len()
        ),
    );
    check(
        &report(&format!(
            "{TRANSACTION}{ARROW}{}",
            MOVEMENT.replace("1.5", "1,5")
        )),
        &format!(
            "found `1,5` in `quantity` before byte {}, expected a number",
            before + MOVEMENT.find("</quantity>").unwrap()
        ),
    );
    check(
        "<!DOCTYPE journal><journal/>",
        "a document type declaration at byte 0: none is allowed",
    );
}

#[test]
fn numbers_are_those_of_xml_schema() {
    for text in [
        "0", "1.5", "+1", "-.5", "5.", "1e5", "1E-05", " \n1\t", "INF", "-INF", "NaN", "1e999",
    ] {
        assert!(is_float(text), "{text:?}");
    }
    for text in [
        "", " ", ".", "e5", "1e", "1 2", "1,5", "inf", "nan", "+NaN", "0x1", "1_0", "1e5.", "--1",
    ] {
        assert!(!is_float(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), tags in "[<>/&;'\"= !a-c-]{0,40}") {
        let _ = read(&text);
        let _ = read(&report(&tags));
    }
}
