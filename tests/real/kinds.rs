//! Every kind of field against the real service: what it takes and refuses, word for word, and that our own checker is
//! never stricter.

use juicetop::catalogue::{Catalogue, Level, check};
use serde_json::{Value, json};

use crate::common::{client::Tasks, juice::Juice};

/// Payloads for the tasks of `kinds.py`, with what pydantic says to each.
const SAMPLES: &str = include_str!("../cases/kinds.samples.jsonl");
/// Their catalogue, as Juice's own Python printed it.
const TYPES: &str = include_str!("../../src/demo/forms.json");

#[tokio::test]
async fn the_checker_is_never_stricter_than_the_service() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut catalogue = Catalogue::new();
    catalogue.add_file("forms.json", TYPES);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let (mut accepted, mut refused, mut told_here) = (0, 0, 0);
    for (n, line) in SAMPLES.lines().enumerate() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| sample[key].as_str();
        let (class, payload) = (text("type").unwrap(), text("payload").unwrap());
        let task = catalogue.find("forms", class).unwrap_or_else(|| panic!("no type {class}"));
        let errors: Vec<_> =
            check(task, payload).into_iter().filter(|p| p.level == Level::Error).map(|p| p.what).collect();
        let metadata = json!({"parallel": true, "display_name": class, "show_in_dashboard": false});
        let id = format!("kinds-{n}");
        // The payload goes out letter for letter: `Infinity` is none of serde_json's.
        tasks
            .send_text(format!(
                r#"{{"id": "{id}", "target": "{lane}", "type": "{class}", "metadata": {metadata}, "payload": {payload}}}"#
            ))
            .await;
        let reply = tasks.reply(&id).await;
        // A result may hold `Infinity`, which is no JSON to serde_json.
        let is_refused = reply.text.contains("\"status\": \"error\"") && reply.text.contains("\"ename\"");
        match text("evalue") {
            None => {
                assert!(!is_refused, "{line}\n{}", reply.text);
                assert_eq!(errors, [""; 0], "stricter than the service: {line}");
                accepted += 1;
            }
            Some(evalue) => {
                assert!(is_refused, "{line}\n{}", reply.text);
                let said = reply.json();
                assert_eq!(
                    (&said["ename"], said["evalue"].as_str()),
                    (&json!("ValidationError"), Some(evalue)),
                    "{line}"
                );
                refused += 1;
                told_here += usize::from(!errors.is_empty());
            }
        }
    }
    assert!(accepted > 50 && refused > 80, "{accepted} {refused}");
    // The rest only Python can tell (what a pattern of its own or a validator does).
    assert!(told_here * 10 >= refused * 8, "only {told_here} of {refused} are told before sending");
    eprintln!("{accepted} accepted, {refused} refused, {told_here} of them told here");
}
