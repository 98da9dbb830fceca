//! Task types from the places that have to be asked: a running kernel, and the lab's Python for what only a class makes.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{LARGE, Program};
use crate::common::{
    client::{Event, Frame, Listener, Tasks},
    juice::Juice,
    venv,
};

/// The Python that has the real Juice.
fn python() -> String {
    venv::target_dir().join("juice-venv/bin/python").display().to_string()
}

/// One transparent pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The modules that a lab would have.
pub(super) fn modules() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice").display().to_string()
}

#[tokio::test]
async fn a_kernel_is_asked_after_a_question_and_fills_the_list() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let define = "from orangeqs.juice.schemas.tasks import IPythonTask\nclass OnThisScreen(IPythonTask):\n    'Known to the kernel alone.'\n    points: int = 3\n    @property\n    def code(self): return '1'\nNone";
    let cell = Frame::new("lab", "IPythonTask", json!({"code": define, "run_async": false})).named("Cell");
    tasks.ask(cell).await.result();
    let bus = Listener::open(&juice.url());
    let mut program = Program::live(juice, &["lab"], LARGE);
    program.type_keys("s");
    program.wait_for("the types", |text| text.contains("Submit to lab:") && text.contains("RawIPython"));
    assert!(!program.text().contains("OnThisScreen"), "{}", program.text());
    let asks = |text: &str| text.contains("Ask lab's kernel for its task types?");
    program.type_keys("f12");
    let question = program.wait_for("the question", asks);
    // What a person has to know before: whom it keeps waiting, and what others see.
    for part in ["takes lab's slot", "what comes later waits", "one `busy`, one `idle`"] {
        assert!(question.contains(part), "{part}:\n{question}");
    }
    program.type_keys("enter");
    program.wait_for("the answer no", |text| !asks(text));
    let log = program.home().join(".local/state/juicetop/sent.jsonl");
    program.type_keys("f12");
    program.wait_for("the question again", asks);
    assert!(!log.exists(), "nothing was asked before the yes");
    program.type_keys("y");
    program.wait_for("the answer", |text| text.contains("lab's kernel named"));
    program.type_text("OnThis");
    program.wait_for("the new type with its source", |text| {
        text.lines().any(|line| line.contains("OnThisScreen") && line.contains("kernel <1 min"))
    });
    // One question went out: sequential, hidden, seen as one task with one pair of a kernel's states around it.
    let sent = fs::read_to_string(&log).unwrap();
    assert_eq!(sent.lines().count(), 1, "{sent}");
    let id = serde_json::from_str::<Value>(&sent).unwrap()["id"].as_str().expect("an id").to_owned();
    let of_it = |e: &Event, state: &str| e.json["task_id"] == id.as_str() && e.json["task_state"] == state;
    let created = bus.wait_for("the question", |e| of_it(e, "created"));
    let metadata: Value = serde_json::from_str(created.json["task_metadata"].as_str().unwrap()).unwrap();
    assert_eq!((&metadata["parallel"], &metadata["show_in_dashboard"]), (&json!(false), &json!(false)));
    bus.wait_for("its end", |e| of_it(e, "completed"));
    bus.wait_for("a busy kernel", |e| e.topic == "IPythonServiceState.lab." && e.json["state"] == "busy");
    // A form is made of it; and its code only the kernel's own class could make.
    program.type_keys("enter");
    program.wait_for("the form", |text| {
        text.contains("Submit to lab · OnThisScreen")
            && text.contains("points")
            && text.contains("kernel <1 min")
    });
    program.press_send("why it is not sent", |text| {
        text.contains("`code` is missing") && text.contains("Submit to lab · OnThisScreen")
    });
    assert_eq!(fs::read_to_string(&log).unwrap(), sent, "nothing else was sent");
    program.type_keys("esc");
    program.wait_for("the lanes", |text| !text.contains("Submit to"));
    program.leave();
}

/// juicetop on `lab`, with a catalogue of the bench's cells and the Python that can make them.
pub(super) fn with_python(juice: &Juice) -> (Program, tempfile::TempDir) {
    let own = tempfile::Builder::new().prefix("own-").tempdir_in(venv::target_dir()).unwrap();
    let folder = own.path().join("juicetop");
    fs::create_dir_all(folder.join("catalogue.d")).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .args(["types", "--juice-config", "/nowhere/at/all", "--python", &python(), "bench=bench:Bench"])
        .env("PYTHONPATH", modules())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::write(folder.join("catalogue.d/lab.json"), made.stdout).unwrap();
    fs::write(folder.join("config.toml"), format!("[catalogue]\npython = \"{}\"\n", python())).unwrap();
    let (home, path) = (own.path().display().to_string(), modules());
    let env = [("XDG_CONFIG_HOME", home.as_str()), ("PYTHONPATH", path.as_str())];
    let program = Program::start_with(juice, &["lab"], LARGE, &[], &env);
    program.wait_until_it_hears();
    (program, own)
}

