//! Error frames: names, messages and tracebacks as the real ones.

use super::*;
use crate::demo::{
    json::{self, Json},
    service,
};

/// The reply to one frame.
async fn answer(demo: &Demo, frame: &Value) -> Value {
    let mut link = Link::open(demo, "/tasks").await;
    link.send(frame).await;
    link.reply().await
}

#[tokio::test]
async fn what_a_frame_lacks_is_said_as_the_router_says_it() {
    let demo = empty_lab();
    let whole = || task("x", "lab", "Ping", true, json!({}));
    let without = |field: &str| {
        let mut frame = whole();
        frame.as_object_mut().unwrap().remove(field);
        frame
    };
    let with = |field: &str, value: Value| {
        let mut frame = whole();
        frame[field] = value;
        frame
    };
    let not_a_string = |field: &str, value: &str, kind: &str| {
        format!(
            "1 validation error for TaskEvent\n{field}\n  Input should be a valid string [type=string_type, \
             input_value={value}, input_type={kind}]\n    For further information visit \
             https://errors.pydantic.dev/2.14/v/string_type"
        )
    };
    let target = "Task data must include a 'target' field.".to_owned();
    let name = "Task data must include a 'metadata.display_name' field.".to_owned();
    // Measured on 26.43.0, each of them.
    for (frame, ename, evalue) in [
        (without("target"), "ValueError", target.clone()),
        (with("target", Value::Null), "ValueError", target),
        (without("metadata"), "ValueError", name.clone()),
        (with("metadata", json!({"display_name": ""})), "ValueError", name),
        (without("type"), "KeyError", "'type'".to_owned()),
        (without("payload"), "KeyError", "'payload'".to_owned()),
        (with("type", json!("Nope")), "ValueError", "Unknown task type: Nope".to_owned()),
        (with("id", json!(5)), "ValidationError", not_a_string("task_id", "5", "int")),
        (
            with("metadata", json!({"display_name": 7})),
            "ValidationError",
            not_a_string("task_display_name", "7", "int"),
        ),
        (with("metadata", json!([1])), "AttributeError", "'list' object has no attribute 'get'".to_owned()),
    ] {
        let reply = answer(&demo, &frame).await;
        assert_eq!((&reply["status"], &reply["id"]), (&json!("error"), &frame["id"]));
        assert_eq!((&reply["ename"], &reply["evalue"]), (&json!(ename), &json!(evalue)));
        let traceback = reply["traceback"].as_str().unwrap();
        assert!(
            traceback.starts_with("Traceback (most recent call last):\n  File \"/env/.venv/"),
            "{traceback}"
        );
        assert!(traceback.ends_with(&format!("{ename}: {evalue}\n")), "{traceback}");
    }
}

/// Payloads for `forms` with what the real classes said about them.
const KINDS: &str = include_str!("../../../tests/cases/kinds.samples.jsonl");

#[test]
fn every_kind_of_field_is_judged_as_the_real_one_is() {
    let services = service::services();
    let forms = services.iter().find(|service| service.name == "forms").expect("the service");
    let mut count = 0;
    for line in KINDS.lines() {
        let case = json::parse(line).expect("JSON");
        let text = |field| case.get(field).and_then(Json::as_str);
        let payload = json::parse(text("payload").expect("a payload")).expect("JSON");
        if payload.get("phase").and_then(Json::as_str) == Some("x") {
            // A complex number is a text like any other in the schema.
            continue;
        }
        let said = forms.check(text("type").expect("a type"), &payload).expect("a known type").err();
        assert_eq!(said.as_deref(), text("evalue"), "{line}");
        count += 1;
    }
    assert!(count > 140, "{count}");
}

/// Payloads with what pydantic 2.14 said about them, made with the real classes.
const PAYLOADS: &str = include_str!("../../../tests/cases/demo_payloads.jsonl");

#[test]
fn payloads_are_judged_in_pydantics_words() {
    let services = service::services();
    for line in PAYLOADS.lines() {
        let case = json::parse(line).expect("JSON");
        let text = |field| case.get(field).and_then(Json::as_str).expect("text");
        let service = services.iter().find(|service| service.name == text("service")).expect("a service");
        let said = service.check(text("type"), case.get("payload").unwrap()).expect("a known type").err();
        assert_eq!(said.as_deref(), case.get("evalue").and_then(Json::as_str), "{line}");
    }
}

#[tokio::test]
async fn a_bad_payload_is_answered_with_pydantics_traceback() {
    let demo = empty_lab();
    let reply = answer(&demo, &task("x", "qubits", "MeasureT1", true, json!({"qubit": "x"}))).await;
    let traceback = reply["traceback"].as_str().unwrap();
    assert!(traceback.contains("line 163, in _deserialize_task"), "{traceback}");
    let evalue = reply["evalue"].as_str().unwrap();
    assert!(traceback.ends_with(&format!("pydantic_core._pydantic_core.ValidationError: {evalue}\n")));
    assert_eq!(reply["ename"], "ValidationError");
}

