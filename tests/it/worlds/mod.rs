//! Worlds beside the default one, reset, and snapshots: what is isolated, what comes back, what is
//! refused.

mod back;
mod certificates;
mod load;
mod making;
mod paths;
mod snapshots;

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use crate::support::master::{Answer, TestMaster, request};

const WORLDS: &str = "/_mock/v1/worlds";
/// Where a world's own control surface is.
const CONTROL: &str = "_mock/v1";

/// A computer with two partitions, one of them in use.
const FIXTURE: &str = "
computers:
  - reference: COMP-1
    partitions: 2
trees:
  - title: web
    release: https://sr.example.org/demo/software.cfg
    on: {computer: COMP-1, partition: slappart0}
";

impl TestMaster {
    /// Makes a world, of nothing more than these keys.
    async fn make(&self, name: &str, wish: &Value) -> Answer {
        self.control(Method::PUT, &format!("{WORLDS}/{name}"), Some(wish))
            .await
    }

    /// A call of the control surface, at any path.
    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut call = request(method, path);
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        call = call.header("content-type", "application/json");
        self.send(call.body(body).unwrap()).await
    }

    /// `POST` of an empty object to the control surface of a world; `prefix` is empty for the
    /// default one.
    async fn ask(&self, prefix: &str, what: &str) -> Answer {
        self.control(
            Method::POST,
            &format!("{prefix}/{CONTROL}/{what}"),
            Some(&json!({})),
        )
        .await
    }

    /// Keeps a world under a name.
    async fn keep(&self, prefix: &str, name: &str) -> Value {
        let path = format!("{prefix}/{CONTROL}/snapshots/{name}");
        let kept = self.control(Method::PUT, &path, Some(&json!({}))).await;
        kept.expect(200).json()
    }

    /// Formats a computer in a world.
    async fn format_in(&self, prefix: &str, computer: &str, partitions: usize) {
        let xml = crate::support::master::configuration(computer, partitions);
        let call = format!("{}/loadComputerConfigurationFromXML", &prefix[1..]);
        self.post(&call, &[("xml", &xml)]).await.expect(200);
    }

    /// `GET` of a path with a query.
    async fn look(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.get(path.trim_start_matches('/'), query).await
    }

    /// Whether a world knows a computer.
    async fn knows(&self, prefix: &str, computer: &str) -> bool {
        let call = format!("{prefix}/getFullComputerInformation");
        let call = call.trim_start_matches('/');
        let answer = self.get(call, &[("computer_id", computer)]).await;
        answer.status == 200
    }
}