#[test]
fn a_cell_goes_out_with_the_code_that_its_class_made_or_not_at_all() {
    let Some(juice) = Juice::shared() else { return };
    let (mut program, _own) = with_python(juice);
    let bus = Listener::open(&juice.url());
    let composes = |text: &str| text.contains("Submit to lab · Plot");
    let asks = |text: &str| text.contains("Let Python make the code of its cell?");
    program.compose("lab", "Plot", "Plot");
    // It opens past the code, which its class makes.
    program.steps("`4`");
    program.wait_for("the value in the name", |text| text.contains("Plot: points=4"));
    program.press_send("the question", asks);
    let question = program.text();
    for part in ["runs the lab's modules here", "may open instruments", "Nothing is sent by it"] {
        assert!(question.contains(part), "{part}:\n{question}");
    }
    program.type_keys("enter");
    program.wait_for("why it is not sent", |text| {
        composes(text) && !asks(text) && text.contains("without Python the cell has no code")
    });
    program.press_send("the question again", asks);
    program.type_keys("y");
    program.wait_for("what the class made", |text| {
        text.contains("its class made this") && text.contains("[n * n for n in range(4)]")
    });
    program.press_send("the lanes", |text| !text.contains("Submit to"));
    program.row_with("lab", &["✔ ◆ Plot: points=4, good=True"]);
    let event = bus.wait_for("the cell", |e| e.json["task_display_name"] == "Plot: points=4, good=True");
    let payload: Value = serde_json::from_str(event.json["task_payload"].as_str().unwrap()).unwrap();
    assert_eq!((&payload["code"], &payload["points"]), (&json!("[n * n for n in range(4)]"), &json!(4)));
    // What the class refuses stays here, with its words.
    program.compose("lab", "Plot", "Plot");
    program.type_keys("f5");
    program.wait_for("the JSON", |text| text.contains("\"points\""));
    // From its end all of it away.
    program.type_keys("down down down down end");
    program.send(&[0x7f; 200]);
    program.type_text("{\"points\": \"many\"}");
    program.press_send("why it is not sent", |text| {
        composes(text) && text.contains("its class refuses it") && text.contains("valid integer")
    });
    program.type_keys("esc");
    program.wait_for("the lanes", |text| !text.contains("Submit to"));
    assert_eq!(super::block(&program.text(), "lab").iter().filter(|row| row.contains("◆")).count(), 1);
    program.leave();
}

