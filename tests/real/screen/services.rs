//! The services on the screen, on a real Juice whose services run under a real supervisord.

use std::{thread::sleep, time::Duration};

use crate::{
    common::{juice::Juice, program::Program, pty::Screen},
    service::{begun, handled, settled},
};

/// A question is on the screen; a *yes* close behind its key would be none.
fn answers(screen: &mut Screen, question: &str, words: &str, yes: &str) {
    let text = screen.wait_for("the question", |text| text.contains(question) && text.contains(words));
    assert!(!text.contains("Nothing runs there"), "{text}");
    sleep(Duration::from_secs(1));
    screen.type_keys(yes);
}

#[test]
fn a_cell_is_interrupted_and_a_process_restarted_by_keys() {
    let Some(juice) = Juice::supervised(&["lab"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("begun");
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let mut screen = Screen::start(&["--juice-config", &config, "--juice-run", &runtime], (140, 40), &[]);
    screen.wait_until_it_hears();
    settled(&juice, "lab");
    screen.type_keys("m g");
    screen
        .wait_for("its process", |text| text.contains("Services") && text.contains("its process is running"));

    let cell = ["IPythonTask", "run_async=false", "--name", "Sweep: by keys"];
    let program = begun(&juice, &marker, &cell, "import time; time.sleep(120)");
    screen.type_keys("i");
    answers(&mut screen, "Interrupt lab?", "It stops Sweep: by keys", "y");
    screen.wait_for("what stopped", |text| {
        text.contains("interrupt: stopped Sweep: by keys (KeyboardInterrupt)")
    });
    assert_eq!(program.end().code, 1);

    let pid = |text: &str| {
        let (_, rest) = text.split_once("pid ")?;
        Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>())
    };
    let before = pid(&screen.text()).expect("its number");
    let mut watch = Program::start(&["watch", "--json", "--juice-config", &config, "--juice-run", &runtime]);
    let sleeper = handled(&juice, &mut watch, "lab", "SleepAsync", 120);
    let program = begun(&juice, &marker, &cell, "import time; time.sleep(120)");
    screen.type_keys("esc");
    screen.wait_for("both", |text| text.contains("▶ SleepAsync") && text.contains("▶ Sweep: by keys"));
    screen.type_keys("m g r");
    answers(&mut screen, "Restart the process of lab?", "It ends SleepAsync", "Y");
    screen.wait_for("its answer", |text| text.contains("restart process: it answers, after"));
    assert_eq!(program.end().code, 1);
    screen.type_keys("ctrl-r");
    screen.wait_for("another process", |text| pid(text).is_some_and(|now| now != before));
    // Its sender is told; the bus tells nobody of its end, and what became of it is concluded from the kernel's.
    let ended = sleeper.end();
    assert!(ended.code == 1 && ended.stdout.contains("ConnectionError"), "{ended:?}");
    let over = watch.wait_for_json(|line| line["type"] == "SleepAsync" && line["state"] != "running");
    assert_eq!((&over["state"], &over["reason"]), (&"unknown".into(), &"service-gone".into()), "{over}");
    screen.type_keys("esc");
    screen.wait_for("that nobody knows of it", |text| {
        text.lines().any(|line| line.contains("? SleepAsync") && line.contains("service gone"))
    });
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    screen.assert_harmless();
}
