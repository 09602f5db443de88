//! A status as every dialect tells it (`slap.md` 4.9, `json-rpc.md` 5.3).

use crate::{
    domain::status::{StatusReading, no_data_text},
    xml::marshal::Value,
};

use super::date::http_date;

/// Who is said to have reported a status that nobody reported.
const MASTER: &str = "SlapOS Master";

/// The dictionary of a status.
pub(super) fn dictionary(reading: &StatusReading) -> Value<'_> {
    let mut told: Vec<(&str, Value<'_>)> = vec![
        ("reference", reading.reference.as_str().into()),
        ("portal_type", reading.portal_type.as_str().into()),
    ];
    if let Some(status) = &reading.status {
        let (old, ageing) = (reading.is_old(), reading.is_ageing());
        told.extend([
            ("user", status.user.as_str().into()),
            ("created_at", http_date(status.created_at).into()),
            ("since", http_date(status.since).into()),
            ("state", status.state.as_str().into()),
            ("text", status.text().into()),
            ("no_data_since_15_minutes", i32::from(old).into()),
            ("no_data_since_5_minutes", i32::from(ageing).into()),
        ]);
    } else {
        let now = http_date(reading.read_at);
        told.extend([
            ("user", MASTER.into()),
            ("created_at", now.clone().into()),
            ("since", now.into()),
            ("state", "".into()),
            ("text", no_data_text(&reading.reference).into()),
            ("no_data", 1.into()),
        ]);
    }
    Value::dictionary(told)
}
