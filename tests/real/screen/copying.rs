//! A task taken elsewhere: what is saved by keys is run where it belongs (a shell, a cell of a notebook, a bare socket),
//! and the service has to understand it as it understands what the form itself sends.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    LARGE, Program,
    compose::{KINDS, Steps},
    kernel::{modules, with_python},
    python_json,
};
use crate::common::{client::Tasks, juice::Juice};

/// What a task was saved as.
struct Copies {
    command: String,
    python: String,
    frame: String,
}

impl Program {
    /// Opens the list of copies by that key and saves each of its entries, with the secrets.
    fn saved_copies(&mut self, key: &str, class: &str) -> Copies {
        let [command, python, frame] = ["sh", "py", "json"].map(|ending| {
            let name = format!("{class}.{ending}");
            self.type_keys(key);
            let text = self.wait_for("the list of copies", |text| text.contains("Copy as"));
            if text.contains("SECRET stands for each secret") {
                self.type_keys("alt-v");
                self.wait_for("the secrets", |text| text.contains("in the clear"));
            }
            let (downs, title) = match ending {
                "sh" => ("", "the juicetop submit command"),
                "py" => ("down", "client.execute("),
                _ => ("down down", "the JSON frame"),
            };
            self.type_keys(downs);
            self.wait_for(title, |text| text.contains(title));
            self.type_keys("alt-s");
            let whole = |text: String| text.ends_with('\n');
            self.wait_until(&name, |screen| fs::read_to_string(screen.home().join(&name)).is_ok_and(whole));
            self.wait_for("the list's end", |text| !text.contains("Copy as"));
            fs::read_to_string(self.home().join(&name)).unwrap()
        });
        Copies { command, python, frame }
    }
}

/// What a shell's command prints.
fn run_command(command: &str) -> String {
    run_command_with(command, &[])
}

/// The same with more in its environment.
fn run_command_with(command: &str, env: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    let ours = Path::new(env!("CARGO_BIN_EXE_juicetop")).parent().unwrap().display().to_string();
    let output = Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .env("PATH", format!("{ours}:{}", std::env::var("PATH").unwrap_or_default()))
        .env("HOME", home.path())
        .env("LANG", "C.UTF-8")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Sends a frame as it stands; the result.
async fn send_frame(tasks: &mut Tasks, frame: &str) -> Value {
    let id = python_json(frame)["id"].as_str().expect("an id").to_owned();
    tasks.send_text(frame.trim_end().to_owned()).await;
    let reply = python_json(&tasks.reply(&id).await.text);
    assert_eq!(reply["status"], "ok", "{frame}\n{reply}");
    reply["result"].clone()
}

/// Runs all of them as one cell, as they stand; the result of each.
async fn run_python(juice: &'static Juice, snippets: &[String]) -> Vec<Value> {
    let mut cell = String::new();
    for snippet in snippets {
        // A scheduled one gives a handle, which can be waited for.
        let result = match snippet.contains("handle = await") {
            true => "(await handle).result[\"result\"]",
            false => "result.result",
        };
        write!(cell, "{snippet}\nimport json\nprint(\"result:\", json.dumps({result}))\n").unwrap();
    }
    let printed = tokio::task::spawn_blocking(move || juice.run_cell(&cell)).await.unwrap();
    let results: Vec<Value> =
        printed.lines().filter_map(|line| line.strip_prefix("result: ")).map(python_json).collect();
    assert_eq!(results.len(), snippets.len(), "{printed}");
    results
}

/// What the service made of a task; not the moment that it fills in by itself.
fn understood(mut result: Value) -> Value {
    if let Some(result) = result.as_object_mut() {
        result.remove("started");
    }
    result
}

#[tokio::test]
async fn a_form_is_understood_the_same_by_whichever_way_it_comes() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut program, _own) = Program::with_kinds(juice, &lane, LARGE);
    let ping: (&str, Steps) = ("Ping", "`it's \"quoted\" $HOME \\ ü`");
    let forms: Vec<_> = KINDS.map(|(class, steps, _)| (class, steps)).into_iter().chain([ping]).collect();
    let mut saved = Vec::new();
    for (class, steps) in &forms {
        program.compose(&lane, class, class);
        program.steps(steps);
        saved.push(program.saved_copies("alt-c", class));
        program.type_keys("f7 esc");
        program.wait_for("the lanes", |text| !text.contains("Submit to"));
    }
    program.leave();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let snippets: Vec<String> = saved.iter().map(|copies| copies.python.clone()).collect();
    let by_python = run_python(juice, &snippets).await;
    for (((class, _), copies), python) in forms.iter().zip(&saved).zip(by_python) {
        let frame = understood(send_frame(&mut tasks, &copies.frame).await);
        let command = understood(python_json(&run_command(&copies.command)));
        assert_eq!(command, frame, "{class}: {}", copies.command);
        assert_eq!(understood(python), frame, "{class}: {}", copies.python);
    }
    // They were what was typed, and the class was the lab's own.
    let copies = |class: &str| &saved[forms.iter().position(|(c, _)| *c == class).unwrap()];
    assert!(copies("Texts").python.contains("from kinds import Texts\n"), "{}", copies("Texts").python);
    assert!(copies("Texts").python.contains("qubit=\"q3\""), "{}", copies("Texts").python);
    assert_eq!(python_json(&copies("Login").frame)["payload"]["password"], "secret");
}

