//! What is kept for the person, against the real Juice: the log of what was sent.

use serde_json::Value;

use crate::common::{juice::Juice, program::run_at_home};

/// The log of a home, a value a line.
fn log(home: &tempfile::TempDir) -> Vec<Value> {
    let path = home.path().join(".local/state/juicetop/sent.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_submit_sends_stands_in_the_log_with_its_hash_and_the_schedulers_id() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let home = tempfile::tempdir().unwrap();
    let submit = |args: &[&str]| run_at_home(&[&["submit", "--url", &juice.url()], args].concat(), "", &home);
    let id = submit(&[&lane, "Slow", "seconds=0.01"]).expect(0).stdout;
    submit(&[&lane, "Fail", "how=chain", "--wait", "--direct"]).expect(1);
    // What is refused here is never a deed.
    submit(&["cryo", "EnableHeater"]).expect(4);
    let lines = log(&home);
    let did: Vec<&str> = lines.iter().map(|l| l["did"].as_str().unwrap()).collect();
    assert_eq!(did, ["sent", "accepted", "sent"], "{lines:#?}");
    let slow = &lines[0];
    assert_eq!((&slow["target"], &slow["type"]), (&Value::from(lane.as_str()), &Value::from("Slow")));
    assert_eq!((&slow["way"], &slow["by"]), (&Value::from("scheduled"), &Value::from("submit")));
    // printf '{"seconds": 0.01}' | sha256sum
    let hash = "014df4f211c7bc43c5b66fe4709f02f8e2c2d02c2cd1dc392019f0c707b11210";
    assert_eq!(slow["payload_sha256"], hash);
    assert_eq!(lines[1]["scheduled_task_id"], id.trim_end());
    assert_eq!(lines[1]["id"], slow["id"]);
    assert_eq!(lines[2]["way"], "direct");
    assert!(lines.iter().all(|l| l["time"].as_str().unwrap().ends_with('Z')), "{lines:#?}");
}

#[test]
fn a_log_that_cannot_be_written_is_told_and_stops_no_work() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let home = tempfile::tempdir().unwrap();
    // A file where the folder should be.
    std::fs::create_dir_all(home.path().join(".local/state")).unwrap();
    std::fs::write(home.path().join(".local/state/juicetop"), "no folder").unwrap();
    let args = ["submit", "--url", &juice.url(), &lane, "Ping", "message=hi", "--wait"];
    let ended = run_at_home(&args, "", &home).expect(0);
    assert_eq!(ended.stdout, "\"hi\"\n");
    ended.says("note: what is sent is not in").says("sent.jsonl");
}
