//! The world's time: the clock that a test moves, what obeys it, and the background that works by
//! it.

mod background;
mod clock;
mod fixtures;
mod obeyed;

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use crate::support::master::{Answer, TestMaster, request};

const CLOCK: &str = "/_mock/v1/clock";
const ADVANCE: &str = "/_mock/v1/clock/advance";
const BACKGROUND: &str = "/_mock/v1/background";
const ROUND: &str = "/_mock/v1/background/round";
const SETTLE: &str = "/_mock/v1/background/settle";
/// When every test begins.
const START: &str = "2026-11-23T08:30:00Z";

impl TestMaster {
    /// `PUT <path>` with a JSON body.
    async fn put_json(&self, path: &str, body: &Value) -> Answer {
        let call = request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
        self.send(call.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// What the clock is after a change.
    async fn set_clock(&self, change: &Value) -> Value {
        self.put_json(CLOCK, change).await.expect(200).json()
    }

    /// Moves the clock on as a test of a client does, through all that becomes due.
    async fn advance_through(&self, seconds: u32) -> Value {
        let answer = self
            .post_json(ADVANCE, &json!({ "seconds": seconds }))
            .await;
        answer.expect(200).json()
    }

    /// The texts of the events of a kind, with their times.
    async fn happened(&self, kind: &str) -> Vec<(String, String)> {
        let path = format!("/_mock/v1/journal?event={kind}&limit=1000");
        let told = self.read(&path, &[]).await.expect(200).json();
        let entries = told["entries"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        entries
            .map(|entry| (text(&entry["at"]), text(&entry["text"])))
            .collect()
    }
}
