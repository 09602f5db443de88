//! Instance XML against the library.

use serde_json::json;
use slapmaster::{
    domain::parameters::Parameters,
    xml::{instance, marshal::Value},
};

use super::{answers, describe, library, marshal::some_values};

#[test]
fn instance_xml_is_that_of_the_library() {
    let dictionaries: Vec<_> = some_values()
        .chunks(3)
        .enumerate()
        .map(|(index, values)| {
            let keys = ["a", "_", "é&<>\"'\n\t\rB"].map(|key| format!("{key}{}", index % 2));
            Value::dictionary(keys.into_iter().zip(values.iter().cloned()))
        })
        .chain([Value::Dictionary(vec![])])
        .collect();
    let parameters: Vec<Parameters> = dictionaries
        .iter()
        .map(|dictionary| {
            dictionary
                .clone()
                .into_parameters("xml")
                .expect("text keys")
        })
        .collect();
    let documents: Vec<_> = parameters.iter().map(instance::write).collect();
    let found = library(&json!({
        "dict2xml": dictionaries.iter().map(describe).collect::<Vec<_>>(),
        "xml2dict": documents,
    }));
    for (index, parameters) in parameters.iter().enumerate() {
        assert_eq!(found["dict2xml"][index], json!(documents[index]));
        assert_eq!(found["xml2dict"][index], describe(&Value::from(parameters)));
        assert_eq!(instance::read(&documents[index]).as_ref(), Ok(parameters));
    }
}

#[test]
fn odd_instance_xml_reads_as_in_the_library() {
    let parameter = |inside: &str| format!("<instance>{inside}</instance>");
    let documents = [
        String::new(),
        "<other/>".to_owned(),
        "<parameter id='a'>1</parameter>".to_owned(),
        "<x><parameter id='a'>1</parameter></x>".to_owned(),
        "<i xmlns='u'><parameter id='a'>1</parameter></i>".to_owned(),
        "<?xml version='1.0'?><i><p:parameter xmlns:p='u' id='a'>1</p:parameter></i>".to_owned(),
        "x".to_owned(),
        "<i>".to_owned(),
        " <i/> ".to_owned(),
        parameter("<parameter id='a'/><parameter id='b'></parameter>"),
        parameter("<parameter id='a'>1</parameter><parameter id='a'>2</parameter>"),
        parameter("<parameter id='a'/><parameter id='a'>2</parameter>"),
        parameter("<other id='a'>1</other><x><parameter id='b'>2</parameter></x>"),
        parameter("<parameter id='a'>1<b>2</b>3</parameter>"),
        parameter("<parameter id='a'>1<!-- 2 -->3</parameter>"),
        parameter("<parameter id='a'>1<?p 2?>3</parameter>"),
        parameter("<parameter id='a'><b/>3</parameter>"),
        parameter("<parameter id='a'><parameter id='b'>1</parameter></parameter>"),
        parameter("<parameter id='a'>1<![CDATA[<2>]]>&#13;&amp;amp;\r\n</parameter>"),
        parameter("<parameter id=' a\n&#10;\"'>  </parameter>"),
        parameter("<parameter x='1' id='a' >1</parameter >"),
    ];
    let answers = answers("xml2dict", &documents);
    for (document, answer) in documents.iter().zip(answers) {
        match instance::read(document) {
            Ok(parameters) => assert_eq!(describe(&Value::from(&parameters)), answer, "{document}"),
            Err(error) => assert!(answer.is_object(), "{document}: {error}, but {answer}"),
        }
    }
}
