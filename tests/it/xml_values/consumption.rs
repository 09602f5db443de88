//! Usage reports against the schema that the library ships.

use std::fmt::Write as _;

use serde_json::json;
use slapmaster::xml::consumption;

use super::answers;

/// A report, one element a line.
const REPORT: &str = "<journal>
<transaction type=\"Sale Packing List\">
<title>Resource consumptions</title>
<start_date></start_date>
<stop_date>2026-11-23 at 10:00:00</stop_date>
<reference>COMP-1</reference>
<currency/>
<payment_mode/>
<category>c</category>
<arrow type=\"Administration\">
<source/>
<destination>d</destination>
</arrow>
<movement>
<resource>service_module/cpu_load_percent</resource>
<title>t</title>
<reference>slappart0</reference>
<quantity>1.5</quantity>
<price>0.0</price>
<VAT/>
<category/>
</movement>
</transaction>
</journal>";

fn with_instance_attribute(attribute: &str) -> String {
    let uri = "http://www.w3.org/2001/XMLSchema-instance";
    REPORT.replace(
        "<journal>",
        &format!("<journal xmlns:i='{uri}' i:{attribute}>"),
    )
}

#[test]
fn usage_reports_have_the_verdict_of_the_schema() {
    let lines: Vec<&str> = REPORT.lines().collect();
    let mut documents = vec![
        REPORT.to_owned(),
        format!("<?xml version=\"1.0\"?>\n<!-- c -->{REPORT}\n<?p?>"),
        REPORT.replace("<journal>", "<journal xmlns:p='u'>"),
        REPORT.replace("<journal>", "<journal xmlns='u'>"),
        REPORT.replace("<journal>", "<journal a='1'>"),
        REPORT.replace("<journal>", "<journal xml:lang='en'>"),
        REPORT.replace("<journal>", "<journal xmlns:p='u' p:a='1'>"),
        REPORT.replace("<journal>", "<journal><!-- c --><?p?>"),
        with_instance_attribute("noNamespaceSchemaLocation='x'"),
        with_instance_attribute("schemaLocation='x y'"),
        with_instance_attribute("nil='false'"),
        with_instance_attribute("other='1'"),
        REPORT.replace("<journal>", "<journal>&#32;"),
        REPORT.replace("<journal>", "<journal><![CDATA[ ]]>"),
        REPORT.replace("<journal>", "<journal>x"),
        REPORT.replace("<title>t", "<title a=''>t"),
        REPORT.replace("<movement>", "<movement type=''>"),
        REPORT.replace("type=", "types="),
        REPORT.replace("type=\"Administration\"", ""),
        REPORT.replace("journal", "Journal"),
        REPORT.replace("journal>", "p:journal>"),
        REPORT.replace("<title>t", "<title><b/>t"),
        REPORT.replace("<VAT/>", "<vat/>"),
        REPORT.replace("<title>t", "<title>t<!-- c -->é<![CDATA[<x>]]>"),
        String::new(),
        "text".to_owned(),
        "<journal/>".to_owned(),
    ];
    // Every element away, twice, exchanged with the next, renamed, or put in another one.
    for index in 0..lines.len() {
        let mut edit = |change: &dyn Fn(&mut Vec<&str>)| {
            let mut edited = lines.clone();
            change(&mut edited);
            documents.push(edited.join("\n"));
        };
        edit(&|lines| drop(lines.splice(index..=index, [])));
        edit(&|lines| lines.insert(index, lines[index]));
        edit(&|lines| lines.insert(index, "<category/>"));
        edit(&|lines| lines.insert(index, "<reference/>"));
        edit(&|lines| lines.insert(index, "<movement/>"));
        edit(&|lines| lines.insert(index, "<other/>"));
        edit(&|lines| lines.insert(index, "text"));
        if index + 1 < lines.len() {
            edit(&|lines| lines.swap(index, index + 1));
            edit(&|lines| drop(lines.drain(index..index + 2)));
        }
    }
    let mut repeated = String::new();
    let _ = write!(
        repeated,
        "<journal>{0}{0}</journal>",
        lines[1..lines.len() - 1].join("")
    );
    documents.push(repeated);
    for number in [
        "",
        " ",
        "1",
        " 1\n",
        "+1",
        "-1.5",
        ".5",
        "5.",
        ".",
        "1e5",
        "1E-05",
        "e5",
        "1e5.0",
        "INF",
        "-INF",
        "+INF",
        "NaN",
        "-NaN",
        "inf",
        "nan",
        "Infinity",
        "1,5",
        "0x10",
        "1_0",
        "1e999",
        "- 1",
        "--1",
        "1 2",
        "\u{a0}1",
        "<!-- c -->1",
        "1<!-- c -->2",
        "00",
        "1e+5",
        "1e-400",
        "1d",
        "٣",
        "<![CDATA[1]]>",
        "99999999999999999999999999999999999999999999",
    ] {
        documents.push(REPORT.replace("1.5", number));
    }
    // Where libxml2 departs from XML Schema (an exponent without digits, white space after `INF`),
    // we keep to XML Schema.
    let quirks = ["1e", "1E-", "INF "].map(|number| REPORT.replace("1.5", number));
    let quirks_start = documents.len();
    documents.extend(quirks);
    let answers = answers("consumption", &documents);
    let mut valid = 0;
    for (index, (document, answer)) in documents.iter().zip(answers).enumerate() {
        let verdict = consumption::read(document);
        if index >= quirks_start {
            assert_eq!(verdict.is_ok(), answer == json!(false), "{document}");
            continue;
        }
        assert_eq!(
            verdict.is_ok(),
            answer == json!(true),
            "{document}\n{verdict:?}\n{answer}"
        );
        if let Ok(report) = verdict {
            valid += 1;
            assert_eq!(&report.document, document);
        }
    }
    assert!(valid > 40, "only {valid} documents were valid");
}
