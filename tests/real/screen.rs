//! The whole program on a terminal of its own, against a real Juice: what a person sees and what their keys do.
//!
//! Each test watches a service of its own (`Juice::lane`), which it names in a configuration like a lab's, so that the
//! service stands first on the screen whatever the other tests do beside it. What is on the screen is waited for; where
//! hardware is concerned the refrigerator is asked too.

#[path = "screen/accidents.rs"]
mod accidents;
#[path = "screen/compose.rs"]
mod compose;
#[path = "screen/copying.rs"]
mod copying;
#[path = "screen/failures.rs"]
mod failures;
#[path = "screen/groups.rs"]
mod groups;
#[path = "screen/hostile.rs"]
mod hostile;
#[path = "screen/kernel.rs"]
mod kernel;
#[path = "screen/labs.rs"]
mod labs;
#[path = "screen/lanes.rs"]
mod lanes;
#[path = "screen/links.rs"]
mod links;
#[path = "screen/recording.rs"]
mod recording;
#[path = "screen/results.rs"]
mod results;
#[path = "screen/schedule.rs"]
mod schedule;
#[path = "screen/services.rs"]
mod services;
#[path = "screen/stops.rs"]
mod stops;
#[path = "screen/submit.rs"]
mod submit;
#[path = "screen/versions.rs"]
mod versions;

use std::{
    fmt::Write as _,
    fs,
    ops::{Deref, DerefMut},
};

use crate::common::{
    client::{Event, Frame, Listener, Tasks},
    juice::Juice,
    pty::{Modes, Screen},
    venv,
};
use serde_json::Value;

/// A screen with room for everything that the other tests put below.
const LARGE: (u16, u16) = (100, 150);

/// juicetop on a lab whose configuration names just the services that a test is about.
struct Program {
    screen: Screen,
    _config: tempfile::TempDir,
}

impl Deref for Program {
    type Target = Screen;

    fn deref(&self) -> &Screen {
        &self.screen
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Screen {
        &mut self.screen
    }
}

impl Program {
    /// Starts it with these services, and more arguments.
    fn start(juice: &Juice, services: &[&str], size: (u16, u16), more: &[&str]) -> Program {
        Program::start_with(juice, services, size, more, &[])
    }

    /// The same, in an environment with these variables too.
    fn start_with(
        juice: &Juice,
        services: &[&str],
        size: (u16, u16),
        more: &[&str],
        env: &[(&str, &str)],
    ) -> Program {
        let (config, mut args) = configured(juice, services);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Program { screen: Screen::start(&args, size, env), _config: config }
    }

    /// Starts it with these services from a shell's prompt, so that it can be stopped, and waits until it hears the bus.
    fn in_shell(juice: &Juice, services: &[&str], size: (u16, u16)) -> Program {
        let (config, args) = configured(juice, services);
        let program = Program { screen: Screen::start_in_shell(&args.join(" "), size, &[]), _config: config };
        program.wait_until_it_hears();
        program
    }

    /// Starts it by the lab's address alone, so that it does not hear the kernels, and waits until it hears the bus.
    fn by_address(juice: &Juice, size: (u16, u16)) -> Program {
        let config = tempfile::tempdir().unwrap();
        let program = Program { screen: Screen::start(&["--url", &juice.url()], size, &[]), _config: config };
        program.wait_until_it_hears();
        program
    }

    /// Starts it with these services, and waits until it is connected.
    fn live(juice: &Juice, services: &[&str], size: (u16, u16)) -> Program {
        let program = Program::start(juice, services, size, &[]);
        program.wait_until_it_hears();
        program
    }

    /// Waits for a row in the service's block that holds all of these; the row.
    fn row_with(&self, service: &str, words: &[&str]) -> String {
        let what = format!("a row with {words:?} at {service}");
        let text = self.wait_for(&what, |text| find_row(text, service, words).is_some());
        find_row(&text, service, words).unwrap_or_default()
    }