#[tokio::test]
async fn the_traceback_of_a_cell_comes_from_the_kernels_memory() {
    // Nobody else's cell is to fail in this kernel meanwhile.
    let Some(juice) = Juice::private(&["lab"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    // By its address alone: with Juice's runtime files the kernel's output would have told it.
    let live = || Program::by_address(&juice, LARGE);
    let mut program = live();
    let code = "def tune(q):\n    settings = {}\n    return settings[q]['amp']\n\ntry:\n    tune('q3')\nexcept KeyError as error:\n    raise RuntimeError('could not tune') from error";
    let cell =
        Frame::new("lab", "IPythonTask", json!({"code": code, "run_async": false})).named("Tune: qubit='q3'");
    tasks.ask(cell).await;
    program.wait_for("the failure", |text| text.contains("✘ Tune") && text.contains("RuntimeError"));
    program.type_keys("j enter");
    program.wait_for("why there is no traceback", |text| text.contains("T asks its kernel"));
    program.type_keys("T");
    program.wait_for("the question", |text| text.contains("Ask lab's kernel for the traceback?"));
    program.type_keys("y");
    let pane = program.wait_for("the traceback", |text| text.contains("from the kernel's memory"));
    for part in [
        "RuntimeError: could not tune",
        "caused by",
        "KeyError: 'q3'",
        "in tune",
        "return settings[q]['amp']",
    ] {
        assert!(pane.contains(part), "{part}:\n{pane}");
    }
    program.type_keys("esc");
    // Once another cell has failed, the first one's is gone, and nobody is asked in vain.
    let cell = Frame::new("lab", "IPythonTask", json!({"code": "1 / 0", "run_async": false})).named("Divide");
    tasks.ask(cell).await;
    program.wait_for("the second failure", |text| text.contains("✘ Divide"));
    // Read anew, as by someone who comes later.
    let mut later = live();
    tasks
        .ask(Frame::new("lab", "IPythonTask", json!({"code": "[][7]", "run_async": false})).named("Pick"))
        .await;
    tasks
        .ask(Frame::new("lab", "IPythonTask", json!({"code": "{}[8]", "run_async": false})).named("Look"))
        .await;
    later.wait_for("the failures", |text| text.contains("✘ Pick") && text.contains("✘ Look"));
    later.type_keys("j j enter");
    later.wait_for("the older one", |text| text.contains("IndexError") && text.contains("T asks its kernel"));
    later.type_keys("T");
    later.wait_for("why not", |text| text.contains("another cell has failed since, Look"));
    later.type_keys("esc");
    later.leave();
    program.leave();
}

#[tokio::test]
async fn the_traceback_of_a_cell_comes_from_the_kernels_output_if_that_was_watched() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut program = Program::live(juice, &["lab"], LARGE);
    // The kernel is watched within seconds of the start; until then a cell's error says why not.
    let code = "def tune_by_output(q):\n    return {}[q]['amp']\n\ntune_by_output('q3')";
    let cell = || {
        Frame::new("lab", "IPythonTask", json!({"code": code, "run_async": false})).named("Tune: by output")
    };
    program.type_keys("/");
    program.type_text("\"Tune: by output\"");
    program.type_keys("enter");
    let mut pane = String::new();
    for _ in 0..10 {
        tasks.ask(cell()).await;
        program.row_with("lab", &["✘ Tune: by output"]);
        program.type_keys("g j enter");
        pane = program.wait_for("the task", |text| text.contains("KeyError") && text.contains("payload"));
        if pane.contains("from the kernel's output") {
            break;
        }
        program.type_keys("esc");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    for part in [
        "from the kernel's output, as it was raised",
        "KeyError: 'q3'",
        "in tune_by_output",
        "return {}[q]['amp']",
    ] {
        assert!(pane.contains(part), "{part}:\n{pane}");
    }
    program.type_keys("esc esc");
    program.leave();
}

#[tokio::test]
async fn what_a_cell_prints_is_read_while_it_runs_and_once() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut program = Program::live(juice, &["lab"], LARGE);
    program.type_keys("/");
    program.type_text("\"Sweep: printed\"");
    program.type_keys("enter");
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    // A bar as tqdm draws one, on the other stream, and a figure; then it waits until it has been looked at.
    let code = format!(
        "import sys, os, time, base64\nfrom IPython.display import display, Image\nprint('cooling down', end='', flush=True)\n\
         display(Image(base64.b64decode('{PNG}')))\n\
         for n in range(3):\n    print(f'\\rfit: {{25 * n:3}}%|' + '█' * n + ' ' * (4 - n) + f'| {{n}}/4', end='', file=sys.stderr, flush=True)\n\
         while not os.path.exists({:?}): time.sleep(0.05)\nprint('done with it')\n'the value'",
        go.display().to_string()
    );
    let cell = || {
        Frame::new("lab", "IPythonTask", json!({"code": code, "run_async": false})).named("Sweep: printed")
    };
    // The kernel is heard within seconds of the start: one that was not is sent again.
    let mut heard = false;
    for _ in 0..10 {
        std::fs::remove_file(&go).ok();
        let id = tasks.send(cell()).await;
        program.row_with("lab", &["▶ Sweep: printed"]);
        // The lane has the last line, and a bar as its own; the detail has all of it.
        let mut in_lane = false;
        for _ in 0..100 {
            in_lane = program.text().contains("50% 2/4");
            if in_lane {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        program.type_keys("g j enter");
        let pane = program.wait_for("the task", |text| text.contains("payload"));
        // Where the kernel was heard from within the cell a part is missing, and it is sent again.
        heard = in_lane && pane.lines().any(|line| line.ends_with(" cooling down"));
        if heard {
            for part in ["fit:  50%|██  | 2/4", "[a figure of 1x1: png, 1 kB]"] {
                assert!(pane.contains(part), "{part}: {pane}");
            }
            assert!(!pane.contains("25%|"), "a bar is one line: {pane}");
        }
        std::fs::write(&go, "").unwrap();
        tasks.reply(&id).await;
        if heard {
            break;
        }
        program.type_keys("esc");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(heard, "{}", program.text());
    // All of it, and once: Juice's own client prints the whole again.
    program.wait_for("its end", |text| {
        text.lines().any(|line| line.ends_with(" done with it")) && text.contains("the value")
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let text = program.text();
    assert_eq!(text.lines().filter(|line| line.ends_with(" cooling down")).count(), 1, "{text}");
    program.type_keys("esc esc");
    program.leave();
}

#[tokio::test]
async fn the_traceback_of_a_cell_comes_from_the_services_log_by_itself() {
    // What fails here is looked for in all that was logged around then.
    let Some(juice) = Juice::private(&["lab"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    // Without Juice's runtime files no kernel's output is heard.
    let config = juice.config_dir().display().to_string();
    let start = || {
        let screen =
            super::Screen::start(&["--juice-config", &config, "--juice-run", "/nowhere"], LARGE, &[]);
        screen.wait_until_it_hears();
        screen
    };
    let mut program = start();
    let cell = |code: &str, name: &str| {
        Frame::new("lab", "IPythonTask", json!({"code": code, "run_async": false})).named(name)
    };
    let code = "def tune(q):\n    settings = {}\n    return settings[q]['amp']\n\ntune('q3')";
    tasks.ask(cell(code, "Tune: qubit='q3'")).await;
    // The kernel's memory has it no more.
    tasks.ask(cell("1 / 0", "Divide")).await;
    // Two of one name and message, from different places.
    tasks.ask(cell("\n\n[][7]", "Pick: first")).await;
    tasks.ask(cell("def pick():\n    [][7]\npick()", "Pick: second")).await;
    program.wait_for("the failures", |text| text.contains("✘ Tune") && text.contains("✘ Pick: second"));
    program.type_keys("/");
    program.type_text("Tune");
    program.type_keys("enter j enter");
    let pane = program.wait_for("the traceback", |text| text.contains("from the service's log, written at"));
    for part in ["KeyError: 'q3'", "in tune", "return settings[q]['amp']"] {
        assert!(pane.contains(part), "{part}:\n{pane}");
    }
    program.type_keys("esc /");
    for _ in 0..4 {
        program.type_keys("backspace");
    }
    program.type_text("\"Pick: first\"");
    program.type_keys("enter g j enter");
    program.wait_for("why not", |text| {
        text.contains("it has 2 such exceptions from around then") && text.contains("T asks its kernel")
    });
    program.type_keys("esc esc q");
    program.wait_until("the end", super::Screen::has_ended);
}

#[test]
fn a_sweep_of_a_cell_runs_each_one_with_its_own_code() {
    let Some(juice) = Juice::shared() else { return };
    let (mut program, _own) = with_python(juice);
    let bus = Listener::open(&juice.url());
    let asks = |text: &str| text.contains("Let Python make the code of its 3 cells?");
    program.compose("lab", "Plot", "Plot");
    program.type_keys("alt-s");
    program.type_text("2, 13, 4");
    program.wait_for("the count", |text| text.contains("3 tasks, at least 3 s"));
    program.press_send("the question", asks);
    program.type_keys("y");
    // One of them only the class refuses: it is told, and nothing goes out.
    program.wait_for("what the class refuses", |text| {
        text.contains("its class refuses 1 of 3: points=13") && text.contains("an unlucky number of points")
    });
    program.type_keys("ctrl-u");
    program.type_text("2, 3, 4");
    program.wait_for("the class's words gone", |text| !text.contains("unlucky"));
    let first = "first  Plot: points=2, good=True [Plot over points 1/3 #";
    program.press_send("what the class made", |text| text.contains(first) && text.contains("made all 3:"));
    let shown = program.text();
    for part in ["[n * n for n in range(2)]", "last   Plot: points=4", "[n * n for n in range(4)]"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    program.press_send("the lanes", |text| !text.contains("Submit to"));
    program.row_with("lab", &["Plot over points", "3 ok"]);
    for (at, wanted) in [(2, json!([0, 1])), (3, json!([0, 1, 4])), (4, json!([0, 1, 4, 9]))] {
        let name = format!("Plot: points={at}, good=True [Plot over points {}/3 #", at - 1);
        let ended = bus.wait_for("its result", |e| {
            let named = e.json["task_display_name"].as_str().is_some_and(|text| text.starts_with(&name));
            named && e.json["task_state"] == "completed"
        });
        let reply: Value = serde_json::from_str(ended.json["task_payload"].as_str().unwrap()).unwrap();
        assert_eq!(reply["result"]["result"], wanted, "{reply}");
    }
    program.leave();
}
