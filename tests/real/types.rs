//! Where task types are known from: the lab's own Python, a running kernel. The carried script in the Python that the
//! tests' Juice has, with services that cannot be imported beside it; the question to a kernel; payloads that only a
//! class can make.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use juicetop::{
    catalogue::sweep::{Combine, Pattern, Payloads, Plan, Sweep, Values, mark},
    python::{Failure, Python},
};
use serde_json::Value;

use crate::common::{
    client::{Bus, Event, Frame, Tasks},
    juice::Juice,
    program::{Ended, run},
    venv,
};

/// The Python that has the real Juice.
fn python() -> String {
    venv::target_dir().join("juice-venv/bin/python").display().to_string()
}

/// `types --python …` with a folder of modules beside `bench`.
fn types(modules: &Path, args: &[&str]) -> Ended {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice");
    let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .args(["types", "--juice-config", "/nowhere/at/all", "--python", &python()])
        .args(args)
        .env_clear()
        .env("HOME", modules)
        .env("LANG", "C.UTF-8")
        .env("PYTHONPATH", format!("{}:{}", ours.display(), modules.display()))
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A folder with one module.
fn module(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(format!("{name}.py")), text).expect("a file");
    folder
}

/// JSON without the numbers that only Python writes (a default may be `Infinity`).
fn json(text: &str) -> Value {
    let text = &text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn services_that_cannot_be_imported_do_not_cost_the_others() {
    let Some(_) = Juice::shared() else { return };
    let noisy = "import os, sys\nprint('hello from the import')\nos.write(1, b'and from C\\n')\nsys.exit('no license')\n";
    let folder = module("noisy", noisy);
    std::fs::write(folder.path().join("half.py"), "import instrument_driver_x\n").unwrap();
    let names = [
        "bench=bench:Bench",
        "lab=orangeqs.juice.service:IPythonService",
        "a=noisy:Service",
        "b=half:Service",
        "c=bench:Nope",
        "d=bench",
        "e=gone:Service",
    ];
    let ended = types(folder.path(), &names).expect(1);
    let catalogue = json(&ended.stdout);
    let error = |name: &str| catalogue["services"][name]["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!(error("a"), "SystemExit: no license");
    assert_eq!(error("b"), "ModuleNotFoundError: No module named 'instrument_driver_x'");
    assert_eq!(error("c"), "AttributeError: module 'bench' has no attribute 'Nope'");
    assert!(error("d").contains("MODULE:CLASS"), "{}", error("d"));
    assert!(error("e").contains("No module named 'gone'"), "{}", error("e"));
    assert_eq!((error("bench"), error("lab")), (String::new(), String::new()));
    assert_eq!(catalogue["services"]["lab"]["kind"], "ipython");
    let bench = &catalogue["services"]["bench"]["tasks"];
    for class in ["Measure", "Slow", "Fail", "Odd", "Big", "Connect", "Tick"] {
        assert_eq!(bench[format!("bench:{class}")], "Bench", "{bench}");
    }
    let task = |class: &str| {
        let tasks = catalogue["tasks"].as_array().expect("tasks");
        tasks.iter().find(|task| task["class"] == class).cloned().unwrap_or_default()
    };
    assert_eq!(task("Plot")["type"], "IPythonTask");
    assert_eq!(task("Plot")["code"], "computed");
    assert_eq!(task("Tick")["show_in_dashboard"], false);
    assert!(task("Connect")["hidden_fields"].as_array().unwrap().contains(&"password".into()));
    assert_eq!(task("Measure")["schema"]["properties"]["qubit"]["type"], "string");
    // It is told that imports run the lab's code, and what they print does not get among the answer.
    ended
        .says("which may open instruments")
        .says("python: hello from the import")
        .says("python: and from C")
        .says("a could not be imported: SystemExit: no license");
}

#[test]
fn what_it_prints_is_a_catalogue_file() {
    let Some(juice) = Juice::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ended = types(folder.path(), &["bench=bench:Bench"]).expect(0);
    let catalogues = folder.path().join(".config/juicetop/catalogue.d");
    std::fs::create_dir_all(&catalogues).unwrap();
    std::fs::write(catalogues.join("lab.json"), &ended.stdout).unwrap();
    let list = |args: &[&str]| {
        let config = juice.config_dir().display().to_string();
        let run = juice.run_dir().display().to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
            .args(["types", "bench", "--juice-config", &config, "--juice-run", &run])
            .args(args)
            .env_clear()
            .env("HOME", folder.path())
            .env("LANG", "C.UTF-8")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let table = list(&[]);
    let measure = table.lines().find(|line| line.contains(" Measure ")).unwrap_or_else(|| panic!("{table}"));
    assert!(measure.starts_with("bench ") && measure.contains("sequential"), "{measure}");
    assert!(measure.contains("file lab.json <1 min"), "{measure}");
    let ping = table.lines().find(|line| line.contains(" Ping ")).unwrap();
    assert!(ping.contains("parallel") && ping.contains("Ping a service"), "{ping}");
    let lines: Vec<Value> = list(&["--json"]).lines().map(json).collect();
    let slow = lines.iter().find(|line| line["class"] == "Slow").expect("a line a type");
    assert_eq!(slow["source"]["kind"], "file");
    assert_eq!(slow["source"]["juice"], venv::JUICE);
    assert!(slow["schema"]["properties"]["seconds"].is_object(), "{slow}");
}

#[test]
fn an_import_that_hangs_or_ends_python_is_told_with_its_name() {
    let Some(_) = Juice::shared() else { return };
    let folder =
        module("slow", "import subprocess, time\nsubprocess.Popen(['sleep', '300'])\ntime.sleep(300)\n");
    let start = Instant::now();
    let mut ended = types(folder.path(), &["x=slow:Service", "--limit", "20"]).expect(1);
    if !ended.stderr.contains("while it imported x") {
        // A busy machine takes longer than that for Juice itself.
        ended = types(folder.path(), &["x=slow:Service", "--limit", "100"]).expect(1);
    }
    assert!(start.elapsed() < Duration::from_secs(200));
    assert_eq!(ended.stdout, "");
    ended.says(" s Python was stopped while it imported x (slow:Service)").says("--limit SECONDS");
    let folder = module("ends", "import os\nos._exit(0)\n");
    types(folder.path(), &["x=ends:Service"])
        .expect(1)
        .says("ended without an answer (exit code 0) while it imported x (ends:Service)");
    let folder = module("crash", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n");
    types(folder.path(), &["x=crash:Service"])
        .expect(1)
        .says("(signal 11) while it imported x (crash:Service)");
}

#[test]
fn a_class_writes_its_payload_with_code_and_exact_name() {
    let Some(_) = Juice::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ended = types(folder.path(), &["--envelope", "bench:Plot", r#"{"points": 4}"#]).expect(0);
    let made = json(&ended.stdout);
    assert_eq!(made["type"], "IPythonTask");
    assert_eq!(made["metadata"]["display_name"], "Plot: points=4, good=True");
    assert_eq!(made["payload"]["code"], "[n * n for n in range(4)]");
    types(folder.path(), &["--envelope", "bench:Plot", r#"{"points": "many"}"#])
        .expect(1)
        .says("ValidationError: 1 validation error for Plot")
        .says("valid integer");
    types(folder.path(), &["--envelope", "bench:Nope", "{}"]).expect(1).says("no attribute 'Nope'");
    types(folder.path(), &["--envelope", "bench", "{}"]).expect(2).says("MODULE:CLASS");
}

#[tokio::test]
async fn a_kernel_tells_what_it_has_and_is_left_as_it_was() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let cell = |code: &str| {
        Frame::new("lab", "IPythonTask", serde_json::json!({"code": code, "run_async": false})).named("Cell")
    };
    let define = "from orangeqs.juice.schemas.tasks import IPythonTask\nclass HereOnly(IPythonTask):\n    'Only this kernel knows it.'\n    points: int = 3\n    @property\n    def code(self): return '1'\nNone";
    tasks.ask(cell(define)).await.result();
    let names = "[n for n in ('describe', 'subclasses', 'answer', 'names', 'ip') if n in globals()]";
    let before = tasks.ask(cell(names)).await.result();
    let mut bus = Bus::open(&juice.url()).await;
    let url = juice.url();
    let ended =
        tokio::task::spawn_blocking(move || run(&["types", "--url", &url, "lab", "--kernel", "--json"]));
    let ended = ended.await.unwrap().expect(0).says("takes the slot");
    let lines: Vec<Value> = ended.stdout.lines().map(json).collect();
    let here = lines.iter().find(|line| line["class"] == "HereOnly").unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(here["source"]["kind"], "kernel");
    assert_eq!(here["type"], "IPythonTask");
    assert_eq!(here["doc"], "Only this kernel knows it.");
    assert_eq!(here["schema"]["properties"]["points"]["default"], 3);
    assert!(lines.iter().any(|line| line["class"] == "Ping" && line["source"]["kind"] == "kernel"));
    assert_eq!(tasks.ask(cell(names)).await.result(), before, "no new names");
    // One task, sequential, hidden from dashboards, and never one that runs beside others.
    // Another test asks a plain service the same, which refuses it.
    let ours = |event: &Event| {
        event.json["task_target"] == "lab"
            && event.json["task_display_name"] == "ListTaskTypes: asked by juicetop"
    };
    let event = match bus.seen.iter().find(|event| ours(event)) {
        Some(event) => event.clone(),
        None => bus.wait_for(ours).await,
    };
    let inner = |key: &str| json(event.json[key].as_str().expect("JSON as text"));
    assert_eq!(inner("task_metadata")["parallel"], false);
    assert_eq!(inner("task_metadata")["show_in_dashboard"], false);
    assert_eq!(inner("task_payload")["run_async"], false);
}

#[test]
fn a_plain_service_and_read_only_are_told() {
    let Some(juice) = Juice::shared() else { return };
    let url = juice.url();
    run(&["types", "--url", &url, "bench", "--kernel"])
        .expect(1)
        .says("Unknown task type: IPythonTask")
        .says("with --python");
    run(&["types", "--url", &url, "lab", "--kernel", "--read-only"]).expect(4).says("read-only is set");
    run(&["types", "--url", &url, "--kernel"]).expect(2).says("name it");
}

/// The program at the tests' lab, with this home and the bench's modules for Python.
fn at_home(juice: &Juice, home: &Path, args: &[&str]) -> Ended {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice");
    let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .args(args)
        .args(["--url", &juice.url()])
        .env_clear()
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env("PYTHONPATH", modules)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().unwrap_or(-1);
    Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).map(|all| all.flatten().map(|e| e.path()).collect::<Vec<_>>());
    let entries = entries.unwrap_or_default().into_iter();
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn what_a_kernel_told_is_kept_and_a_damaged_file_is_put_aside() {
    let Some(juice) = Juice::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let ping = |ended: Ended| {
        let line = ended.stdout.lines().find(|line| line.contains(" Ping ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{ended:?}"))
    };
    assert!(ping(at_home(juice, home, &["types", "lab"]).expect(0)).contains("Juice "));
    at_home(juice, home, &["types", "lab", "--kernel"]).expect(0);
    assert!(ping(at_home(juice, home, &["types", "lab"]).expect(0)).contains("kernel <1 min ago"));
    let kept = files(home).into_iter().find(|path| path.ends_with("types.json")).expect("a file");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.get(..text.len() / 2).unwrap()).unwrap();
    // It is told, and not touched by looking.
    at_home(juice, home, &["types", "lab"]).expect(0).says("cannot be used");
    assert_eq!(std::fs::read_to_string(&kept).unwrap().len(), text.len() / 2);
    at_home(juice, home, &["types", "lab", "--kernel"]).expect(0).says("types.json.damaged");
    assert_eq!(std::fs::read_to_string(kept.with_extension("json.damaged")).unwrap().len(), text.len() / 2);
    assert!(ping(at_home(juice, home, &["types", "lab"]).expect(0)).contains("kernel"));
}

/// A home with a catalogue of the bench's classes.
fn with_bench() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let catalogues = home.path().join(".config/juicetop/catalogue.d");
    std::fs::create_dir_all(&catalogues).unwrap();
    let made = types(home.path(), &["bench=bench:Bench"]).expect(0);
    std::fs::write(catalogues.join("lab.json"), made.stdout).unwrap();
    home
}

#[test]
fn a_cell_whose_code_only_its_class_makes_is_submitted_with_python() {
    let Some(juice) = Juice::shared() else { return };
    let home = with_bench();
    // Never a payload without code.
    at_home(juice, home.path(), &["submit", "lab", "Plot", "points=4"]).expect(2).says("add --python PATH");
    let python = python();
    let args = |points: &'static str| ["submit", "lab", "Plot", points, "--direct", "--wait", "--python"];
    let submit = |points| at_home(juice, home.path(), &[&args(points)[..], &[&python]].concat());
    let done = submit("points=4").expect(0).says("runs the lab's own modules");
    assert_eq!(json(&done.stdout), serde_json::json!([0, 1, 4, 9]));
    submit("points=many").expect(4).says("ValidationError").says("bench:Plot refuses it");
}

#[test]
fn a_sweep_of_such_a_cell_is_submitted_with_python() {
    let Some(juice) = Juice::shared() else { return };
    let home = with_bench();
    let python = python();
    let plot = |more: &[&str]| at_home(juice, home.path(), &[&["submit", "lab", "Plot"], more].concat());
    let by_python = |more: &[&str]| plot(&[&["--python", &python], more].concat());
    plot(&["--sweep", "points=2,3"]).expect(2).says("add --python PATH");
    let dry = by_python(&["--sweep", "points=2..4", "--dry-run", "--json"])
        .expect(0)
        .says("bench:Plot makes all 3");
    let dry = json(&dry.stdout);
    assert_eq!((&dry["count"], &dry["first"]["code"]), (&3.into(), &"[n * n for n in range(2)]".into()));
    assert_eq!(dry["last"]["code"], "[n * n for n in range(4)]");
    let dry = by_python(&["--sweep", "points=2..4", "--dry-run"]).expect(0).stdout;
    assert!(dry.contains("  first  Plot: points=2, good=True [Plot over points 1/3 #"), "{dry}");
    // What only the class refuses is told with its values, and nothing is sent.
    by_python(&["--sweep", "points=12..14", "--sweep", "good=true,false"])
        .expect(4)
        .says("an unlucky number of points")
        .says("bench:Plot refuses 2 of 6: points=13, good=true; points=13, good=false");
    assert_eq!(by_python(&["--sweep", "points=2..4", "--wait"]).expect(0).stdout, "3 ok\n");
    // Each has its own code: of these the second one raises, and the first one's success lets it go.
    let zip = ["--zip", "--sweep", "points=2,3", "--sweep", "good=true,false", "--first-alone", "--wait"];
    assert_eq!(by_python(&zip).expect(1).stdout, "1 ok, 1 failed\n");
}

/// Payloads whose `points` run.
fn points(values: &str) -> Payloads {
    let axes = vec![("points".to_owned(), Sweep::read(values, Values::Integer).unwrap())];
    let pattern = Pattern::read(&format!("{{\"points\": {}}}", mark(0)), 1).unwrap();
    Payloads::new(pattern, Plan::new(axes, Combine::Multiply).unwrap())
}

#[test]
fn ten_thousand_tasks_are_made_in_one_run() {
    let Some(_) = Juice::shared() else { return };
    let folder = module("sized", SIZED);
    // Where the class stands is for its Python to know.
    let shell = folder.path().join("python");
    let line = format!("#!/bin/sh\nPYTHONPATH={} exec {} \"$@\"\n", folder.path().display(), python());
    std::fs::write(&shell, line).unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (stop, python) = (AtomicBool::new(false), Python::new(&shell));
    let make = |values: &str| python.envelopes("sized:Sized", points(values), &stop, &mut |_| {});
    let made = make("1..10000").unwrap();
    assert_eq!((made.len(), &*made[9_999].display_name), (10_000, "Sized: points=10000"));
    assert!(made[41].payload.contains("\"code\": \"42   "), "{}", made[41].payload);
    // Whatever it raises about one of them is about that one alone.
    match make("5000..10002") {
        Err(Failure::Refused { refused }) => {
            let told: Vec<_> = refused.iter().map(|refusal| (refusal.at, refusal.words())).collect();
            assert_eq!(told, [(5001, "RuntimeError: odd".to_owned()), (5002, "SystemExit: odd".to_owned())]);
        }
        other => panic!("{:?}", other.map(|made| made.len())),
    }
}

/// A class with code of some length, that raises at the end.
const SIZED: &str = r#"
from orangeqs.juice.schemas.tasks import IPythonTask
from pydantic import computed_field

class Sized(IPythonTask):
    points: int

    @computed_field
    @property
    def code(self) -> str:
        if self.points == 10001:
            raise RuntimeError("odd")
        if self.points == 10002:
            raise SystemExit("odd")
        return str(self.points) + " " * 1000
"#;
