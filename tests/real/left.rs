//! What is told to a person who was away, against the real Juice: tasks that ran while no screen was open.

use serde_json::json;

use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    program::run_at_home,
    pty::Screen,
};

#[tokio::test]
async fn whoever_comes_back_is_told_what_became_of_their_tasks_and_finds_them() {
    // A lab of its own: a message of another test that is too large to be taken would leave in doubt what had ended by then.
    let Some(juice) = Juice::private(&["bench"]) else { return };
    let (lane, url) = ("bench".to_owned(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".local/state").display().to_string();
    let run = |args: &[&str]| run_at_home(&[&["submit", "--url", &url, &lane], args].concat(), "", &home);
    let start = || Screen::start(&["--url", &url], (120, 40), &[("XDG_STATE_HOME", &state)]);
    let mut screen = start();
    screen.wait_until_it_hears();
    let text = screen.text();
    assert!(!text.contains("Since you left"), "nobody was here before: {text}");
    screen.type_keys("j");
    // It waits for the slot when its sender leaves, so no juicetop has seen it begin: also where this machine is slow.
    let mut others = Tasks::connect(&url).await;
    let slow =
        others.send(Frame::new(&lane, "Slow", json!({"seconds": 12})).named("Slow: a colleague's")).await;
    run(&["Ping", "message=sent before", "--scheduled"]).expect(0);
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);
    let folders = std::fs::read_dir(home.path().join(".local/state/juicetop/labs")).unwrap();
    let visits: Vec<String> =
        folders.map(|it| std::fs::read_to_string(it.unwrap().path().join("visit.toml")).unwrap()).collect();
    assert!(matches!(&visits[..], [visit] if visit.contains("whole = true")), "{visits:?}");

    run(&["Ping", "message=waited for", "--scheduled", "--wait"]).expect(0);
    run(&["Fail", "how=chain", "--wait"]).expect(1);
    let answer = others.reply(&slow).await;
    assert_eq!(answer.json()["status"], "ok");

    let mut screen = start();
    let text = screen.wait_for("what became of them", |s| s.contains("Since you left ("));
    assert!(text.contains("esc puts this away"), "{text}");
    screen.wait_for("all own ones", |s| s.contains("yours 2 ok, 1 failed"));
    screen.type_keys("L");
    screen.wait_for("the list", |s| s.contains(" Since you left  ") && s.contains("BenchError"));
    screen.type_keys("/");
    screen.type_text("own:yes");
    screen.type_keys("enter");
    let text = screen.wait_for("own ones alone", |s| s.contains("own:yes") && !s.contains("looking"));
    let place = |what: &str| {
        text.lines().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {text}"))
    };
    assert!(
        place("BenchError") < place("sent before").min(place("waited for")),
        "what failed comes first: {text}"
    );
    screen.type_keys("g enter");
    screen.wait_for("its detail", |s| s.contains("BenchError") && s.contains("caused by"));
    screen.type_keys("esc esc esc");
    screen.wait_for("the lanes", |s| !s.contains("Since you left"));
    screen.type_keys("L");
    screen.wait_for("the list again", |s| s.contains(" Since you left  "));
    // The next one tells nothing of what was told.
    screen.wait_until("all own ones are written", |_| {
        run_at_home(&["list", "--url", &url, "own:yes"], "", &home).stdout.lines().count() == 3
    });
    screen.type_keys("esc q");
    screen.wait_until("the end", Screen::has_ended);
    let mut screen = start();
    screen.wait_until_it_hears();
    let text = screen.text();
    assert!(!text.contains("yours"), "{text}");
    screen.type_keys("L");
    screen.wait_for("nothing of theirs", |s| s.contains(" Since you left  ") && !s.contains("waited for"));
    screen.type_keys("esc q");
    screen.wait_until("the end", Screen::has_ended);
}