    /// Opens the composer on a type, of whose name a part is typed; `class`: what it must be.
    fn compose(&mut self, service: &str, part: &str, class: &str) {
        self.type_keys("s");
        let text = self.wait_for("the task types", |text| text.contains("Submit to "));
        if !text.contains(&format!("Submit to {service}:")) {
            // The selection is on another service.
            self.type_keys("backspace");
            self.wait_for("the services", |text| text.contains("Submit to which service?"));
            self.type_text(service);
            self.type_keys("enter");
            self.wait_for("its task types", |text| text.contains(&format!("Submit to {service}:")));
        }
        self.type_text(part);
        self.type_keys("enter");
        self.wait_for("the composer", |text| text.contains(&format!("Submit to {service} · {class}")));
    }

    /// Replaces the value before the cursor (as many characters as `old` has) by another.
    fn retype(&mut self, old: &str, new: &str) {
        for _ in old.chars() {
            self.type_keys("backspace");
        }
        self.type_text(new);
    }

    /// Presses `q` and waits for a good end, with the terminal as it was before.
    fn leave(&mut self) {
        self.type_keys("q");
        assert_eq!(self.exit_status().exit_code(), 0);
        self.assert_restored();
    }

    /// The terminal is as a shell wants it.
    fn assert_restored(&self) {
        assert_eq!(self.modes(), Modes::default());
    }
}

/// A configuration that names just these services, and the arguments for a lab with it.
fn configured(juice: &Juice, services: &[&str]) -> (tempfile::TempDir, Vec<String>) {
    let config = tempfile::Builder::new().prefix("config-").tempdir_in(venv::target_dir()).unwrap();
    let mut orchestration = "juice_setup_name = \"cryo-2\"\n".to_owned();
    for name in services {
        let entrypoint = match *name {
            "lab" => "orangeqs.juice.service:IPythonService",
            "cryo" => "orangeqs.juice.fridge._service:FridgeService",
            _ => "bench:Bench",
        };
        write!(orchestration, "[services.{name}]\nentrypoint = \"{entrypoint}\"\n").unwrap();
    }
    fs::write(config.path().join("orchestration.toml"), orchestration).unwrap();
    fs::copy(juice.config_dir().join("task-manager.toml"), config.path().join("task-manager.toml")).unwrap();
    let (folder, run) = (config.path().display().to_string(), juice.run_dir().display().to_string());
    let args = ["--juice-config", &folder, "--juice-run", &run].map(str::to_owned).to_vec();
    (config, args)
}

/// The rows below a service's own line.
fn block<'a>(text: &'a str, service: &str) -> Vec<&'a str> {
    let head = |line: &str| {
        let mut words = line.trim_start_matches(['▸', ' ']).split_whitespace();
        !line.starts_with("  ") && words.next() == Some(service)
    };
    let rows = text.lines().skip(2).skip_while(|line| !head(line)).skip(1);
    rows.take_while(|line| line.starts_with("  ")).collect()
}

fn find_row(text: &str, service: &str, words: &[&str]) -> Option<String> {
    let fits = |row: &&&str| words.iter().all(|word| row.contains(word));
    block(text, service).iter().find(fits).map(|row| (*row).to_owned())
}

/// Lets a colleague do a short task, so that the program has seen its type.
async fn seen(tasks: &mut Tasks, frame: Frame) {
    let id = tasks.send(frame).await;
    tasks.reply(&id).await;
}

/// JSON as Python writes it.
fn python_json(text: &str) -> Value {
    let strict = text.replace("Infinity", "\"Infinity\"").replace("-\"Infinity\"", "\"-Infinity\"");
    serde_json::from_str(&strict).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The tasks that were heard to arrive for a service, whichever way they came, up to the first of that type: type and
/// payload.
fn arrived(bus: &Listener, service: &str, last: &str) -> Vec<(String, Value)> {
    let of_service = |e: &Event| e.json["task_target"] == service && e.json["task_state"] == "created";
    bus.wait_for(last, |e| of_service(e) && e.json["task_type"] == last);
    let text = |e: &Event, key: &str| e.json[key].as_str().unwrap_or_default().to_owned();
    let all = bus.seen().into_iter().filter(of_service);
    all.map(|e| (text(&e, "task_type"), python_json(&text(&e, "task_payload")))).collect()
}
