//! Everything that a database holds, thing by thing and in the model's words: for comparing two
//! moments of a world.

use serde_json::Value;
use sqlx::SqliteConnection;

use super::{During, StoreError};
use crate::domain::{
    difference::{Thing, ThingKind},
    given::Given,
    time::Timestamp,
};

/// The fields that are points in time, in microseconds.
const TIMES: [&str; 10] = [
    "changed_at",
    "created_at",
    "effective_at",
    "expires_at",
    "issued_at",
    "not_after",
    "not_before",
    "revoked_at",
    "since",
    "used_at",
];

/// All that is there. Keys are left out.
pub(crate) async fn everything(
    connection: &mut SqliteConnection,
) -> Result<Vec<Thing>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT 'user' AS "kind!: String", u.reference AS "name!: String", json_object(
                'functions', (SELECT json_group_array(p.reference || ': ' || a.function)
                    FROM assignment a JOIN project p ON p.id = a.project_id
                    WHERE a.user_id = u.id)) AS "fields!: String"
           FROM user u
           UNION ALL SELECT 'project', reference, json_object('is_default', is_default)
           FROM project
           UNION ALL SELECT 'computer', c.reference, json_object(
                'title', c.title, 'project', p.reference, 'validation', c.validation,
                'allocation_scope', c.allocation_scope, 'capacity_scope', c.capacity_scope,
                'capacity_quantity', c.capacity_quantity, 'subscription', c.subscription,
                'network', c.network, 'categories', json(c.categories), 'quantity', c.quantity,
                'address', c.address, 'netmask', c.netmask, 'os_type', c.os_type,
                'public_ipv4_address', c.public_ipv4_address,
                'slapos_version', c.slapos_version, 'created_at', c.created_us)
           FROM computer c JOIN project p ON p.id = c.project_id
           UNION ALL SELECT 'simulation', c.reference, json_object('rules', json(s.rules),
                'since', s.since_us)
           FROM simulated_computer s JOIN computer c ON c.id = s.computer_id
           UNION ALL SELECT 'partition', c.reference || '/' || p.reference, json_object(
                'state', p.slap_state, 'validation', p.validation,
                'addresses', json(p.addresses), 'capabilities', json(p.capabilities),
                'changed_at', p.touched_us)
           FROM partition p JOIN computer c ON c.id = p.computer_id
           UNION ALL SELECT 'software', s.reference, json_object('computer', c.reference,
                'release', s.release, 'requested_state', s.state, 'validation', s.validation,
                'created_at', s.created_us)
           FROM software_installation s JOIN computer c ON c.id = s.computer_id
           UNION ALL SELECT 'product', s.reference, json_object('project', p.reference,
                'releases', (SELECT json_group_array(r.release)
                    FROM software_product_release r WHERE r.product_id = s.id),
                'types', (SELECT json_group_array(t.software_type)
                    FROM software_product_type t WHERE t.product_id = s.id))
           FROM software_product s JOIN project p ON p.id = s.project_id
           UNION ALL SELECT 'tree', t.reference, json_object('title', t.title,
                'owner', u.reference, 'project', p.reference, 'kind', t.kind,
                'release', t.release, 'software_type', t.software_type,
                'parameters', json(t.parameters), 'sla', json(t.sla),
                'requested_state', t.slap_state, 'validation', t.validation,
                'subscription', t.subscription, 'created_at', t.created_us)
           FROM instance_tree t JOIN user u ON u.id = t.owner_id
           JOIN project p ON p.id = t.project_id
           UNION ALL SELECT 'instance', i.reference, json_object('title', i.title,
                'kind', i.kind, 'tree', t.reference, 'requester', r.reference,
                'release', i.release, 'software_type', i.software_type,
                'parameters', json(i.parameters), 'sla', json(i.sla),
                'connection_parameters', json(i.connection), 'requested_state', i.slap_state,
                'validation', i.validation, 'place', c.reference || '/' || p.reference,
                'subscription', i.subscription, 'waits_because', i.allocation_failure,
                'changed_at', i.stamped_us, 'created_at', i.created_us)
           FROM instance i JOIN instance_tree t ON t.id = i.tree_id
           LEFT JOIN instance r ON r.id = i.parent_id
           LEFT JOIN partition p ON p.id = i.partition_id
           LEFT JOIN computer c ON c.id = p.computer_id
           UNION ALL SELECT 'status', subject || ' ' || reference, json_object(
                'kind', kind, 'message', message, 'state', state, 'reported_by', user,
                'created_at', created_us, 'since', since_us)
           FROM access_status
           UNION ALL SELECT 'usage report',
                c.reference || ' ' || r.reference || ' ' || r.version,
                json_object('bytes', length(r.document), 'created_at', r.created_us)
           FROM usage_report r JOIN computer c ON c.id = r.computer_id
           UNION ALL SELECT 'certificate', serial, json_object('subject', subject,
                'common_name', common_name, 'not_before', not_before_us,
                'not_after', not_after_us, 'issued_at', issued_us, 'revoked_at', revoked_us)
           FROM certificate
           UNION ALL SELECT 'token', k.value, json_object('purpose', k.purpose,
                'user', u.reference, 'project', p.reference, 'created_at', k.created_us,
                'expires_at', k.expires_us, 'used_at', k.used_us, 'reusable', k.reusable)
           FROM token k JOIN user u ON u.id = k.user_id JOIN project p ON p.id = k.project_id
           UNION ALL SELECT 'forwarded request', title || ' ' || master_url, '{}'
           FROM forwarded_request"#
    )
    .fetch_all(connection)
    .await
    .during("list everything")?;
    let things = rows.into_iter().filter_map(|row| {
        // Both are written above.
        let kind: ThingKind = row.kind.parse().ok()?;
        let Ok(Value::Object(fields)) = serde_json::from_str(&row.fields) else {
            return None;
        };
        let fields = fields.into_iter().map(|(field, value)| {
            let value = match value.as_i64() {
                Some(micros) if TIMES.contains(&field.as_str()) => time(micros),
                Some(_) | None => given(value),
            };
            (field, value)
        });
        Some(Thing {
            kind,
            name: row.name,
            fields: fields.collect(),
        })
    });
    Ok(things.collect())
}

fn time(micros: i64) -> Given {
    let text = Timestamp::from_micros(micros).rfc3339();
    text.map_or(Given::Integer(micros.into()), Given::Text)
}

fn given(value: Value) -> Given {
    match value {
        Value::Null => Given::Nothing,
        Value::Bool(flag) => Given::Flag(flag),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(whole), _) => Given::Integer(whole),
            (None, Some(float)) => Given::Float(float),
            (None, None) => Given::Nothing,
        },
        Value::String(text) => Given::Text(text),
        Value::Array(items) => Given::List(items.into_iter().map(given).collect()),
        Value::Object(members) => Given::Map(
            members
                .into_iter()
                .map(|(key, value)| (key, given(value)))
                .collect(),
        ),
    }
}
