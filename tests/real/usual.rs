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
        screen.wait_for("live", |s| s.contains("live"));
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
        submit(&["seconds=2.5", "--direct", "--wait"]).expect(0);
    }
    submit(&["seconds=2.5"]).expect(0);
    screen.wait_for("the fourth run beside three", |s| row(s, &["▶ Slow: seconds=2.5", "~0:02", "(3 runs)"]));
    screen.wait_for("its end", |s| s.matches("✔ Slow: seconds=2.5").count() == 4);
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);

    // The next screen knows them from the history; a failed one never counted.
    let mut screen = start();
    for _ in 0..2 {
        submit(&["seconds=2.5"]).expect(0);
    }
    screen.wait_for("what is usual, at once", |s| row(s, &["▶ Slow: seconds=2.5", "(4 runs)"]));
    screen.wait_for("its turn", |s| {
        row(s, &["◷ Slow: seconds=2.5", "in ~0:0", "(4 runs)"])
            && row(s, &[&lane, "slot free in ~0:0", "(4+ runs)"])
    });
    screen.wait_for("both ends", |s| s.matches("✔ Slow: seconds=2.5").count() == 2);
    // One that takes longer than any: other values, the same fields.
    submit(&["seconds=12"]).expect(0);
    screen.wait_for("it runs", |s| row(s, &["▶ Slow: seconds=12", "~0:02", "(6 runs)"]));
    screen.wait_for("far longer than usual", |s| row(s, &["▶ Slow: seconds=12", "far over"]));
    screen.type_keys("j enter");
    screen.wait_for("how that is known", |s| {
        row(s, &["usually", "the median of 6 runs"])
            && row(s, &["those are", "the same fields; values may differ"])
            && row(s, &["this one", "so far, far longer than usual: longer than all of them"])
    });
    screen.type_keys("esc q");
    screen.wait_until("the end", Screen::has_ended);
}