/// What no form can say: numbers that only Python writes, and text that a shell would take to heart.
const STRANGE: [(&str, &str); 2] = [
    ("Numbers", r#"{"averages": 5, "seed": 1208925819614629174706177, "delay": 1e-09, "limit": Infinity}"#),
    ("Texts", r#"{"qubit": "q3", "script": "it's \"q\"\n\té😀 $HOME `id` \\ %s !x", "title": "-n"}"#),
];

#[tokio::test]
async fn a_task_of_an_unheard_type_goes_again_as_it_was() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut program = Program::live(juice, &[&lane], LARGE);
    let (mut saved, mut first) = (Vec::new(), Vec::new());
    for (class, payload) in STRANGE {
        let name = format!("{class}: strange");
        let metadata = json!({"parallel": true, "display_name": name, "show_in_dashboard": true});
        let frame = format!(
            r#"{{"id": "{lane}-{class}", "target": "{lane}", "type": "{class}", "metadata": {metadata}, "payload": {payload}}}"#
        );
        first.push(send_frame(&mut tasks, &frame).await);
        program.row_with(&lane, &["✔", &name]);
        // The newest stands on top.
        program.type_keys("g j enter");
        program.wait_for("the task", |text| text.contains(&name) && text.contains(" payload"));
        saved.push(program.saved_copies("c", class));
        program.type_keys("esc");
        program.wait_for("the lanes", |text| text.contains("t schedule"));
    }
    program.leave();
    let snippets: Vec<String> = saved.iter().map(|copies| copies.python.clone()).collect();
    assert!(snippets[0].contains("class Numbers(Task, extra=\"allow\""), "{}", snippets[0]);
    let by_python = run_python(juice, &snippets).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    for ((copies, first), python) in saved.iter().zip(first).zip(by_python) {
        assert_eq!(python, first, "{}", copies.python);
        assert_eq!(python_json(&run_command(&copies.command)), first, "{}", copies.command);
        assert_eq!(send_frame(&mut tasks, &copies.frame).await, first, "{}", copies.frame);
    }
    // Beyond 53 bits a float would say the same.
    for text in [&snippets[0], &saved[0].command, &saved[0].frame] {
        assert!(text.contains("1208925819614629174706177"), "{text}");
    }
}

#[tokio::test]
async fn a_cell_that_was_sent_here_goes_again_through_the_scheduler() {
    let Some(juice) = Juice::shared() else { return };
    let mut program = Program::live(juice, &["lab"], LARGE);
    program.sent_by_keys("lab", "RawIPython", "`6 * 7`");
    // The selection has followed it.
    let copies = program.saved_copies("c", "RawIPython");
    program.leave();
    assert!(copies.command.contains(" --scheduled "), "{}", copies.command);
    let waiting = format!("{} --wait", copies.command.trim_end());
    assert_eq!(run_command(&waiting), "42\n");
    let results = run_python(juice, &[copies.python]).await;
    assert_eq!(results[0]["result"], 42, "{results:?}");
    let mut tasks = Tasks::connect(&juice.url()).await;
    assert_eq!(send_frame(&mut tasks, &copies.frame).await["result"], 42);
}

#[tokio::test]
async fn a_sweep_that_its_class_made_goes_again_with_that_class() {
    let Some(juice) = Juice::shared() else { return };
    let (mut program, own) = with_python(juice);
    program.compose("lab", "Plot", "Plot");
    program.steps("alt-s `2, 3`");
    program.press_send("the question", |text| text.contains("Let Python make the code of its 2 cells?"));
    program.type_keys("y");
    program.wait_for("what the class made", |text| text.contains("made all 2"));
    let copies = program.saved_copies("alt-c", "Plot");
    program.type_keys("f7 esc");
    program.wait_for("the lanes", |text| !text.contains("Submit to"));
    program.leave();
    // The command knows the class by the same catalogue and the same Python.
    assert!(copies.command.contains(" --python ") && !copies.command.contains("code"), "{}", copies.command);
    let (config, modules) = (own.path().display().to_string(), modules());
    let env = [("XDG_CONFIG_HOME", config.as_str()), ("PYTHONPATH", modules.as_str())];
    let waiting = format!("{} --wait", copies.command.trim_end());
    assert_eq!(run_command_with(&waiting, &env), "2 ok\n");
    let cell = format!(
        "import sys\nsys.path.insert(0, {modules:?})\n{}\nimport json\n\
         print(\"result:\", json.dumps([(await handle).result[\"result\"] for handle in handles]))\n",
        copies.python
    );
    let printed = tokio::task::spawn_blocking(move || juice.run_cell(&cell)).await.unwrap();
    let result = printed.lines().find_map(|line| line.strip_prefix("result: ")).map(python_json);
    let values: Vec<Value> = result
        .unwrap_or_else(|| panic!("{printed}"))
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["result"].clone())
        .collect();
    assert_eq!(values, [json!([0, 1]), json!([0, 1, 4])], "{printed}");
    // The frame is the first one's, as the scheduler takes it.
    let frame = python_json(&copies.frame);
    assert_eq!(frame["payload"]["code"], "[n * n for n in range(2)]", "{frame}");
    let mut tasks = Tasks::connect(&juice.url()).await;
    assert_eq!(send_frame(&mut tasks, &copies.frame).await["result"], json!([0, 1]));
}
