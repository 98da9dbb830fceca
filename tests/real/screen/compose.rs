//! The composer by keyboard alone: each task of Juice's own and each of the test service's is sent as a person would who
//! has read nothing, and what is wrong stays in the form with a reason.

use std::{fs, thread, time::Duration};

use super::{LARGE, Program, arrived, python_json};
use crate::common::{
    client::{Frame, Listener, Tasks},
    juice::Juice,
    venv,
};
use serde_json::{Value, json};

/// What is pressed once a form is open: keys by their names, and text between backquotes.
pub(super) type Steps = &'static str;

/// Every type of `tests/juice/kinds.py`, and what must arrive of it, among other things. A form opens at the first field
/// that wants something; where nothing is wanted, nothing has to be typed.
pub(super) const KINDS: [(&str, Steps, &str); 11] = [
    ("Numbers", "", "{}"),
    ("Texts", "`q3`", r#"{"qubit": "q3"}"#),
    ("LookAhead", "", "{}"),
    ("Choices", "y", r#"{"required": "yes"}"#),
    ("Optionals", "`q3`", r#"{"qubit": "q3", "repeats": null}"#),
    ("Nested", "", "{}"),
    ("Lists", "", "{}"),
    // The first of three shapes, whose width is then wanted.
    ("Unions", "enter enter f10 `0.25`", r#"{"shape": {"kind": "gauss", "sigma": 0.25, "amplitude": 1.0}}"#),
    ("Formats", "`2026-03-29T02:30:00+01:00`", r#"{"when": "2026-03-29T02:30:00+01:00"}"#),
    // A list that has to be there.
    ("Made", "alt-a `7`", r#"{"required_list": [7]}"#),
    ("Login", "`ada` f10 `secret`", r#"{"user": "ada", "password": "secret"}"#),
];

/// What every service takes, what a kernel takes, and what a refrigerator answers without moving.
const SERVICE: [(&str, Steps); 4] = [
    ("Ping", "`hello`"),
    ("SleepSync", "`0.01`"),
    ("SleepAsync", "`0.01`"),
    ("RebuildEnvironmentDryRun", ""),
];
const KERNEL: [(&str, Steps); 2] = [("RawIPython", "`6 * 7`"), ("AsyncSleepIPython", "`0.01`")];
const REFRIGERATOR: [(&str, Steps); 6] = [
    ("GetHeaterOutputPower", "`heater_still`"),
    ("GetHeaterPowerSetting", "`heater_still`"),
    ("IsHeaterEnabled", "`heater_still`"),
    ("AreCompressorsEnabled", ""),
    ("GetGHSValveState", "`v1`"),
    ("GetGHSPumpState", "`turbo1`"),
];

/// What the task manager takes of anybody. That it knows no task of an id is no error: it answers `null`, and `false`.
const MANAGER: [(&str, Steps); 5] = [
    ("GetEventTopicList", ""),
    ("GetScheduledTasks", ""),
    (
        "ScheduleTask",
        "`lab` tab `Ping` tab alt-a `parallel` enter `false` alt-a `display_name` enter `\"Ping: by hand\"` \
         alt-a `show_in_dashboard` enter `true` f10 ctrl-o f10 `Ping: by hand`",
    ),
    ("GetScheduledTask", "`nobody`"),
    ("CancelScheduledTask", "`nobody`"),
];

/// What moves it. Each asks first, and takes nothing but a `Y`.
const MOVES: [(&str, Steps); 11] = [
    ("SetHeaterPower", "`heater_still` f10 `0.002`"),
    ("EnableHeater", "`heater_still`"),
    ("DisableHeater", "`heater_still`"),
    ("EnableCompressors", ""),
    ("DisableCompressors", ""),
    ("OpenGHSValve", "`v1`"),
    ("CloseGHSValve", "`v1`"),
    ("EnableGHSPump", "`turbo1`"),
    ("DisableGHSPump", "`turbo1`"),
    ("StartGHSCondensation", ""),
    ("StartGHSRecovery", ""),
];

/// Type, what is typed, and the field with its reason that is then told.
const WRONG: [(&str, Steps, &str); 11] = [
    ("Numbers", "`0`", "averages: expected at least 1"),
    ("Numbers", "`many`", "averages: expected a whole number"),
    ("Numbers", "tab `12`", "points: expected a multiple of 8"),
    ("Texts", "`x3`", r"qubit: must match ^q\d+$"),
    ("Texts", "", "qubit: required field is missing"),
    ("Choices", "", "required: required field is missing"),
    ("Optionals", "", "qubit: required field is missing"),
    ("Unions", "", "shape: required field is missing"),
    ("Formats", "`yesterday`", "when: expected a date and time"),
    ("Made", "", "required_list: required field is missing"),
    ("Login", "`ada`", "password: required field is missing"),
];

impl Program {
    /// Starts it on one service, with a catalogue file that gives that service the test service's types.
    pub(super) fn with_kinds(juice: &Juice, service: &str, size: (u16, u16)) -> (Program, tempfile::TempDir) {
        let forms = include_str!("../../../src/demo/forms.json");
        let own = tempfile::Builder::new().prefix("own-").tempdir_in(venv::target_dir()).unwrap();
        let folder = own.path().join("juicetop/catalogue.d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bench.json"), forms.replacen("\"forms\"", &format!("\"{service}\""), 1))
            .unwrap();
        let own_path = own.path().display().to_string();
        let program =
            Program::start_with(juice, &[service], size, &[], &[("XDG_CONFIG_HOME", own_path.as_str())]);
        program.wait_for("the connection", |text| text.contains("● live"));
        (program, own)
    }

    /// Presses what is written so.
    pub(super) fn steps(&mut self, steps: &str) {
        let mut rest = steps.trim();
        while !rest.is_empty() {
            let length = match rest.strip_prefix('`') {
                Some(text) => {
                    let end = text.find('`').expect("a closing backquote");
                    self.type_text(&text[..end]);
                    end + 2
                }
                None => {
                    let end = rest.find(' ').unwrap_or(rest.len());
                    self.type_keys(&rest[..end]);
                    end
                }
            };
            rest = rest[length..].trim_start();
        }
    }

    /// Opens a type by its name, fills it in and presses the key that sends.
    pub(super) fn fill_in_and_send(&mut self, service: &str, class: &str, steps: &str) {
        self.compose(service, class, class);
        self.steps(steps);
        let signs = ["Send ", "not sent: "];
        self.press_send(&format!("what the send key does on {class}"), |text| {
            !text.contains("Submit to") || signs.iter().any(|sign| text.contains(sign))
        });
    }

    /// Presses the key that sends until the screen shows what it does.
    pub(super) fn press_send(&mut self, what: &str, shown: impl Fn(&str) -> bool) {
        // On a busy machine the program may read the key together with those before it, as it would a paste; it says so.
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(200));
            self.type_keys("ctrl-s");
            let text = self.wait_for(what, |text| shown(text) || text.contains("press it once more"));
            if !text.contains("press it once more") {
                return;
            }
        }
    }

    /// Opens a type, fills it in, sends it, and waits for the row which says that it ended well.
    pub(super) fn sent_by_keys(&mut self, service: &str, class: &str, steps: &str) {
        self.fill_in_and_send(service, class, steps);
        self.wait_for(&format!("the lanes after {class}"), |text| !text.contains("Submit to"));
        self.row_with(service, &["✔ ◆", class]);
    }
}

#[test]
fn every_kind_of_field_is_sent_by_keyboard_alone() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let bus = Listener::open(&juice.url());
    let (mut program, _own) = Program::with_kinds(juice, &lane, LARGE);
    for (class, steps) in KINDS.map(|(class, steps, _)| (class, steps)).into_iter().chain(SERVICE) {
        program.sent_by_keys(&lane, class, steps);
    }
    assert!(!program.text().contains("s3cret") && !program.text().contains("'secret'"), "{}", program.text());
    let arrived = arrived(&bus, &lane, SERVICE[SERVICE.len() - 1].0);
    for ((class, _, wanted), (kind, payload)) in KINDS.iter().zip(&arrived) {
        assert_eq!(kind, class, "{arrived:?}");
        for (name, value) in python_json(wanted).as_object().unwrap() {
            assert_eq!(payload.get(name), Some(value), "{class}: {payload}");
        }
    }
    assert_eq!(arrived.len(), KINDS.len() + SERVICE.len(), "{arrived:?}");
    program.leave();
}

#[test]
fn cells_are_sent_by_keyboard_alone() {
    let Some(juice) = Juice::shared() else { return };
    let mut program = Program::live(juice, &["lab"], LARGE);
    for (class, steps) in KERNEL {
        program.sent_by_keys("lab", class, steps);
    }
    program.leave();
}

#[test]
fn the_task_manager_is_asked_by_keyboard_alone() {
    let Some(juice) = Juice::shared() else { return };
    let mut program = Program::live(juice, &["task-manager", "lab"], LARGE);
    for (class, steps) in MANAGER {
        program.sent_by_keys("task-manager", class, steps);
        // At once: more ended ones of other tests would take its place there.
        if class == "ScheduleTask" {
            program.row_with("lab", &["✔", "Ping: by hand"]);
        }
    }
    program.leave();
}

/// A refrigerator of its own: what another test asks of it must not change under it.
#[tokio::test]
async fn a_refrigerator_is_asked_and_moved_by_keyboard_alone() {
    let Some(juice) = Juice::private(&["cryo"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut ask = async |class: &str, payload: Value| {
        tasks.ask(Frame::new("cryo", class, payload).parallel()).await.result()
    };
    let mut program = Program::live(&juice, &["cryo"], LARGE);
    for (class, steps) in REFRIGERATOR {
        program.sent_by_keys("cryo", class, steps);
    }
    for (class, steps) in MOVES {
        program.fill_in_and_send("cryo", class, steps);
        program.wait_for("the question", |text| text.contains(&format!("Send {class} to cryo?")));
        // A `Y` counts only some time after the question came.
        thread::sleep(Duration::from_millis(700));
        program.type_keys("Y");
        program.wait_for(&format!("the lanes after {class}"), |text| !text.contains("Submit to"));
        program.row_with("cryo", &["✔ ◆", class]);
        let state = match class {
            "SetHeaterPower" => ask("GetHeaterPowerSetting", json!({"component_id": "heater_still"})).await,
            "EnableHeater" | "DisableHeater" => {
                ask("IsHeaterEnabled", json!({"component_id": "heater_still"})).await
            }
            "EnableCompressors" | "DisableCompressors" => ask("AreCompressorsEnabled", json!({})).await,
            "OpenGHSValve" | "CloseGHSValve" => ask("GetGHSValveState", json!({"valve_id": "v1"})).await,
            "EnableGHSPump" | "DisableGHSPump" => ask("GetGHSPumpState", json!({"pump_id": "turbo1"})).await,
            _ => Value::Null,
        };
        let wanted = match class {
            "SetHeaterPower" => json!(0.002),
            "EnableHeater" | "EnableCompressors" | "OpenGHSValve" | "EnableGHSPump" => json!(true),
            "StartGHSCondensation" | "StartGHSRecovery" => Value::Null,
            _ => json!(false),
        };
        assert_eq!(state, wanted, "after {class}");
    }
    program.leave();
}

#[test]
fn what_is_wrong_stays_in_the_form_with_its_reason() {
    let Some(juice) = Juice::shared() else { return };
    for size in [(80, 24), (100, 50)] {
        let lane = juice.lane();
        let bus = Listener::open(&juice.url());
        let (mut program, _own) = Program::with_kinds(juice, &lane, size);
        for (class, steps, reason) in WRONG {
            program.fill_in_and_send(&lane, class, steps);
            let what = format!("why {class} with {steps:?} is not sent");
            let told = format!("not sent: {reason}");
            program.wait_for(&what, |text| ["Submit to", &told, "✘"].iter().all(|part| text.contains(part)));
            program.type_keys("f7 esc");
            program.wait_for("the lanes", |text| !text.contains("Submit to"));
        }
        // What is sent afterwards is all that ever arrives.
        program.sent_by_keys(&lane, "Ping", "");
        let all = arrived(&bus, &lane, "Ping");
        assert_eq!(all.len(), 1, "{all:?}");
        program.leave();
    }
}
