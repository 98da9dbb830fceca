//! Expected time, against the real Juice: what runs took is shown beside the next one, from how many runs, also by a
//! program that was just started.

use crate::common::{juice::Juice, program::run_at_home, pty::Screen};

#[test]
fn what_is_usual_stands_beside_a_running_task_and_outlives_the_screen() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, url) = (juice.lane(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".local/state").display().to_string();
    let submit =
        |args: &[&str]| run_at_home(&[&["submit", "--url", &url, &lane, "Slow"], args].concat(), "", &home);
    let start = || {
        let mut screen = Screen::start(&["--url", &url], (120, 50), &[("XDG_STATE_HOME", &state)]);
        screen.wait_until_it_hears();
        screen.type_keys("/");
        screen.type_text(&format!("service:{lane}"));
        screen.type_keys("enter");
        screen
    };
    let row = |screen: &str, words: &[&str]| {
        screen.lines().any(|line| words.iter().all(|word| line.contains(word)))
    };

    let mut screen = start();
    for _ in 0..3 {
        submit(&["seconds=4.3", "--direct", "--wait"]).expect(0);
    }
    submit(&["seconds=4.3"]).expect(0);
    screen.wait_for("the fourth run beside three", |s| row(s, &["▶ Slow: seconds=4.3", "~0:04", "(3 runs)"]));
    screen.wait_for("its end", |s| s.matches("✔ Slow: seconds=4.3").count() == 4);
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);

    // The next screen knows them from the history; a failed one never counted.
    let mut screen = start();
    for _ in 0..2 {
        submit(&["seconds=4.3"]).expect(0);
    }
    screen.wait_for("what is usual, at once", |s| row(s, &["▶ Slow: seconds=4.3", "(4 runs)"]));
    screen.wait_for("its turn", |s| {
        row(s, &["◷ Slow: seconds=4.3", "in ~0:0", "(4 runs)"])
            && row(s, &[&lane, "slot free in ~0:0", "(4+ runs)"])
    });
    screen.wait_for("both ends", |s| s.matches("✔ Slow: seconds=4.3").count() == 2);
    // Another number: those runs are only like it, and no reason to call it long.
    submit(&["seconds=12"]).expect(0);
    let longer = ["0:07 ", "0:08 ", "0:09 ", "0:10 ", "0:11 "];
    screen.wait_for("a rough guide", |s| {
        longer.iter().any(|time| row(s, &["▶ Slow: seconds=12", time, "~0:04", "(6 alike)"]))
    });
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);

    // A cell whose time hangs on what no payload tells.
    let pause = home.path().join(format!("pause-{lane}"));
    let code = format!("raw_code=import time; time.sleep(float(open('{}').read()))", pause.display());
    let cell = |seconds: &str, args: &[&str]| {
        std::fs::write(&pause, seconds).unwrap();
        run_at_home(&[&["submit", "--url", &url, "lab", "RawIPython", &code], args].concat(), "", &home)
            .expect(0);
    };
    let mut screen = Screen::start(&["--url", &url], (120, 50), &[("XDG_STATE_HOME", &state)]);
    screen.wait_until_it_hears();
    screen.type_keys("/");
    screen.type_text(&format!("pause-{lane}"));
    screen.type_keys("enter");
    for _ in 0..3 {
        cell("0.3", &["--wait"]);
    }
    cell("15", &[]);
    screen.wait_for("far longer than usual", |s| row(s, &["▶ ", "far over", "(3 runs)"]));
    screen.type_keys("j enter");
    screen.wait_for("how that is known", |s| {
        row(s, &["usually", "the median of 3 runs"])
            && row(s, &["those are", "runs on lab with the same code and values"])
            && row(s, &["this one", "so far, far longer than usual: longer than all of them"])
    });
    screen.type_keys("esc q");
    screen.wait_until("the end", Screen::has_ended);
}