#[tokio::test]
async fn an_unreachable_target_is_created_holds_its_slot_and_fails_after_the_retries() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    let before = Duration::from_millis(250);
    let clock = Clock::start();
    link.send(&task("x", "nowhere", "Ping", false, json!({}))).await;
    link.send(&task("y", "nowhere", "Ping", false, json!({}))).await;
    let reply = link.reply().await;
    assert!(clock.now().mono > before);
    assert_eq!((&reply["id"], &reply["ename"]), (&json!("x"), &json!("gaierror")));
    assert!(
        reply["traceback"]
            .as_str()
            .unwrap()
            .ends_with("socket.gaierror: [Errno -2] Name or service not known\n")
    );
    assert_eq!(bus.story("y created").await, ["x created", "y created"], "created, and nothing after it");
}

#[tokio::test]
async fn the_labs_own_failures_carry_whole_tracebacks() {
    let demo = empty_lab();
    for (task_type, payload, ename, sign) in [
        (
            "Chained",
            json!({}),
            "KeyError",
            "During handling of the above exception, another exception occurred:",
        ),
        ("Grouped", json!({}), "ExceptionGroup", "  +-+---------------- 1 ----------------"),
        ("Deep", json!({}), "RecursionError", "[Previous line repeated 985 more times]"),
        ("Unserialisable", json!({}), "TypeError", "json/encoder.py\", line 180, in default"),
        ("CalibratePulse", json!({"qubit": "q7"}), "CalibrationError", "KeyError: 'q7'"),
        ("MeasureT1", json!({"qubit": "q13", "averages": 1}), "FitError", "/lab/measure/t1.py"),
        ("RabiScan", json!({"qubit": "q9", "averages": 1}), "VisaIOError", "while self.query(\"ACQ:STAT?\")"),
    ] {
        let reply = answer(&demo, &task("x", "qubits", task_type, true, payload)).await;
        assert_eq!(reply["ename"], ename);
        let traceback = reply["traceback"].as_str().unwrap();
        assert!(traceback.contains(sign), "{traceback}");
        assert!(traceback.contains(reply["evalue"].as_str().unwrap()), "{traceback}");
        assert!(!traceback.contains("<qubit>"), "nothing is left to fill in: {traceback}");
    }
    let fridge = task("x", "cryo", "GetHeaterOutputPower", true, json!({"component_id": "nope"}));
    let reply = answer(&demo, &fridge).await;
    assert!(reply["traceback"].as_str().unwrap().ends_with(concat!(
        "line 140, in _handle_get_heater_output_power\n",
        "    return self.fridge.heaters[payload.component_id].output_power\n",
        "           ~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^\n",
        "KeyError: 'nope'\n",
    )));
}

#[tokio::test]
async fn a_cell_that_raises_is_an_error_inside_an_ok() {
    let demo = empty_lab();
    for (code, inner) in [
        ("1/0", json!({"status": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"})),
        ("x = 2\n1 + 1", json!({"status": "ok", "result": 2})),
        ("x", json!({"status": "ok", "result": 2})),
        ("foo", json!({"status": "error", "ename": "NameError", "evalue": "name 'foo' is not defined"})),
        (
            "raise ValueError('no; really')",
            json!({"status": "error", "ename": "ValueError", "evalue": "no; really"}),
        ),
        (
            "import pyvisa",
            json!({"status": "error", "ename": "ModuleNotFoundError", "evalue": "No module named 'pyvisa'"}),
        ),
        ("import time; time.sleep(0.01); 'done'", json!({"status": "ok", "result": "done"})),
    ] {
        let reply =
            answer(&demo, &task("x", "lab", "IPythonTask", false, json!({"code": code, "run_async": false})))
                .await;
        assert_eq!(reply, json!({"id": "x", "status": "ok", "result": inner}), "{code}");
    }
}

#[tokio::test]
async fn a_kernel_of_the_demonstration_answers_the_question_for_its_types() {
    let demo = empty_lab();
    let cell = crate::catalogue::script::cell();
    let payload = json!({"code": cell, "run_async": false});
    let reply = answer(&demo, &task("q", "lab", "IPythonTask", false, payload)).await;
    let mut catalogue = crate::catalogue::Catalogue::new();
    let told = reply["result"]["result"].to_string();
    let count = catalogue.add_kernel("lab", &told, crate::time::Clock::start().now().utc).unwrap();
    assert!(count >= 4, "{told}");
    assert!(matches!(catalogue.find("lab", "Ping").unwrap().source, crate::catalogue::Source::Kernel { .. }));
}
