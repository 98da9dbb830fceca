//! The services' log: what real services write into the tests' database, on the screen and on the command line.

use serde_json::{Value, json};

use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    program::{Program, run},
    pty::Screen,
};

/// Runs a cell; how it ends is its own business.
async fn cell(tasks: &mut Tasks, name: &str, code: &str) {
    let payload = json!({"code": code, "run_async": false});
    tasks.ask(Frame::new("lab", "IPythonTask", payload).named(name)).await;
}

fn files(juice: &Juice) -> [String; 4] {
    let (config, run) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    ["--juice-config".to_owned(), config, "--juice-run".to_owned(), run]
}

/// A cell that warns, one that raises.
async fn some(tasks: &mut Tasks, mark: &str) {
    let says = format!(
        "import logging\nlogging.getLogger('bench.tune').warning('{mark} Early warning')\nlogging.log(35, '{mark} of its own level')"
    );
    cell(tasks, "Cell: says", &says).await;
    cell(
        tasks,
        &format!("Cell: {mark}"),
        &format!("def tune():\n    raise KeyError('{mark} raised')\ntune()"),
    )
    .await;
}

#[tokio::test]
async fn the_log_is_filtered_followed_and_read_on_the_screen() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    some(&mut tasks, "mark-s").await;
    let files = files(juice);
    let args: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut screen = Screen::start(&args, (140, 40), &[]);
    screen.wait_for("live", |s| s.contains("live"));
    screen.type_keys("J /");
    screen.type_text("mark-s");
    let text = screen.wait_for("all three", |s| {
        ["mark-s Early warning", "mark-s of its own level", "Uncaught exception: KeyError: 'mark-s raised'"]
            .iter()
            .all(|text| s.contains(text))
    });
    let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    assert!(
        line("Early warning").contains("warning  lab") && line("Early warning").contains("bench.tune"),
        "{text}"
    );
    assert!(line("own level").contains("level 35"), "{text}");
    screen.type_text(" EARLY");
    screen.wait_for("it alone", |s| s.contains("Early warning") && !s.contains("own level"));
    screen.type_keys("esc /");
    screen.type_text("mark-s level:error");
    screen.type_keys("enter");
    screen.wait_for("the error alone", |s| s.contains("mark-s raised") && !s.contains("own level"));
    screen.type_keys("enter");
    screen.wait_for("its traceback", |s| {
        s.contains("in tune") && s.contains("raise KeyError(") && s.contains("error on lab")
    });
    screen.type_keys("esc /");
    screen.type_text(" -KeyError");
    screen.wait_for("nothing", |s| s.contains("no record passes"));
    screen.type_keys("esc /");
    screen.type_text("mark-s level:30");
    screen.type_keys("enter");
    screen.wait_for("they and that it is followed", |s| s.contains("own level") && s.contains("following"));
    cell(&mut tasks, "Cell: later", "logging.warning('mark-s later')").await;
    screen.wait_for("what is new", |s| s.contains("mark-s later"));
    screen.type_keys("esc esc");

    // Around a task that raised.
    some(&mut tasks, "mark-t").await;
    screen.type_keys("/");
    screen.type_text("mark-t");
    screen.type_keys("enter");
    screen.wait_for("the task's end", |s| s.contains("✘ Cell: mark-t"));
    screen.type_keys("g j j j enter");
    screen.wait_for("its detail", |s| s.contains("KeyError"));
    screen.type_keys("J");
    screen.wait_for("what was logged around it", |s| {
        s.contains("filter / service:lab,task-manager since:")
            && s.contains("Uncaught exception: KeyError: 'mark-t raised'")
    });
    screen.type_keys("ctrl-c");
    screen.wait_until("the end", Screen::has_ended);
}

#[tokio::test]
async fn the_log_is_printed_and_followed_without_a_screen() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    some(&mut tasks, "mark-c").await;
    let files = files(juice);
    let args = |more: &[&'static str]| -> Vec<&str> {
        ["logs"].into_iter().chain(files.iter().map(String::as_str)).chain(more.iter().copied()).collect()
    };
    let printed = run(&args(&["--grep", "MARK-C", "--level", "warning", "--service", "lab", "--json"]))
        .expect(0)
        .stdout;
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["level"].as_i64().unwrap(), line["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (30, "mark-c Early warning"),
            (35, "mark-c of its own level"),
            (40, "Uncaught exception: KeyError: 'mark-c raised'"),
        ]
    );
    assert!(lines[2]["traceback"].as_str().unwrap().contains("in tune"), "{}", lines[2]);
    let text = run(&args(&["mark-c", "level:error", "--traceback", "--since", "1h"])).expect(0).stdout;
    assert!(text.contains("  error     lab  Uncaught exception: KeyError: 'mark-c raised'\n    "), "{text}");
    assert_eq!(run(&args(&["service:cryo", "mark-c"])).expect(0).stdout, "");
    run(&args(&["level:bad"])).expect(2).says("level: is debug, info");
    run(&args(&["--since", "soon"])).expect(2).says("cannot be read as a moment");
    run(&["logs", "--url", "ws://127.0.0.1:9", "--juice-config", "/nowhere/at/all"])
        .expect(1)
        .says("the log cannot be asked");

    let mut follows = Program::start(&args(&["mark-c", "--follow", "--json"]));
    follows.wait_for_json(|line| line["level"] == 40);
    cell(&mut tasks, "Cell: later", "logging.warning('mark-c later')").await;
    follows.wait_for_json(|line| line["message"] == "mark-c later");

    // The newest one alone: what lies before it was left out, and stays so when it is looked for what is new.
    let mut newest = Program::start(&args(&["mark-c", "--follow", "--json", "--limit", "1"]));
    assert_eq!(newest.wait_for_json(|_| true)["message"], "mark-c later");
    for text in ["mark-c more", "mark-c most"] {
        cell(&mut tasks, "Cell: more", &format!("logging.warning('{text}')")).await;
        assert_eq!(newest.wait_for_json(|_| true)["message"], text);
    }

    // Who has read enough ends it, also while nothing comes.
    let (line, program) = Program::read_one_line(&args(&["mark-c", "--follow", "--json"]));
    assert!(line.contains("mark-c Early warning"), "{line}");
    assert_eq!(program.end().expect(0).stderr, "");

    let odd = r"logging.warning('mark-h \x1b]0;taken\x07\x1b[2J\x9b31m\u202e behind it')";
    cell(&mut tasks, "Cell: odd", &format!("import logging\n{odd}")).await;
    let screen = Screen::start(&args(&["mark-h"]), (200, 24), &[]);
    assert_eq!(screen.exit_status().exit_code(), 0);
    screen.assert_harmless();
    assert!(screen.text().contains("behind it") && screen.title().is_none(), "{}", screen.text());
}
