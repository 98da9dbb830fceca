//! The title of the terminal's window.

use crate::{
    app::{
        Settings,
        labs::{Labs, Reach, Standing},
        tests::{Bench, error, job},
    },
    clean::Charset,
    theme::Glyphs,
    time::Now,
    view::{Look, title},
};

fn of(b: &Bench, charset: Charset) -> String {
    title(&b.app, Look { glyphs: Glyphs::of(charset) }).into_string()
}

#[test]
fn it_names_the_lab_and_counts_what_runs_and_what_failed() {
    let mut b = Bench::new();
    b.app.settings.lab = "north".into();
    assert_eq!(of(&b, Charset::Unicode), "juicetop - north");
    b.runs(&job("q1")).runs(&job("q2")).completed(&job("q2"), &error("q2", "KeyError", "'x'", ""));
    assert_eq!(of(&b, Charset::Unicode), "juicetop - north: 1 running, 1 failed");
    b.later(100.0);
    assert_eq!(
        of(&b, Charset::Unicode),
        "juicetop - north: 1 running, 1 failed",
        "time alone changes nothing"
    );
    b.disconnect();
    assert_eq!(of(&b, Charset::Unicode), "juicetop - north: link lost, 1 failed");
    let south = Standing {
        name: "south".into(),
        reach: Reach::Lost(Now::at(0.0).utc),
        running: 0,
        failed: 2,
        asks: true,
    };
    b.app.ui.labs = Some(Labs { all: vec![b.app.standing(), south], here: 0 });
    let both = "juicetop - north: link lost, 1 failed; south: link lost, 2 failed, asks";
    assert_eq!(of(&b, Charset::Unicode), both);
}

#[test]
fn nothing_of_a_name_acts_on_the_terminal() {
    let mut b = Bench::with(Settings::default(), (80, 24));
    b.app.settings.lab = format!("n\u{1b}]0;x\u{7}\u{202e}\u{9c}ö{}", "r".repeat(1_000));
    let text = of(&b, Charset::Unicode);
    assert!(text.starts_with("juicetop - n\\x1b]0;x\\x07\\u202e\\x9cörrr"), "{text}");
    assert!(text.chars().count() <= 120 && !text.chars().any(crate::clean::acts), "{text}");
    assert!(of(&b, Charset::Ascii).is_ascii());
}
